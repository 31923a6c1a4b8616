"""Pooling keeps one number a channel, and a class activation map says where it came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.core import pooling

numbers = st.floats(-1e3, 1e3, width=32)
maps_4d = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=4, max_dims=4, max_side=4), elements=numbers
)

# Two positions, two channels, by hand: averages (1 + 3) / 2 and (10 + 30) / 2.
WORKED = np.array([[[[1.0, 10.0], [3.0, 30.0]]]])


def test_the_worked_example_is_right():
    assert pooling.global_average_pool(WORKED).tolist() == [[2.0, 20.0]]
    assert pooling.global_max_pool(WORKED).tolist() == [[3.0, 30.0]]
    assert pooling.class_activation_map(WORKED, [[1.0], [0.5]]).tolist() == [[[[6.0], [18.0]]]]


@given(maps_4d)
def test_the_average_lies_between_the_extremes_and_the_maximum_is_one_of_the_values(maps):
    average, largest = pooling.global_average_pool(maps), pooling.global_max_pool(maps)
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    assert average.shape == largest.shape == (maps.shape[0], maps.shape[-1])
    assert (average <= largest + 1e-9).all()
    assert (average >= flat.min(axis=1) - 1e-9).all()
    assert (flat == largest[:, None, :]).any(axis=1).all()


@given(maps_4d, st.randoms(use_true_random=False))
def test_where_something_lies_does_not_change_what_is_pooled(maps, chance):
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    order = list(range(flat.shape[1]))
    chance.shuffle(order)
    moved = flat[:, order].reshape(maps.shape)
    np.testing.assert_allclose(
        pooling.global_average_pool(moved), pooling.global_average_pool(maps), atol=1e-9
    )
    np.testing.assert_array_equal(pooling.global_max_pool(moved), pooling.global_max_pool(maps))


@given(maps_4d, st.data())
def test_the_average_of_the_activation_map_is_the_logit_without_its_bias(maps, data):
    kernel = data.draw(hnp.arrays(np.float64, (maps.shape[-1], 3), elements=numbers))
    logits = pooling.global_average_pool(maps) @ kernel
    averages = pooling.class_activation_map(maps, kernel).mean(axis=(1, 2))
    np.testing.assert_allclose(averages, logits, atol=1e-6, rtol=1e-9)


def test_pixels_are_averaged_without_running_over():
    white = np.full((1, 40, 40, 3), 255, np.uint8)
    assert pooling.global_average_pool(white).tolist() == [[255.0] * 3]


@pytest.mark.parametrize("pool", [pooling.global_average_pool, pooling.global_max_pool])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 0, 4, 8), (0, 1, 1, 1), (1, 1, 1, 1, 1)])
def test_what_is_no_feature_map_is_refused(pool, shape):
    with pytest.raises(ValueError, match="Expected feature maps of shape") as caught:
        pool(np.zeros(shape))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("shape", [(3, 1), (2,), (1, 2, 1)])
def test_weights_that_do_not_fit_the_channels_are_refused(shape):
    with pytest.raises(ValueError, match=r"Expected weights of shape \(2, classes\); received"):
        pooling.class_activation_map(WORKED, np.zeros(shape))


@pytest.mark.parametrize(
    "wrong", [[[[[1.0], [2.0]], [[3.0]]]], [[[["a"]]]], [[[[None]]]], [[[[1j]]]]]
)
def test_what_is_no_block_of_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="Expected feature maps of numbers in even rows; received"):
        pooling.global_average_pool(wrong)


def test_flatten_keeps_every_value_position_by_position():
    assert pooling.flatten(WORKED).tolist() == [[1.0, 10.0, 3.0, 30.0]]


@given(maps_4d)
def test_flatten_can_be_undone(maps):
    np.testing.assert_array_equal(pooling.flatten(maps).reshape(maps.shape), maps)


def test_the_logit_of_the_worked_example_by_hand():
    averages = pooling.global_average_pool(WORKED)
    assert pooling.logits(averages, [[1.0], [0.5]], [3.0]).tolist() == [[15.0]]


@pytest.mark.parametrize(
    ("vectors", "weights", "bias", "words"),
    [
        ([1.0], [[1.0]], [0.0], r"vectors of shape \(batch, inputs\); received shape \(1,\)"),
        ([[1.0, 2.0]], [[1.0]], [0.0], r"weights of shape \(2, classes\); received \(1, 1\)"),
        ([[1.0]], [[1.0]], [0.0, 1.0], r"bias of shape \(1,\); received \(2,\)"),
        ([[1.0]], [[1.0]], 0.0, r"bias of shape \(1,\); received \(\)"),
    ],
)
def test_a_dense_layer_that_does_not_fit_is_refused(vectors, weights, bias, words):
    with pytest.raises(ValueError, match=words):
        pooling.logits(vectors, weights, bias)
