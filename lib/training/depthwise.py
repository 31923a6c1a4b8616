"""A faster gradient for depthwise convolutions on small maps, to the same numbers.

TensorFlow goes back through a 5 x 5 depthwise convolution on the CPU in about eight times what
going forward takes. On a map of a few cells the convolution of one channel is a small matrix, and
going back is two products with it: four times faster on the maps of 4 x 4 and 8 x 8 that images
of 128 pixels have where fine-tuning happens (docs/benchmarks.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

GRADIENT = "ThawDepthwiseConv2d"
# The entries of a channel's matrix up to which it beats TensorFlow's own gradient, and the
# kernels that do so at all: for 3 x 3 TensorFlow has a quick way of its own.
MAX_MATRIX_ENTRIES = 2_048
MIN_KERNEL_ENTRIES = 25


@contextmanager
def quick_gradients() -> Iterator[None]:
    """Within the block, depthwise convolutions that are traced get the faster gradient.

    For `tf.gradients`; a GradientTape does not look at it.
    """
    graph = tf.compat.v1.get_default_graph()
    with graph.gradient_override_map({"DepthwiseConv2dNative": GRADIENT}):
        yield


@lru_cache(maxsize=32)
def _cells(
    size: tuple[int, int], kernel: tuple[int, int], stride: int, padding: str
) -> npt.NDArray[np.float32]:
    """1 where an entry of the kernel joins a cell of the input to one of the output.

    Output shape: (kernel entries, input cells, output cells).
    """
    rows, columns = (
        _places(length, reach, stride, padding) for length, reach in zip(size, kernel, strict=True)
    )
    joined = np.einsum("aio,bjp->abijop", rows, columns)
    entries, inputs = kernel[0] * kernel[1], size[0] * size[1]
    return joined.reshape(entries, inputs, -1)


def _places(length: int, reach: int, stride: int, padding: str) -> npt.NDArray[np.float32]:
    """The same along one axis, of shape (reach, length, outputs)."""
    if padding == "SAME":
        outputs = -(-length // stride)
        before = max((outputs - 1) * stride + reach - length, 0) // 2
    else:
        outputs, before = (length - reach) // stride + 1, 0
    entry, cell, output = np.ogrid[:reach, :length, :outputs]
    return (output * stride + entry - before == cell).astype(np.float32)


@tf.RegisterGradient(GRADIENT)
def _gradient(op: tf.Operation, upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    images, kernel = op.inputs
    stride, padding = op.get_attr("strides")[1], op.get_attr("padding").decode()
    height, width, channels, multiplier = kernel.shape
    size = tuple(images.shape[1:3])
    entries = height * width
    small = (
        None not in size
        and int(np.prod(size)) * int(np.prod(upstream.shape[1:3])) <= MAX_MATRIX_ENTRIES
    )
    quick = small and entries >= MIN_KERNEL_ENTRIES and multiplier == 1 and padding != "EXPLICIT"
    if not quick or op.get_attr("dilations") != [1, 1, 1, 1]:
        how = {name: op.get_attr(name) for name in ("strides", "dilations")} | {"padding": padding}
        return (
            tf.nn.depthwise_conv2d_backprop_input(tf.shape(images), kernel, upstream, **how),
            tf.nn.depthwise_conv2d_backprop_filter(images, tf.shape(kernel), upstream, **how),
        )
    cells = tf.constant(_cells(size, (height, width), stride, padding))
    _, inputs, outputs = cells.shape
    flat = tf.reshape(cells, (entries, -1))
    # One matrix a channel, of shape (input cells, output cells).
    matrices = tf.matmul(tf.reshape(kernel, (entries, channels)), flat, transpose_a=True)
    matrices = tf.reshape(matrices, (channels, inputs, outputs))
    came_in = tf.transpose(tf.reshape(images, (-1, inputs, channels)), (2, 0, 1))
    came_back = tf.transpose(tf.reshape(upstream, (-1, outputs, channels)), (2, 0, 1))
    to_images = tf.transpose(tf.matmul(came_back, matrices, transpose_b=True), (1, 2, 0))
    per_matrix = tf.reshape(tf.matmul(came_in, came_back, transpose_a=True), (channels, -1))
    to_kernel = tf.matmul(flat, per_matrix, transpose_b=True)
    return tf.reshape(to_images, tf.shape(images)), tf.reshape(to_kernel, kernel.shape)
