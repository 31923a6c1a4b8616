"""The head in Keras: pooling, and the trainable layers."""

from collections.abc import Sequence

import keras

from lib.core import heads
from lib.core.heads import HeadSpec
from lib.core.runs import TrainConfig


def build_pooling(head: HeadSpec, feature_shape: Sequence[int]) -> keras.Model:
    """The pooling layer of a head, which has no weights.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, features).
    """
    inputs = keras.Input(tuple(feature_shape))
    layer = getattr(keras.layers, heads.POOLINGS[head.pooling][1])()
    return keras.Model(inputs, layer(inputs), name="pooling")


def is_squeezed(config: TrainConfig) -> bool:
    """True if the head of a run ends in an activation before a loss that expects logits."""
    return config.fault == "sigmoid_from_logits"


def build_head(
    head: HeadSpec, feature_shape: Sequence[int], *, seed: int, squeezed: bool = False
) -> keras.Model:
    """The trainable layers of a head, up to the logits.

    Input shape: (batch, features), as pooled.
    Output shape: (batch, outputs).

    Args:
        feature_shape: (height, width, channels) of the backbone's output.
        seed: Seed of the initial weights and of dropout.
        squeezed: Whether it ends in a sigmoid, or in a softmax for several outputs: a fault.
    """
    inputs = keras.Input(heads.pooled_shape(head, feature_shape))
    x = inputs

    def dense(units: int, name: str) -> keras.layers.Dense:
        return keras.layers.Dense(units, kernel_initializer=_first(name, seed), name=name)

    if head.hidden_units:
        x = keras.layers.ReLU()(dense(head.hidden_units, "hidden")(x))
    if head.dropout:
        x = keras.layers.Dropout(head.dropout, seed=seed)(x)
    logits = dense(head.outputs, "logits")(x)
    if squeezed:
        logits = keras.layers.Activation("sigmoid" if head.outputs == 1 else "softmax")(logits)
    return keras.Model(inputs, logits, name="head")


def begin(head: keras.Model, seed: int) -> None:
    """Set the variables of a head to those of a new one with this seed.

    Args:
        head: A result of `build_head`; changed in place.
        seed: As for `build_head`.
    """
    for layer in head.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel = layer.kernel
            kernel.assign(_first(layer.name, seed)(kernel.shape, dtype=kernel.dtype))
            layer.bias.assign(keras.ops.zeros_like(layer.bias))
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign([seed, 0])


def _first(layer: str, seed: int) -> keras.Initializer:
    """The initializer of a kernel; with the same seed, two layers would have related weights."""
    return keras.initializers.GlorotUniform(seed + {"hidden": 1, "logits": 0}[layer])
