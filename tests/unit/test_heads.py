"""A head has the parameters its arithmetic says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import heads
from lib.core.errors import ConfigError
from lib.core.heads import HeadSpec

# model.summary() of Keras 3.15.1: a head with one output on these feature maps.
GAP_5X5X1280, FLATTEN_5X5X1280 = 1_281, 32_001
GAP_7X7X512, FLATTEN_7X7X512 = 513, 25_089
# VGG16 at 224 px: Flatten, Dense(256), Dense(10).
FLATTEN_256_10_ON_7X7X512 = 6_425_354

shapes = st.tuples(*[st.integers(1, 64)] * 3)


@pytest.mark.parametrize(
    ("head", "shape", "params"),
    [
        (HeadSpec(), (5, 5, 1280), GAP_5X5X1280),
        (HeadSpec("gmp"), (5, 5, 1280), GAP_5X5X1280),
        (HeadSpec("flatten"), (5, 5, 1280), FLATTEN_5X5X1280),
        (HeadSpec(), (7, 7, 512), GAP_7X7X512),
        (HeadSpec("flatten"), (7, 7, 512), FLATTEN_7X7X512),
        (
            HeadSpec("flatten", hidden_units=256, outputs=10),
            (7, 7, 512),
            FLATTEN_256_10_ON_7X7X512,
        ),
    ],
)
def test_parameters_of_a_head_are_those_of_keras(head, shape, params):
    counts = heads.count_params(head, shape)
    assert (counts.total, counts.trainable, counts.non_trainable) == (params, params, 0)


@pytest.mark.parametrize(
    ("shape", "outputs", "params"),
    [
        ((5, 5, 1280), 1, [1_281, 32_001, 32_000 * 256 + 256 + 256 + 1]),
        ((7, 7, 512), 1, [513, 25_089, 25_088 * 256 + 256 + 256 + 1]),
        ((7, 7, 512), 10, [5_130, 250_890, FLATTEN_256_10_ON_7X7X512]),
    ],
)
def test_the_compared_heads_pool_first_and_grow(shape, outputs, params):
    found = [heads.count_params(head, shape).total for head in heads.compared(outputs).values()]
    assert found == params


def test_a_dense_layer_on_four_inputs_with_three_units_has_fifteen_parameters():
    assert heads.dense_params(4, 3) == 15


@given(shapes, st.sampled_from(sorted(heads.POOLINGS)), st.integers(0, 512), st.integers(1, 40))
def test_the_arithmetic_in_words_adds_up(shape, pooling, hidden, outputs):
    head = HeadSpec(pooling, hidden_units=hidden, outputs=outputs)
    rows = heads.arithmetic(head, shape)
    assert len(rows) == (2 if hidden else 1)
    assert heads.count_trainable_tensors(head) == 2 * len(rows)
    for _, words, params in rows:
        product, bias = words.replace(",", "").split(" + ")
        inputs, units = product.split(" x ")
        assert int(inputs) * int(units) + int(bias) == params
    assert sum(params for _, _, params in rows) == heads.count_params(head, shape).total


@given(shapes)
def test_flatten_never_has_fewer_parameters_than_pooling(shape):
    flat = heads.count_params(HeadSpec("flatten"), shape).total
    pooled = heads.count_params(HeadSpec("gap"), shape).total
    assert flat >= pooled
    assert (flat == pooled) == (shape[0] * shape[1] == 1)


def test_two_classes_need_one_logit_and_three_need_three():
    assert [heads.outputs_for(num_classes) for num_classes in (2, 3, 37)] == [1, 3, 37]


@pytest.mark.parametrize("num_classes", [1, 0, -2])
def test_fewer_than_two_classes_are_refused(num_classes):
    with pytest.raises(ConfigError, match="class cannot be told apart from anything") as caught:
        heads.outputs_for(num_classes)
    assert caught.value.next_step == "Use two classes or more."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pooling": "mean"}, "A head cannot pool with 'mean'. Choose one of gap, gmp, flatten."),
        (
            {"outputs": 0},
            "A head of 0 hidden units and 0 outputs cannot be built. "
            "Hidden units start at 0 and outputs at 1.",
        ),
        (
            {"hidden_units": -1},
            "A head of -1 hidden units and 1 outputs cannot be built. "
            "Hidden units start at 0 and outputs at 1.",
        ),
        (
            {"dropout": 1.0},
            "A dropout rate of 1.0 cannot be used. It lies from 0 to below 1.",
        ),
        (
            {"dropout": -0.1},
            "A dropout rate of -0.1 cannot be used. It lies from 0 to below 1.",
        ),
        (
            {"dropout": float("nan")},
            "A dropout rate of nan cannot be used. It lies from 0 to below 1.",
        ),
    ],
)
def test_a_head_that_cannot_be_built_is_refused(fields, words):
    with pytest.raises(ConfigError) as caught:
        HeadSpec(**fields)
    assert caught.value.in_words() == words


def test_the_limits_of_a_head_are_usable():
    assert HeadSpec(hidden_units=0, dropout=0.0, outputs=1).dropout == 0
    assert HeadSpec(dropout=0.999).dropout == 0.999


@pytest.mark.parametrize("shape", [(1280,), (5, 5), (5, 0, 1280), (1, 5, 5, 1280), ()])
def test_a_feature_map_of_another_shape_is_refused(shape):
    with pytest.raises(ConfigError, match=r"feature map of shape \(height, width, channels\)"):
        heads.pooled_shape(HeadSpec(), shape)


def test_one_logit_is_that_of_the_second_class():
    assert heads.softmax([2.0]) == pytest.approx([1 / (1 + np.e**2), 1 / (1 + np.e**-2)])
    assert heads.softmax([[2.0], [0.0]])[:, 1].tolist() == [heads.softmax([2.0])[1], 0.5]


def test_large_logits_give_probabilities_all_the_same():
    assert heads.softmax([1e4, -1e4]).tolist() == [1.0, 0.0]
    assert heads.softmax([[1e4] * 4, [-1e4] * 4]).tolist() == [[0.25] * 4] * 2


def test_every_row_of_logits_has_probabilities_of_its_own():
    logits = np.random.default_rng(0).normal(size=(3, 10)).astype(np.float32)
    of_all = heads.softmax(logits)
    assert of_all.dtype == np.float64
    assert [row.tolist() for row in of_all] == [heads.softmax(row).tolist() for row in logits]
