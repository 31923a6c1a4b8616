"""Folds a frozen BatchNormalization into the convolution before it; same result within rounding.

A frozen BatchNormalization multiplies every channel by a constant and adds another one. Multiplying
the convolution's kernel instead gives the same result and is cheaper, because the kernel is smaller
than the feature maps. The shift becomes the bias. Stored weights, layers and gradients are not
changed: the scaled kernel exists only within one step.
"""

from collections.abc import Callable, Container
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras.layers import BatchNormalization, Conv2D, DepthwiseConv2D


class _Convolution:
    """A deferred convolution, so that a following BatchNormalization can be fused."""

    def __init__(self, layer: Conv2D | DepthwiseConv2D, images: tf.Tensor) -> None:
        self._layer, self._images = layer, images

    def tensor(self, scale: Any = None, shift: Any = None) -> tf.Tensor:
        """Compute the feature maps, with a normalization if scale and shift are given.

        Args:
            scale: (channels,), factor of a frozen normalization.
            shift: (channels,), offset of a frozen normalization.

        Output shape: (batch, height, width, channels).
        """
        layer = self._layer
        kernel = tf.convert_to_tensor(layer.kernel)
        bias = tf.convert_to_tensor(layer.bias) if layer.use_bias else None
        if scale is not None:
            # A depthwise kernel is (height, width, channels, 1), other kernels are (..., channels).
            kernel *= scale[:, None] if isinstance(layer, DepthwiseConv2D) else scale
            bias = shift if bias is None else shift + bias * scale
        padding = layer.padding.upper()
        if isinstance(layer, DepthwiseConv2D):
            strides = (1, *layer.strides, 1)
            maps = tf.nn.depthwise_conv2d(self._images, kernel, strides, padding)
        else:
            maps = tf.nn.conv2d(self._images, kernel, layer.strides, padding)
        return maps if bias is None else tf.nn.bias_add(maps, bias)


def _scale_and_shift(norm: BatchNormalization, values: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Factor and offset of a frozen normalization for each channel.

    Args:
        values: Returns the values of a weight.

    Output shape: (channels,) and (channels,).
    """
    scale = (values(norm.moving_variance) + norm.epsilon) ** -0.5
    if norm.scale:
        scale = scale * values(norm.gamma)
    shift = values(norm.moving_mean) * -scale
    return scale, shift + values(norm.beta) if norm.center else shift


def _can_wait(layer: Any) -> bool:
    """True for convolutions that are one TensorFlow operation without an activation."""
    if type(layer) not in (Conv2D, DepthwiseConv2D):
        return False
    return (
        layer.data_format == "channels_last"
        and set(layer.dilation_rate) == {1}
        and getattr(layer, "groups", 1) == getattr(layer, "depth_multiplier", 1) == 1
        and layer.activation is keras.activations.linear
        and len(set(layer.strides)) == 1
    )


def _is_frozen_norm(layer: Any, training: bool) -> bool:
    if not isinstance(layer, BatchNormalization):
        return False
    return layer.axis in (-1, 3) and not (training and layer.trainable)


def _now(weight: keras.Variable) -> npt.NDArray[np.float32]:
    with tf.init_scope():
        return np.asarray(weight)


def _computed(value: Any) -> Any:
    return value.tensor() if isinstance(value, _Convolution) else value


def run(model: keras.Model, inputs: Any, *, training: bool, fixed: Container[str] = ()) -> Any:
    """The same as `model(inputs, training=training)`; only for use while tracing a graph.

    Args:
        model: A functional model; nested models are run in the same way.
        inputs: Input tensors of the model.
        training: False for inference mode, in which every normalization counts as frozen.
        fixed: Names of layers whose weights never change, so that they become constants.
    """

    def operation(layer: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if _is_frozen_norm(layer, training) and isinstance(args[0], _Convolution):
                read = _now if layer.name in fixed else tf.convert_to_tensor
                return args[0].tensor(*_scale_and_shift(layer, read))
            args, kwargs = keras.tree.map_structure(_computed, (args, kwargs))
            if _can_wait(layer):
                return _Convolution(layer, args[0])
            if type(layer) is type(model) and "training" not in kwargs:  # a nested functional model
                return run(layer, args[0], training=training, fixed=fixed)
            if "training" in getattr(layer, "_call_context_args", ()):
                kwargs["training"] = training
            return layer(*args, **kwargs)

        return call

    # Keras has no public method to run a model's graph with other operations.
    return keras.tree.map_structure(
        _computed, model._run_through_graph(inputs, operation_fn=operation)
    )
