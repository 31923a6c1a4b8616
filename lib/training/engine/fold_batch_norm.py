"""A frozen BatchNormalization as part of the convolution before it, the same within rounding.

Frozen, it multiplies every channel by one number and adds another. The same comes out where the
convolution's kernel is multiplied instead, which is smaller than the maps it makes, and what is
added is added together with the activation. Stored weights, layers and gradients stay what they
are: the multiplied kernel lives for one step.
"""

from collections.abc import Callable, Container
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras.layers import BatchNormalization, Conv2D, DepthwiseConv2D


class _Convolution:
    """The result of a convolution, not computed before it is known what comes after it."""

    def __init__(self, layer: Conv2D | DepthwiseConv2D, images: tf.Tensor) -> None:
        self._layer, self._images = layer, images

    def tensor(self, scale: Any = None, shift: Any = None) -> tf.Tensor:
        """The maps, normalized where it is said what by.

        Args:
            scale: (channels,), what a frozen normalization multiplies by.
            shift: (channels,), what it adds.

        Output shape: (batch, height, width, channels).
        """
        layer = self._layer
        kernel = tf.convert_to_tensor(layer.kernel)
        bias = tf.convert_to_tensor(layer.bias) if layer.use_bias else None
        if scale is not None:
            # A depthwise kernel is (height, width, channels, 1), another one (..., channels).
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
    """What a frozen normalization multiplies each channel by, and what it adds.

    Args:
        values: Takes one of its weights, gives the numbers in it.

    Output shape: twice (channels,).
    """
    scale = (values(norm.moving_variance) + norm.epsilon) ** -0.5
    if norm.scale:
        scale = scale * values(norm.gamma)
    shift = values(norm.moving_mean) * -scale
    return scale, shift + values(norm.beta) if norm.center else shift


def _can_wait(layer: Any) -> bool:
    """True of the convolutions that TensorFlow has as one operation, with nothing after it."""
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
    """What `model(inputs, training=training)` gives; only for use within a graph that is traced.

    Args:
        model: Functional; models within it are run in the same way.
        inputs: Tensors as the model takes them.
        training: False is inference mode, where every normalization counts as frozen.
        fixed: Names of layers whose weights never change, so that they are read only now.
    """

    def operation(layer: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if _is_frozen_norm(layer, training) and isinstance(args[0], _Convolution):
                read = _now if layer.name in fixed else tf.convert_to_tensor
                return args[0].tensor(*_scale_and_shift(layer, read))
            args, kwargs = keras.tree.map_structure(_computed, (args, kwargs))
            if _can_wait(layer):
                return _Convolution(layer, args[0])
            if type(layer) is type(model) and "training" not in kwargs:  # functional as well
                return run(layer, args[0], training=training, fixed=fixed)
            if "training" in getattr(layer, "_call_context_args", ()):
                kwargs["training"] = training
            return layer(*args, **kwargs)

        return call

    # Keras has no public way to run a model's graph with operations of somebody else.
    return keras.tree.map_structure(
        _computed, model._run_through_graph(inputs, operation_fn=operation)
    )
