"""The head in Keras: pooling, and the trainable layers."""

from collections.abc import Sequence

import keras

from lib.core import heads
from lib.core.heads import HeadSpec


def build_pooling(head: HeadSpec, feature_shape: Sequence[int]) -> keras.Model:
    """The pooling layer of a head, which has no weights.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, features).
    """
    inputs = keras.Input(tuple(feature_shape))
    layer = getattr(keras.layers, heads.POOLINGS[head.pooling][1])()
    return keras.Model(inputs, layer(inputs), name="pooling")


def build_head(head: HeadSpec, feature_shape: Sequence[int], *, seed: int) -> keras.Model:
    """The trainable layers of a head, up to the logits.

    Input shape: (batch, features), as pooled.
    Output shape: (batch, outputs).

    Args:
        feature_shape: (height, width, channels) of the backbone's output.
        seed: Seed of the initial weights and of dropout.
    """
    inputs = keras.Input(heads.pooled_shape(head, feature_shape))
    x = inputs

    def dense(units: int, name: str, offset: int) -> keras.layers.Dense:
        # With the same seed, two layers would start with related weights.
        start = keras.initializers.GlorotUniform(seed + offset)
        return keras.layers.Dense(units, kernel_initializer=start, name=name)

    if head.hidden_units:
        x = keras.layers.ReLU()(dense(head.hidden_units, "hidden", 1)(x))
    if head.dropout:
        x = keras.layers.Dropout(head.dropout, seed=seed)(x)
    return keras.Model(inputs, dense(head.outputs, "logits", 0)(x), name="head")
