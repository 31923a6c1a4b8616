"""Backbones in Keras: built with their first weights, and frozen according to a freeze plan."""

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
from lib.core.backbones import Preprocessing
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.core.runs import TrainConfig
from lib.training import beside
from lib.training.network import efficientnet_lite
from lib.training.network import weights as pretrained

# With the usual 0.99, moving statistics need hundreds of steps to converge: trained from scratch on
# 200 images, a network had 100 % accuracy in fit() and 13.5 % in evaluate(); with 0.9, 92.6 %.
FROM_SCRATCH_MOMENTUM = 0.9

# Standard deviation of red, green and blue, for values from 0 to 1.
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

# Backbone id -> constructor, called with include_top, weights and input_tensor
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
    """Context manager in which Keras creates its TensorFlow variables without individual names.

    TensorFlow prepares the creation of a variable for every new name, which takes three times as
    long as the creation itself. The names and paths of the Keras variables do not change.
    """

    def make(create: Callable[..., tf.Variable], **how: Any) -> tf.Variable:
        with tf.name_scope(""):
            return create(**how | {"name": "weight"})

    with tf.variable_creator_scope(make):
        yield


def _stable_names(model: keras.Model) -> dict[str, str]:
    """Layer name -> the name in a process that has not built any other model.

    Keras numbers layers without a name ("conv2d_3", "add") across the whole process. Renumbered
    from zero, in the order of creation, the names are the same in every build.
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
    """A layer's configuration in which every random initializer has its own seed."""
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
        seed: Seed of the random weights; None for no fixed seed.
        momentum: Momentum of every BatchNormalization; None for the published one.
        to_be_loaded: Whether weights are loaded next, so that random weights are not needed.
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
        # An operation that is not a layer, such as `+`, keeps its name.
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
    published_momentum: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> keras.Model:
    """Build a backbone without its classifier; no weights are shared with earlier backbones.

    Layer names and their order are always those of the layer table.

    Args:
        weights: "imagenet", or None for random weights. In that case BatchNormalization has
            momentum 0.9, so that its statistics converge in a short run.
        seed: Seed of the random weights, and of random layers such as dropout.
        published_momentum: Whether random weights come with the published momentum all the same.
        progress: Called with bytes done and total bytes (0 if unknown) during a download.

    Returns:
        A model from preprocessed (batch, image_size, image_size, 3) to
        (batch, height, width, channels).

    Raises:
        ConfigError: If the backbone is unknown or cannot take images that small.
        WeightsError: If the pretrained weights are not available.
    """
    backbones.load_layer_table(backbone, image_size)  # raises for a bad id or size
    if weights is None:
        momentum = None if published_momentum else FROM_SCRATCH_MOMENTUM
        return build_architecture(backbone, image_size, seed=seed, momentum=momentum)
    if backbone in APPLICATIONS:
        model = build_architecture(backbone, image_size, to_be_loaded=True)
        pretrained.load(model, backbones.get(backbone), image_size, progress)
    else:
        tensors = beside.begin(efficientnet_lite.read_imagenet_weights)
        model = build_architecture(backbone, image_size, to_be_loaded=True)
        efficientnet_lite.load_imagenet_weights(model, beside.result_of(tensors))
    if backbone == "efficientnet_b0":
        _normalize_as_published(model)
    if seed is not None:
        seed_dropout(model, seed)
    return model


def first_backbone(
    config: TrainConfig, progress: Callable[[int, int], None] | None = None
) -> keras.Model:
    """The backbone of a run before training; see `build_backbone`."""
    return build_backbone(
        config.backbone,
        config.image_size,
        weights="imagenet" if is_pretrained(config) else None,
        seed=config.seed,
        published_momentum=config.fault == "slow_statistics",
        progress=progress,
    )


def is_pretrained(config: TrainConfig) -> bool:
    """True if the backbone of a run starts from pretrained weights."""
    return strategies.get(config.strategy).pretrained and config.fault != "random_backbone"


def seed_dropout(model: keras.Model, seed: int) -> None:
    """Seed the random layers of a backbone: some have stochastic depth during training.

    Keras draws these seeds from Python's global generator, so they depend on everything else that
    the process builds, also in other threads.
    """
    for layer in model.layers:
        if isinstance(generator := getattr(layer, "seed_generator", None), SeedGenerator):
            generator.state.assign([zlib.crc32(f"{seed}/{layer.name}".encode()), 0])


def _normalize_as_published(model: keras.Model) -> None:
    """Put the published scaling of EfficientNet-B0's input into its Normalization layer.

    Only if Keras loads the ImageNet weights itself, it adds a Rescaling layer that divides
    (x - mean) / sqrt(variance) by sqrt(deviation). Multiplying the variance by the deviation gives
    the same result without an additional layer.

    Reference:
        keras/src/applications/efficientnet.py, the comment before its second Rescaling.
    """
    layer = model.get_layer("normalization")
    mean, variance, count = layer.get_weights()
    layer.set_weights([mean, variance * IMAGENET_DEVIATION, count])
    layer.finalize_state()


def apply_freeze_plan(backbone: keras.Model, plan: FreezePlan) -> None:
    """Set `trainable` on every layer of a backbone. Compile the model afterwards.

    Args:
        backbone: A result of `build_backbone`; changed in place.

    Raises:
        ConfigError: If the plan names a layer the backbone does not have.
    """
    unknown = plan.frozen - {layer.name for layer in backbone.layers}
    if unknown:
        raise ConfigError(
            f"The freeze plan names {min(unknown)!r}, which is not a layer of this backbone.",
            "Make the plan from the backbone's own layer table.",
        )
    # Setting backbone.trainable alone is not enough: it has no effect if it is True already.
    backbone.trainable = True
    for layer in backbone.layers:
        layer.trainable = layer.name not in plan.frozen


def preprocess(images: tf.Tensor, how: Preprocessing) -> tf.Tensor:
    """The same as `how.apply`, on a tensor.

    Input shape: (..., 3), RGB, 0 to 255.
    Output shape: the same, float32.
    """
    values = tf.cast(images, tf.float32)
    if how.order == "BGR":
        values = values[..., ::-1]
    return (values - tf.constant(how.mean, tf.float32)) * tf.constant(how.scale, tf.float32)
