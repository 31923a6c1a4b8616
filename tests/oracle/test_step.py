"""A training step takes shortcuts, and gives what TensorFlow and Keras give without them."""

from contextlib import nullcontext

import keras
import numpy as np
import pytest
import tensorflow as tf

from lib.training.engine.fast_gradients import quick_gradients
from lib.training.engine.steps import FusedAdam

DEPTHWISE = [
    # height, width, kernel, stride, padding; the first three take the shortcut
    (4, 4, 5, 1, "SAME"),
    (8, 8, 5, 2, "SAME"),
    (7, 5, 5, 1, "VALID"),
    (4, 4, 3, 1, "SAME"),
    (16, 16, 5, 1, "SAME"),
    (5, 6, 7, 2, "SAME"),
]
DENSE = [
    # the first two take the shortcut
    (4, 4, 1, 1, "SAME"),
    (7, 5, 1, 1, "VALID"),
    (8, 8, 1, 2, "SAME"),
    (5, 6, 3, 1, "SAME"),
    (8, 8, 3, 2, "VALID"),
]
every_shape = pytest.mark.parametrize(
    ("shape", "depthwise"), [(s, True) for s in DEPTHWISE] + [(s, False) for s in DENSE]
)


def gradients(shape, depthwise, quick):
    height, width, kernel, stride, padding = shape
    rng = np.random.default_rng(1)
    images = tf.constant(rng.normal(size=(3, height, width, 6)), tf.float32)
    weights = rng.normal(size=(kernel, kernel, 6, 1 if depthwise else 4))
    weights = tf.constant(weights, tf.float32)

    @tf.function(autograph=False)
    def both():
        convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
        with quick_gradients() if quick else nullcontext():
            maps = convolve(images, weights, [1, stride, stride, 1], padding)
        upstream = tf.random.stateless_normal(tf.shape(maps), (2, 0))
        return tf.gradients(maps, [images, weights], upstream)

    ops = {op.type for op in both.get_concrete_function().graph.get_operations()}
    return [gradient.numpy() for gradient in both()], ops


@every_shape
def test_the_gradient_of_a_convolution_is_that_of_tensorflow(shape, depthwise):
    (to_images, to_kernel), _ = gradients(shape, depthwise, quick=True)
    (images, kernel), _ = gradients(shape, depthwise, quick=False)
    np.testing.assert_allclose(to_images, images, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(to_kernel, kernel, rtol=1e-5, atol=1e-5)


def test_the_shortcut_of_depthwise_convolutions_is_taken_on_small_maps_and_only_there():
    native = "DepthwiseConv2dNativeBackpropFilter"
    taken = [native not in gradients(shape, True, quick=True)[1] for shape in DEPTHWISE]
    assert taken == [True, True, True, False, False, True]


def test_the_shortcut_of_other_convolutions_is_taken_for_one_cell_at_a_time_and_only_there():
    native = "Conv2DBackpropFilter"
    taken = [native not in gradients(shape, False, quick=True)[1] for shape in DENSE]
    assert taken == [True, True, False, False, False]


def test_adam_in_one_pass_is_adam():
    rng = np.random.default_rng(3)
    start = rng.normal(size=(40, 30)).astype("float32")
    steps = rng.normal(size=(12, 40, 30)).astype("float32")
    ended = []
    for optimizer in (keras.optimizers.Adam(1e-2), FusedAdam(1e-2)):
        variable = keras.Variable(start)
        optimizer.build([variable])
        for gradient in steps:
            optimizer.apply([tf.constant(gradient)], [variable])
        ended.append(variable.numpy())
    assert not np.allclose(ended[0], start)
    np.testing.assert_allclose(ended[1], ended[0], rtol=0, atol=1e-6)
