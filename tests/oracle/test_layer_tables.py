"""The committed layer tables are what live Keras says."""

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import pytest

from lib.core import backbones, freezing
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.tools import export_layer_tables
from lib.training import model as models
from tests.speeds import thorough_beyond

# Total, trainable when everything is thawed, number of layers, input size, output shape.
# Keras 3.15.1, include_top=False; EfficientNet-Lite0 is 4,694,024 with the classifier of
# 1,281,000 parameters.
GOLDEN = {
    "efficientnet_lite0": (3_413_024, 3_371_008, 141, 224, (7, 7, 1280)),
    "mobilenet_v2": (2_257_984, 2_223_872, 154, 160, (5, 5, 1280)),
    "vgg16": (14_714_688, 14_714_688, 19, 224, (7, 7, 512)),
    "xception": (20_861_480, 20_806_952, 132, 150, (5, 5, 2048)),
    "resnet50": (23_587_712, 23_534_592, 175, 224, (7, 7, 2048)),
    "efficientnet_b0": (4_049_571, 4_007_548, 237, 224, (7, 7, 1280)),
    "mobilenet_v3_small": (939_120, 927_008, 157, 224, (7, 7, 576)),
    "densenet121": (7_037_504, 6_953_856, 427, 224, (7, 7, 1024)),
    "inception_v3": (21_802_784, 21_768_352, 311, 299, (8, 8, 2048)),
    "convnext_tiny": (27_820_128, 27_820_128, 133, 224, (7, 7, 768)),
}

# Halved again and again: sometimes even, sometimes odd; and always odd, where padding goes by that.
# The exporter used others.
MIXED_SIZE, ODD_SIZE = 150, 97
PADDED_BY_PARITY = ("efficientnet_b0", "mobilenet_v2", "mobilenet_v3_small")

# Those with layers that Keras numbers.
NUMBERED = ("efficientnet_b0", "inception_v3", "mobilenet_v3_small", "xception")

# A backbone after the other, with all its tests: it is built once for them.
every_backbone = pytest.mark.parametrize("backbone", backbones.BACKBONES, scope="module")
FEW = ["efficientnet_lite0", "mobilenet_v2", "vgg16"]
some_backbones = pytest.mark.parametrize(
    "backbone", thorough_beyond(FEW, backbones.BACKBONES), scope="module"
)


@lru_cache(maxsize=1)
def live_model(backbone: str) -> keras.Model:
    return models.build_architecture(backbone, backbones.get(backbone).min_image_size)


def live_trainable(model: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@some_backbones
def test_a_table_is_what_the_exporter_would_write(backbone: str) -> None:
    assert list(export_layer_tables.differences(backbone)) == []


def test_the_check_tells_a_changed_table_from_live_keras(tmp_path: Any, capsys: Any) -> None:
    table = (export_layer_tables.FOLDER / "vgg16.json").read_text("utf-8")
    (tmp_path / "vgg16.json").write_text(table.replace("block3_conv2", "block3_conv9", 1), "utf-8")
    lines = list(export_layer_tables.differences("vgg16", tmp_path))
    assert lines
    assert all(line.startswith("vgg16.json: ") for line in lines)
    assert any("block3_conv9" in line for line in lines)
    assert export_layer_tables.main(["--check", "vgg16"]) == 0


@some_backbones
def test_the_golden_numbers_hold(backbone: str) -> None:
    total, trainable, num_layers, size, output_shape = GOLDEN[backbone]
    layers = backbones.load_layer_table(backbone, size)
    counts = freezing.count_params(layers, FreezePlan.none())
    assert (counts.total, counts.trainable) == (total, trainable)
    assert len(layers) == num_layers
    assert layers[-1].output_shape == output_shape
    assert freezing.count_params(layers, FreezePlan.all(layers)).trainable == 0


def rows_of(model: keras.Model) -> list[tuple[str, tuple[int, ...]]]:
    """Name and output shape of every layer."""
    rows = []
    for layer in model.layers:
        output = layer.output[0] if isinstance(layer.output, list) else layer.output
        rows.append((layer.name, tuple(output.shape[1:])))
    return rows


@some_backbones
def test_names_and_output_shapes_are_those_of_keras(backbone: str) -> None:
    spec = backbones.get(backbone)
    models_of = {
        spec.min_image_size: live_model(backbone),
        MIXED_SIZE: models.build_architecture(backbone, MIXED_SIZE),
    }
    for size, model in models_of.items():
        layers = backbones.load_layer_table(backbone, size)
        assert [(row.name, row.output_shape) for row in layers] == rows_of(model), size


@pytest.mark.parametrize("backbone", thorough_beyond(FEW, PADDED_BY_PARITY))
def test_output_shapes_of_sizes_that_stay_odd_are_those_of_keras(backbone: str) -> None:
    layers = backbones.load_layer_table(backbone, ODD_SIZE)
    model = models.build_architecture(backbone, ODD_SIZE)
    assert [(row.name, row.output_shape) for row in layers] == rows_of(model)


def test_padding_goes_by_parity_in_these_backbones_and_in_no_other() -> None:
    found = [
        backbone
        for backbone in backbones.BACKBONES
        if '"odd"' in (export_layer_tables.FOLDER / f"{backbone}.json").read_text("utf-8")
    ]
    assert sorted(found) == sorted(PADDED_BY_PARITY)


@every_backbone
def test_an_image_below_the_smallest_size_is_refused(backbone: str) -> None:
    spec = backbones.get(backbone)
    with pytest.raises(ConfigError, match="cannot take images of"):
        models.build_backbone(backbone, spec.min_image_size - 1, weights=None)


def chosen_cuts(layers: tuple[backbones.LayerRow, ...]) -> list[int]:
    """Both ends, a cut at every third border of a block, and a few that fall anywhere."""
    chance = random.Random(layers[-1].name)
    anywhere = chance.sample(range(len(layers)), min(12, len(layers)))
    return sorted({0, len(layers), *freezing.block_boundaries(layers)[::3], *anywhere})


@some_backbones
def test_counts_at_cuts_are_those_of_keras(backbone: str) -> None:
    layers = backbones.load_layer_table(backbone)
    model = live_model(backbone)
    total = model.count_params()
    for batch_norm_frozen in (False, True):
        models.apply_freeze_plan(model, FreezePlan.none())
        if batch_norm_frozen:
            plan = FreezePlan.none().with_batch_norm_frozen(layers)
            models.apply_freeze_plan(model, plan)
        for index in chosen_cuts(layers):
            for layer in model.layers[:index]:
                layer.trainable = False
            plan = FreezePlan.from_index(layers, index)
            if batch_norm_frozen:
                plan = plan.with_batch_norm_frozen(layers)
            counts = freezing.count_params(layers, plan)
            live = model.trainable_weights
            assert counts.trainable == sum(int(np.prod(weight.shape)) for weight in live), index
            assert counts.total == total
            assert freezing.count_trainable_tensors(layers, plan) == len(live), index


@every_backbone
def test_a_cut_freezes_one_layer_more_than_the_cut_before(backbone: str) -> None:
    """What the sums hold at the cuts that were not asked of Keras."""
    layers = backbones.load_layer_table(backbone)
    before = freezing.count_params(layers, FreezePlan.none())
    for index, row in enumerate(layers, 1):
        counts = freezing.count_params(layers, FreezePlan.from_index(layers, index))
        assert before.trainable - counts.trainable == row.trainable_params
        assert counts.total == before.total
        before = counts


def scattered_plans(layers: tuple[backbones.LayerRow, ...]) -> Iterator[FreezePlan]:
    chance = random.Random(0)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        plan = FreezePlan(frozenset(row.name for row in layers if chance.random() < share))
        yield plan
        yield plan.with_batch_norm_frozen(layers)


@some_backbones
def test_counts_of_scattered_plans_are_those_of_keras(backbone: str) -> None:
    layers = backbones.load_layer_table(backbone)
    model = live_model(backbone)
    for plan in scattered_plans(layers):
        models.apply_freeze_plan(model, plan)
        counts = freezing.count_params(layers, plan)
        assert counts.trainable == live_trainable(model)
        assert counts.non_trainable == model.count_params() - live_trainable(model)


def test_a_freeze_plan_reaches_layers_of_a_model_that_was_frozen_as_a_whole() -> None:
    model = live_model("mobilenet_v2")
    model.trainable = False
    models.apply_freeze_plan(model, FreezePlan(frozenset({"Conv1"})))
    assert live_trainable(model) == 2_223_872 - 3 * 3 * 3 * 32


def test_a_freeze_plan_for_another_backbone_is_refused() -> None:
    with pytest.raises(ConfigError, match="names 'block1_conv1', which is not a layer"):
        models.apply_freeze_plan(
            live_model("mobilenet_v2"), FreezePlan(frozenset({"block1_conv1"}))
        )


@pytest.mark.parametrize("backbone", thorough_beyond(["mobilenet_v3_small"], NUMBERED))
def test_layer_names_are_those_of_keras_where_nothing_was_built_before(backbone: str) -> None:
    keras.utils.clear_session()
    fresh = models.APPLICATIONS[backbone](weights=None, include_top=False)
    rows = backbones.load_layer_table(backbone)
    assert [row.name for row in rows] == [layer.name for layer in fresh.layers]


@pytest.mark.thorough
def test_two_builds_share_nothing() -> None:
    first, second = (models.build_architecture("xception", 71) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert not set(map(id, first.layers)) & set(map(id, second.layers))
    assert not set(map(id, first.weights)) & set(map(id, second.weights))


@every_backbone
def test_fine_tuning_starts_at_a_layer_of_the_table(backbone: str) -> None:
    layers = backbones.load_layer_table(backbone)
    plan = FreezePlan.from_layer(layers, backbones.get(backbone).thaw_from)
    counts = freezing.count_params(layers, plan)
    assert 0 < counts.trainable < counts.total
    index = backbones.layer_index(layers, backbones.get(backbone).thaw_from)
    assert index in freezing.block_boundaries(layers)


# One of our own, one with separable kernels, one with layers inside layers.
@pytest.mark.parametrize(
    "backbone", thorough_beyond(FEW, ["efficientnet_lite0", "xception", "convnext_tiny"])
)
def test_random_weights_follow_the_seed_and_have_quick_statistics(backbone: str) -> None:
    size = backbones.get(backbone).min_image_size
    one, same = (models.build_backbone(backbone, size, weights=None, seed=1) for _ in range(2))
    assert all(map(np.array_equal, one.get_weights(), same.get_weights()))
    kernels = [w.numpy().ravel()[:9].tobytes() for w in one.weights if w.name.endswith("kernel")]
    assert len(set(kernels)) == len(kernels), "two layers start equal"
    for layer in one.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.momentum == models.FROM_SCRATCH_MOMENTUM


def test_another_seed_gives_other_weights_and_none_leaves_them_to_chance() -> None:
    seeds = (1, 2, None, None)
    built = [models.build_backbone("vgg16", 32, weights=None, seed=seed) for seed in seeds]
    kernels = [model.get_layer("block1_conv1").kernel.numpy().tobytes() for model in built]
    assert len(set(kernels)) == len(kernels)


@every_backbone
def test_preprocessing_on_tensors_is_preprocessing_on_arrays(backbone: str) -> None:
    spec = backbones.get(backbone)
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(np.uint8)
    np.testing.assert_allclose(
        models.preprocess(images, spec.preprocessing),
        spec.preprocessing.apply(images),
        rtol=1e-6,
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("backbone", "module"),
    [
        ("mobilenet_v2", keras.applications.mobilenet_v2),
        ("vgg16", keras.applications.vgg16),
        ("xception", keras.applications.xception),
        ("resnet50", keras.applications.resnet),
        ("efficientnet_b0", keras.applications.efficientnet),
        ("mobilenet_v3_small", keras.applications.mobilenet_v3),
        ("densenet121", keras.applications.densenet),
        ("inception_v3", keras.applications.inception_v3),
        ("convnext_tiny", keras.applications.convnext),
    ],
)
def test_preprocessing_is_what_keras_does(backbone: str, module: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(np.float32)
    ours = backbones.get(backbone).preprocessing.apply(images)
    np.testing.assert_allclose(ours, module.preprocess_input(images.copy()), atol=1e-4)
