"""A network with its frozen normalizations folded into its convolutions gives what Keras gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from lib.core import backbones
from lib.training import model as models
from lib.training.engine import fold_batch_norm
from lib.training.engine.prefix import FrozenForward
from tests.speeds import thorough_beyond

# One with normalizations and one without; one whose activation is no ReLU is left to `thorough`.
FEW = ["efficientnet_lite0", "vgg16"]
every_backbone = pytest.mark.parametrize("backbone", thorough_beyond(FEW, backbones.BACKBONES))


def unlike_new(model):
    """The model with normalizations that do something: new ones multiply by one and add nothing."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for weight in layer.weights:
                low = 0.5 if "variance" in weight.path or "gamma" in weight.path else -0.5
                weight.assign(rng.uniform(low, low + 1, weight.shape))
    return model


def images_for(model, count=3):
    shape = (count, *model.input.shape[1:])
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


def traced(model, **how):
    @tf.function(autograph=False)
    def forward(images):
        return fold_batch_norm.run(model, images, **how)

    return forward


def multiplied(function, images):
    """Shapes of what has four axes, a map or a kernel, and is multiplied by something."""
    graph = function.get_concrete_function(tf.constant(images)).graph
    products = [op.outputs[0].shape for op in graph.get_operations() if op.type == "Mul"]
    return sorted(tuple(shape) for shape in products if len(shape) == 4)


def small(*, bias=False, trainable=False):
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(8, 1, use_bias=bias, bias_initializer="uniform", name="first")(inputs)
    x = layers.BatchNormalization(name="first_bn")(x)
    x = layers.ReLU(6)(x)
    x = layers.DepthwiseConv2D(5, padding="same", use_bias=False, name="second")(x)
    x = layers.BatchNormalization(name="second_bn")(x)
    model = unlike_new(keras.Model(inputs, x))
    for name in ("first_bn", "second_bn"):
        model.get_layer(name).trainable = trainable
    return model


@every_backbone
def test_inference_gives_what_keras_gives(backbone):
    size = backbones.get(backbone).min_image_size
    keras.utils.set_random_seed(3)
    model = unlike_new(models.build_architecture(backbone, size))
    images = images_for(model, 2)
    expected = np.asarray(model(images, training=False))
    got = traced(model, training=False)(tf.constant(images)).numpy()
    assert np.abs(expected).max() > 0
    assert np.abs(got - expected).max() <= 2e-5 * np.abs(expected).max()


@pytest.mark.parametrize("fixed", [(), ("first_bn", "second_bn")])
@pytest.mark.parametrize("bias", [False, True])
def test_no_normalization_is_left_after_a_convolution(bias, fixed):
    model = small(bias=bias)
    images = images_for(model)
    quick = traced(model, training=True, fixed=fixed)
    np.testing.assert_allclose(
        quick(tf.constant(images)), model(images, training=True), rtol=1e-5, atol=1e-5
    )
    plain = tf.function(lambda images: model(images, training=True), autograph=False)
    assert multiplied(plain, images) == [(3, 6, 6, 8)] * 2
    assert multiplied(quick, images) == [(1, 1, 3, 8), (5, 5, 8, 1)]


def test_gradients_are_those_of_keras():
    model = small()
    images = tf.constant(images_for(model))
    kernels = [model.get_layer(name).kernel.value for name in ("first", "second")]

    def gradients(forward):
        @tf.function(autograph=False)
        def of_loss():
            return tf.gradients(tf.reduce_sum(forward() ** 2), kernels)

        return of_loss()

    quick = gradients(lambda: fold_batch_norm.run(model, images, training=True, fixed=["first_bn"]))
    plain = gradients(lambda: model(images, training=True))
    for one, other in zip(quick, plain, strict=True):
        assert np.abs(other).max() > 1
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_thawed_normalization_learns_its_statistics_as_in_keras():
    ours, theirs = small(trainable=True), small(trainable=True)
    theirs.set_weights(ours.get_weights())
    images = images_for(ours)
    traced(ours, training=True)(tf.constant(images))
    before = [weight.copy() for weight in theirs.get_weights()]
    theirs(images, training=True)
    moved = 0
    for one, other, old in zip(ours.get_weights(), theirs.get_weights(), before, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        moved += not np.array_equal(other, old)
    assert moved == 4  # two means, two variances


def test_a_convolution_that_is_needed_twice_is_given_both_ways():
    inputs = keras.Input((5, 5, 3))
    raw = layers.Conv2D(4, 1, use_bias=False)(inputs)
    model = keras.Model(inputs, layers.Add()([raw, layers.BatchNormalization()(raw)]))
    unlike_new(model)
    images = images_for(model)
    got = traced(model, training=False)(tf.constant(images))
    np.testing.assert_allclose(got, model(images, training=False), rtol=1e-5, atol=1e-5)


def test_a_convolution_at_the_end_is_given():
    inputs = keras.Input((5, 5, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, padding="same")(inputs))
    model = unlike_new(keras.Model(inputs, [x, layers.Conv2D(2, 1, activation="relu")(x)]))
    images = images_for(model)
    got = traced(model, training=False)(tf.constant(images))
    for one, other in zip(got, model(images, training=False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_a_model_within_a_model_is_folded_too():
    inner = small()
    inputs = keras.Input((6, 6, 3))
    outer = keras.Model(inputs, layers.GlobalAveragePooling2D()(inner(inputs)))
    images = images_for(outer)
    quick = traced(outer, training=True)
    got = quick(tf.constant(images))
    np.testing.assert_allclose(got, outer(images, training=True), rtol=1e-5, atol=1e-5)
    types = [
        op.type for op in quick.get_concrete_function(tf.constant(images)).graph.get_operations()
    ]
    assert types.count("BiasAdd") == 2


def test_a_mode_that_was_written_into_a_model_is_left_to_keras():
    """As the tutorials do; Keras 3 overrides it, and Thaw lets Keras show that."""
    inner = small(trainable=True)
    inputs = keras.Input((6, 6, 3))
    outer = keras.Model(inputs, inner(inputs, training=False))
    images = images_for(outer)
    first = inner.get_layer("first_bn").moving_mean.numpy()
    traced(outer, training=True)(tf.constant(images))
    assert not np.array_equal(inner.get_layer("first_bn").moving_mean.numpy(), first)


def test_weights_are_read_at_every_call_but_those_that_never_change():
    model = small()
    images = images_for(model)
    every_call, once = FrozenForward(model), FrozenForward(model, ("first_bn", "second_bn"))
    (before,), (same,) = (forward((images,), lambda _: None) for forward in (every_call, once))
    np.testing.assert_allclose(before, same, rtol=1e-5, atol=1e-5)
    model.get_layer("second_bn").beta.assign_add(np.ones(8))
    (after,), (still,) = (forward((images,), lambda _: None) for forward in (every_call, once))
    np.testing.assert_allclose(after, before + 1, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(still, same)
    model.get_layer("first").kernel.assign_add(np.ones((1, 1, 3, 8)))
    (moved,) = once((images,), lambda _: None)
    assert not np.allclose(moved, still)
