"""Class activation maps and Grad-CAM equal an independent computation on small models."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lib.core.heads import HeadSpec
from lib.training.network import explain
from lib.training.network.head import build_head, build_pooling
from tests.speeds import thorough_beyond

ROWS, COLUMNS, CHANNELS, OUTPUTS = 3, 4, 5, 3

HEADS = {
    "GAP": HeadSpec("gap", outputs=OUTPUTS),
    "GAP, hidden layer": HeadSpec("gap", hidden_units=6, outputs=OUTPUTS),
    "GMP": HeadSpec("gmp", outputs=OUTPUTS),
    "GMP, hidden layer": HeadSpec("gmp", hidden_units=6, outputs=OUTPUTS),
    "Flatten": HeadSpec("flatten", outputs=OUTPUTS),
    "Flatten, hidden layer, dropout": HeadSpec("flatten", 6, 0.5, OUTPUTS),
    "Flatten, one logit": HeadSpec("flatten", outputs=1),
}
FEW = ("GAP", "GMP, hidden layer", "Flatten, one logit")
every_head = pytest.mark.parametrize("name", thorough_beyond(FEW, HEADS))


def some_maps(shape=(ROWS, COLUMNS, CHANNELS), seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def built(spec, shape=(ROWS, COLUMNS, CHANNELS)):
    """Pooling and head, with biases that are not 0."""
    pool, head = build_pooling(spec, shape), build_head(spec, shape, seed=1)
    rng = np.random.default_rng(2)
    head.set_weights([w + rng.normal(size=w.shape) * 0.3 for w in head.get_weights()])
    return pool, head


def top_of(pool, head):
    return lambda maps: head(pool(maps), training=False)


def numpy_logits(spec, head, maps):
    """The same head in float64, without Keras."""
    x = maps.astype(np.float64)
    x = {"gap": x.mean((0, 1)), "gmp": x.max((0, 1)), "flatten": x.ravel()}[spec.pooling]
    *hidden, kernel, bias = (w.astype(np.float64) for w in head.get_weights())
    if hidden:
        x = np.maximum(x @ hidden[0] + hidden[1], 0)
    return x @ kernel + bias


def grad_cam_by_differences(logits_of, maps, step):
    """Grad-CAM with every gradient taken by moving one cell up and down."""
    maps = maps.astype(np.float64)
    gradients = np.zeros((*maps.shape, len(logits_of(maps))))
    for cell in np.ndindex(*maps.shape):
        up, down = maps.copy(), maps.copy()
        up[cell] += step
        down[cell] -= step
        gradients[cell] = (logits_of(up) - logits_of(down)) / (2 * step)
    return np.einsum("hwc,co->hwo", maps, gradients.mean((0, 1)))


# --- Class activation maps ------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_mean_of_a_class_activation_map_plus_the_bias_is_the_logit(outputs):
    spec = HeadSpec("gap", outputs=outputs)
    pool, head = built(spec)
    maps = some_maps(seed=3)
    kernel, bias = head.get_weights()
    found = explain.cam(maps, kernel)
    assert found.shape == (ROWS, COLUMNS, outputs)
    logits = keras.Sequential([pool, head]).predict(maps[np.newaxis], verbose=0)[0]
    np.testing.assert_allclose(found.mean((0, 1)) + bias, logits, atol=1e-5)
    assert found.min() < 0 < found.max()  # signed: what speaks against a class is kept


def test_a_class_activation_map_is_a_1x1_convolution_with_the_weights_of_the_head():
    _, head = built(HEADS["GAP"])
    kernel = head.get_weights()[0]
    by_convolution = tf.nn.conv2d(
        some_maps()[np.newaxis], kernel[np.newaxis, np.newaxis], 1, "SAME"
    )
    np.testing.assert_allclose(explain.cam(some_maps(), kernel), by_convolution[0], atol=1e-5)


def test_only_gap_and_one_dense_layer_have_an_exact_map():
    exact = [name for name, spec in HEADS.items() if explain.is_exact(spec)]
    assert exact == ["GAP"]


# --- Grad-CAM -------------------------------------------------------------------------------------


@every_head
def test_grad_cam_equals_finite_differences(name):
    spec = HEADS[name]
    pool, head = built(spec)
    maps = some_maps()
    found = explain.grad_cam(tf.constant(maps[np.newaxis]), top_of(pool, head))
    expected = grad_cam_by_differences(lambda m: numpy_logits(spec, head, m), maps, step=1e-6)
    assert found.shape == (ROWS, COLUMNS, spec.outputs)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert abs(expected).max() > 1e-2  # a map of zeros would equal many things


def test_with_gap_and_dense_grad_cam_is_the_class_activation_map_by_positions():
    pool, head = built(HEADS["GAP"])
    maps = some_maps()
    found = explain.grad_cam(tf.constant(maps[np.newaxis]), top_of(pool, head))
    exact = explain.cam(maps, head.get_weights()[0])
    np.testing.assert_allclose(found * ROWS * COLUMNS, exact, rtol=1e-4, atol=1e-5)


# --- Backbones ------------------------------------------------------------------------------------


def nested_backbone():
    """A backbone with a model inside, and statistics that inference must use."""
    keras.utils.set_random_seed(5)
    inner = keras.Sequential(
        [
            keras.Input((6, 8, 4)),
            keras.layers.Conv2D(6, 3, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
        ],
        name="inner",
    )
    inputs = keras.Input((6, 8, 3))
    x = inner(keras.layers.Conv2D(4, 3, padding="same")(inputs))
    x = keras.layers.Conv2D(CHANNELS, 3, strides=2, padding="same")(x)
    x = keras.layers.BatchNormalization()(x)
    backbone = keras.Model(inputs, keras.layers.Dropout(0.5)(x))
    rng = np.random.default_rng(6)
    backbone.set_weights(
        [w + abs(rng.normal(size=w.shape).astype(w.dtype)) * 0.2 for w in backbone.get_weights()]
    )
    return backbone


@every_head
@pytest.mark.parametrize("kind", thorough_beyond(["thawed"], ["thawed", "frozen"]))
def test_grad_cam_on_a_nested_backbone_equals_differences_of_the_whole_model(name, kind):
    spec = HEADS[name]
    backbone = nested_backbone()
    backbone.trainable = kind == "thawed"
    pool, head = built(spec)
    image = some_maps((1, 6, 8, 3), seed=7)
    before = [w.copy() for w in backbone.get_weights()]
    maps = backbone(image, training=False)
    found = explain.grad_cam(maps, top_of(pool, head))
    logits = keras.Sequential([backbone, pool, head]).predict(image, verbose=0)[0]
    last = maps.numpy()[0]
    np.testing.assert_allclose(numpy_logits(spec, head, last), logits, atol=1e-4)
    expected = grad_cam_by_differences(lambda m: numpy_logits(spec, head, m), last, step=1e-6)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    for old, new in zip(before, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
