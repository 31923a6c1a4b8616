"""A backbone in two parts gives what the whole one gives, wherever it is cut."""

import random
from functools import lru_cache

import keras
import numpy as np
import pytest

from lib.core import backbones, freezing
from lib.core.freezing import FreezePlan
from lib.core.network.step_cost import MAX_FEATURE_BATCH, MIN_FEATURE_BATCH
from lib.training import model as models
from lib.training.engine import prefix
from tests.speeds import thorough_beyond

# A backbone after the other, with both tests: it is built once for them.
# With residual blocks and without a branch; the others have longer ones of the same kind, and
# tests/oracle/test_identity.py trains EfficientNet-Lite0 in two parts.
FEW = ["mobilenet_v2", "vgg16"]
every_backbone = pytest.mark.parametrize(
    "backbone", thorough_beyond(FEW, backbones.BACKBONES), scope="module"
)


@lru_cache(maxsize=1)
def built(backbone):
    keras.utils.set_random_seed(3)
    return models.build_architecture(backbone, backbones.get(backbone).min_image_size)


def at_a_block_boundary(layers):
    boundaries = freezing.block_boundaries(layers)
    return FreezePlan.from_index(layers, boundaries[2 * len(boundaries) // 3])


def inside_a_block(layers):
    """Where several tensors cross; None where the backbone is one straight line."""
    for index in range(len(layers) // 2, len(layers)):
        plan = FreezePlan.from_index(layers, index)
        if len(freezing.frontier(layers, plan)) > 1:
            return plan
    return None


def scattered(layers):
    upper = layers[len(layers) // 2 :]
    chance = random.Random(1)
    thawed = {row.name for row in upper if row.weights and chance.random() < 0.2}
    return FreezePlan(FreezePlan.all(layers).frozen - thawed)


PLANS = {
    "block boundary": at_a_block_boundary,
    "inside a block": inside_a_block,
    "scattered": scattered,
    "everything frozen": FreezePlan.all,
    "nothing frozen": lambda layers: FreezePlan.none(),
}


def in_two_parts(parts, images):
    tensors = (images,) if parts.prefix is None else parts.prefix(images, training=False)
    crossing = keras.tree.flatten(tensors)
    if parts.suffix is None:
        return crossing[0]
    return parts.suffix(prefix.packed(crossing), training=False)


@every_backbone
def test_two_parts_give_exactly_what_the_whole_gives(backbone):
    size = backbones.get(backbone).min_image_size
    layers = backbones.load_layer_table(backbone, size)
    whole = built(backbone)
    images = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype(np.float32)
    expected = np.asarray(whole(images, training=False))
    assert np.abs(expected).max() > 0
    for name, plan_of in PLANS.items():
        plan = plan_of(layers)
        if plan in (FreezePlan.all(layers), FreezePlan.none()) and backbone != "mobilenet_v2":
            continue  # One part alone: the whole network once more, so one of them shows it.
        if plan is None:
            assert backbone == "vgg16"  # The one without a branch.
            continue
        parts = prefix.split(whole, freezing.frontier(layers, plan))
        difference = np.abs(np.asarray(in_two_parts(parts, images)) - expected).max()
        assert difference == 0.0, f"{name}: {difference}"


def live_frontier(model, plan):
    """The frontier by Keras's own graph: where something crosses from fixed to changing."""
    changing, crossing = set(), set()
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            sources = layers_before(node)
            layer = node.operation
            learns = bool(getattr(layer, "weights", ())) and layer.name not in plan.frozen
            if learns or changing & sources:
                changing.add(layer.name)
                crossing |= sources
    return crossing - changing or {model.layers[-1].name}


def layers_before(node):
    """Names of the layers a node takes its input from; a bare `+` is no layer and is passed by."""
    names = set()
    for parent in node.parent_nodes:
        is_layer = isinstance(parent.operation, keras.Layer)
        names |= {parent.operation.name} if is_layer else layers_before(parent)
    return names


@every_backbone
def test_the_frontier_is_what_keras_says_crosses(backbone):
    size = backbones.get(backbone).min_image_size
    layers = backbones.load_layer_table(backbone, size)
    model = built(backbone)
    for plan_of in PLANS.values():
        plan = plan_of(layers)
        if plan is not None:
            assert set(freezing.frontier(layers, plan)) == live_frontier(model, plan)


def test_two_tensors_cross_inside_a_residual_block():
    layers = backbones.load_layer_table("mobilenet_v2", 32)
    crossing = freezing.frontier(layers, FreezePlan.from_index(layers, 100))
    parts = prefix.split(models.build_architecture("mobilenet_v2", 32), crossing)
    assert len(parts.prefix.outputs) == len(parts.suffix.inputs) == 2


def test_the_two_parts_share_the_layers_of_the_backbone():
    whole = models.build_architecture("vgg16", 32)
    parts = prefix.split(whole, ["block4_pool"])
    names = {layer.name: layer for layer in whole.layers}
    for part in (parts.prefix, parts.suffix):
        for layer in part.layers:
            if layer.weights:
                assert names[layer.name] is layer


# Less than a batch, and one more than a batch.
@pytest.mark.parametrize("num_images", thorough_beyond([31, 33], [1, 31, 32, 33, 65]))
def test_features_do_not_depend_on_how_the_images_fall_into_batches(num_images):
    whole = models.build_architecture("vgg16", 32, seed=1)
    forward = prefix.FrozenForward(keras.Model(whole.input, whole.get_layer("block2_pool").output))
    images = np.random.default_rng(0).normal(size=(num_images, 32, 32, 3)).astype(np.float32)
    done = []
    (features,) = forward((images,), done.append)
    assert features.shape == (num_images, 8, 8, 128)
    (one_by_one,) = forward((images[-1:],), lambda _: None)
    np.testing.assert_allclose(features[-1:], one_by_one, atol=1e-5)
    assert done[-1] == num_images
    assert done == sorted(done)


@pytest.mark.parametrize("backbone", thorough_beyond(["efficientnet_lite0"], backbones.BACKBONES))
def test_no_bit_of_a_feature_depends_on_the_size_of_a_batch(backbone):
    whole = models.build_architecture(backbone, 96, seed=1)
    middle = whole.layers[len(whole.layers) // 2]
    fixed = {layer.name for layer in whole.layers}
    images = np.random.default_rng(0).integers(0, 256, (MAX_FEATURE_BATCH, 96, 96, 3), np.uint8)
    preprocessing = backbones.get(backbone).preprocessing
    small, large = (
        prefix.FrozenForward(
            keras.Model(whole.input, [middle.output, whole.output]), fixed, batch_size=size
        )
        for size in (MIN_FEATURE_BATCH, MAX_FEATURE_BATCH)
    )
    # Preprocessed batch by batch, or all at once.
    in_small = small((images,), lambda done: None, preprocessing.apply)
    in_one = large((preprocessing.apply(images),), lambda done: None)
    for one, other in zip(in_small, in_one, strict=True):
        assert np.ptp(one) > 0
        np.testing.assert_array_equal(one, other)


def test_computing_features_stops_when_asked():
    whole = models.build_architecture("vgg16", 32)
    forward = prefix.FrozenForward(keras.Model(whole.input, whole.get_layer("block1_pool").output))

    def stop(done):
        raise InterruptedError(done)

    with pytest.raises(InterruptedError, match="32"):
        forward((np.zeros((70, 32, 32, 3), np.float32),), stop)
