"""Backbones in Keras: built fresh for every run, frozen as the plan says."""

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import keras
import tensorflow as tf
from keras.random import SeedGenerator

from lib.core import backbones, strategies
from lib.core.backbones import BackboneSpec
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.core.runs import TrainConfig
from lib.training.network import efficientnet_lite
from lib.training.network import weights as pretrained

# The usual 0.99 needs hundreds of steps before the moving statistics follow: from scratch on 200
# images a net scored 100 % in fit() and 13.5 % in evaluate(). With 0.9 it was 92.6 %.
FROM_SCRATCH_MOMENTUM = 0.9

# Of red, green and blue in units of 0 to 1.
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

# id -> builder, called with include_top, weights and input_tensor
APPLICATIONS: dict[str, Callable[..., keras.Model]] = {
    "mobilenet_v2": keras.applications.MobileNetV2,
    "vgg16": keras.applications.VGG16,
    "xception": keras.applications.Xception,
    "resnet50": keras.applications.ResNet50,
    "efficientnet_b0": keras.applications.EfficientNetB0,
    "mobilenet_v3_small": keras.applications.MobileNetV3Small,
    "densenet121": keras.applications.DenseNet121,
    "inception_v3": keras.applications.InceptionV3,
    "convnext_tiny": keras.applications.ConvNeXtTiny,
}


@contextmanager
def quick_variables() -> Iterator[None]:
    """Within the block, the TensorFlow variables behind Keras's own are made without their names.

    TensorFlow prepares the making of a variable anew for every name, which takes three times what
    it takes to make one. Keras goes by its own names and paths, which stay.
    """

    def make(create: Callable[..., tf.Variable], **how: Any) -> tf.Variable:
        with tf.name_scope(""):
            return create(**how | {"name": "weight"})

    with tf.variable_creator_scope(make):
        yield


def _stable_names(model: keras.Model) -> dict[str, str]:
    """Layer name -> the name it has in a process that built nothing before.

    Keras numbers layers without a name ("conv2d_3", "add") through the whole process. Counted
    from zero again, in the order they were made, they are the same in every build.
    """
    names = {layer.name: layer.name for layer in model.layers}
    numbered = defaultdict(list)
    for layer in model.layers:
        prefix = re.sub("(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", type(layer).__name__)
        match = re.fullmatch(rf"({prefix.lower()})(?:_(\d+))?", layer.name)
        if match:
            numbered[match[1]].append((int(match[2] or 0), layer.name))
    for prefix, found in numbered.items():
        for count, (_, name) in enumerate(sorted(found)):
            names[name] = f"{prefix}_{count}" if count else prefix
    return names


def _seeded(value: Any, seed: int, key: str) -> Any:
    """A layer's configuration in which every random initializer has a seed of its own."""
    if isinstance(value, list):
        return [_seeded(part, seed, f"{key}/{index}") for index, part in enumerate(value)]
    if not isinstance(value, dict):
        return value
    value = {name: _seeded(part, seed, f"{key}/{name}") for name, part in value.items()}
    return value | {"seed": zlib.crc32(f"{seed}/{key}".encode())} if "seed" in value else value


def build_architecture(
    backbone: str,
    image_size: int,
    *,
    seed: int | None = None,
    momentum: float | None = None,
    to_be_loaded: bool = False,
) -> keras.Model:
    """Build a backbone with random weights; see `build_backbone`.

    Args:
        seed: Of the random weights; None leaves them to chance.
        momentum: Of every BatchNormalization; None leaves it as published.
        to_be_loaded: Its weights are loaded next, and need not be drawn before.
    """
    shape = (image_size, image_size, 3)
    if backbone in APPLICATIONS:
        inputs = keras.Input(shape, name="input_layer")
        built = APPLICATIONS[backbone](include_top=False, weights=None, input_tensor=inputs)
        # Some of them then have a list of inputs; a backbone here has one.
        model = keras.Model(inputs, built.output, name=built.name)
    else:
        first = "zeros" if to_be_loaded else "glorot_uniform"
        model = efficientnet_lite.efficientnet_lite0(image_size, first=first)
    names = _stable_names(model)
    if seed is None and momentum is None and all(old == new for old, new in names.items()):
        return model

    def copy(layer: keras.Operation) -> keras.Operation:
        # An operation that is no layer, such as a bare `+`, keeps its name.
        config = layer.get_config() | {"name": names.get(layer.name, layer.name)}
        if momentum is not None and isinstance(layer, keras.layers.BatchNormalization):
            config["momentum"] = momentum
        if seed is not None:
            config = _seeded(config, seed, config["name"])
        return type(layer).from_config(config)

    inputs = keras.Input(shape, name="input_layer")
    return keras.models.clone_model(model, input_tensors=inputs, clone_function=copy)


def build_backbone(
    backbone: str,
    image_size: int,
    *,
    weights: Literal["imagenet"] | None,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> keras.Model:
    """Build a backbone without its classifier; nothing is shared with an earlier one.

    Layer names and their order are those of the layer table, whatever else the process built.

    Args:
        weights: "imagenet", or None for random weights; BatchNormalization then has momentum
            0.9, so that its statistics can follow in a short run.
        seed: Of the random weights, and of what is random within its layers.
        progress: Called with bytes done and bytes in all (0 where unknown) during a download.

    Returns:
        A model from preprocessed (batch, image_size, image_size, 3) to
        (batch, height, width, channels).

    Raises:
        ConfigError: If the backbone is unknown or cannot take images that small.
        WeightsError: If the pretrained weights cannot be had.
    """
    backbones.load_layer_table(backbone, image_size)  # raises for a bad id or size
    if weights is None:
        return build_architecture(backbone, image_size, seed=seed, momentum=FROM_SCRATCH_MOMENTUM)
    model = build_architecture(backbone, image_size, to_be_loaded=True)
    if backbone in APPLICATIONS:
        pretrained.load(model, backbones.get(backbone), image_size, progress)
    else:
        efficientnet_lite.load_imagenet_weights(model)
    if backbone == "efficientnet_b0":
        _normalize_as_published(model)
    if seed is not None:
        _seed_dropout(model, seed)
    return model


def first_backbone(
    config: TrainConfig, progress: Callable[[int, int], None] | None = None
) -> keras.Model:
    """The backbone as a run begins with it; see `build_backbone`."""
    return build_backbone(
        config.backbone,
        config.image_size,
        weights="imagenet" if strategies.get(config.strategy).pretrained else None,
        seed=config.seed,
        progress=progress,
    )


def _seed_dropout(model: keras.Model, seed: int) -> None:
    """Seed what is random within a backbone: some drop parts of a block while they are trained.

    Keras would draw these seeds from Python's generator, which is shared by all that this process
    builds: what it built before, or builds in another thread to answer a question.
    """
    for layer in model.layers:
        if isinstance(generator := getattr(layer, "seed_generator", None), SeedGenerator):
            generator.state.assign([zlib.crc32(f"{seed}/{layer.name}".encode()), 0])


def _normalize_as_published(model: keras.Model) -> None:
    """Put the published scaling of EfficientNet-B0's input into its Normalization layer.

    Keras adds a layer for it where it loads the ImageNet weights itself, and only there: out of
    (x - mean) / sqrt(variance) it divides by another sqrt(deviation). In the variance it is the
    same, and the layers are those of the table.

    Reference:
        keras/src/applications/efficientnet.py, the comment before its second Rescaling.
    """
    layer = model.get_layer("normalization")
    mean, variance, count = layer.get_weights()
    layer.set_weights([mean, variance * IMAGENET_DEVIATION, count])
    layer.finalize_state()


def apply_freeze_plan(backbone: keras.Model, plan: FreezePlan) -> None:
    """Set `trainable` on every layer of a backbone. Compile afterwards, not before.

    Args:
        backbone: Made by `build_backbone`; changed in place.

    Raises:
        ConfigError: If the plan names a layer the backbone does not have.
    """
    unknown = plan.frozen - {layer.name for layer in backbone.layers}
    if unknown:
        raise ConfigError(
            f"The freeze plan names {min(unknown)!r}, which is not a layer of this backbone.",
            "Make the plan from the backbone's own layer table.",
        )
    # Not backbone.trainable = True alone: that does nothing where it is True already.
    backbone.trainable = True
    for layer in backbone.layers:
        layer.trainable = layer.name not in plan.frozen


def preprocess(images: tf.Tensor, spec: BackboneSpec) -> tf.Tensor:
    """What `spec.preprocessing.apply` does, on a tensor.

    Input shape: (..., 3), RGB, 0 to 255.
    Output shape: the same, float32.
    """
    how = spec.preprocessing
    values = tf.cast(images, tf.float32)
    if how.order == "BGR":
        values = values[..., ::-1]
    return (values - tf.constant(how.mean, tf.float32)) * tf.constant(how.scale, tf.float32)
