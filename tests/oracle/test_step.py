"""A training step takes shortcuts, and gives what TensorFlow and Keras give without them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lib.training import depthwise
from lib.training.loop import FusedAdam

SHAPES = [
    # height, width, kernel, stride, padding; the first three take the shortcut
    (4, 4, 5, 1, "SAME"),
    (8, 8, 5, 2, "SAME"),
    (7, 5, 5, 1, "VALID"),
    (4, 4, 3, 1, "SAME"),
    (16, 16, 5, 1, "SAME"),
    (5, 6, 7, 2, "SAME"),
]


def gradients(shape, quick):
    height, width, kernel, stride, padding = shape
    rng = np.random.default_rng(1)
    images = tf.constant(rng.normal(size=(3, height, width, 6)), tf.float32)
    weights = tf.constant(rng.normal(size=(kernel, kernel, 6, 1)), tf.float32)
    upstream_seed = 2

    @tf.function(autograph=False)
    def both():
        def convolved():
            return tf.nn.depthwise_conv2d(images, weights, [1, stride, stride, 1], padding)

        if quick:
            with depthwise.quick_gradients():
                maps = convolved()
        else:
            maps = convolved()
        upstream = tf.random.stateless_normal(tf.shape(maps), (upstream_seed, 0))
        return tf.gradients(maps, [images, weights], upstream)

    ops = {op.type for op in both.get_concrete_function().graph.get_operations()}
    return [gradient.numpy() for gradient in both()], ops


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_of_a_depthwise_convolution_is_that_of_tensorflow(shape):
    (to_images, to_kernel), _ = gradients(shape, quick=True)
    (images, kernel), _ = gradients(shape, quick=False)
    np.testing.assert_allclose(to_images, images, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(to_kernel, kernel, rtol=1e-5, atol=1e-5)


def test_the_shortcut_is_taken_on_small_maps_and_only_there():
    native = "DepthwiseConv2dNativeBackpropFilter"
    taken = [native not in gradients(shape, quick=True)[1] for shape in SHAPES]
    assert taken == [True, True, True, False, False, True]


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
