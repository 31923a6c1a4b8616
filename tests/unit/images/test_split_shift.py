"""Two sets of images that differ are told apart, and two that do not are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.images import split_shift
from lib.core.images.split_shift import area_under_roc, separability


def features(num_images, seed, channels=64):
    """Vectors as a backbone makes them: correlated, never negative."""
    mixing = np.random.default_rng(99).normal(size=(channels, channels))
    raw = np.random.default_rng(seed).normal(size=(num_images, channels))
    return np.maximum(raw @ (mixing * np.linspace(1, 0.05, channels)[:, None]), 0)


@pytest.mark.parametrize("sizes", [(20, 40), (160, 40)])
def test_sets_drawn_alike_are_not_told_apart(sizes):
    held, away = 0, 0
    for seed in range(40):
        vectors = features(sum(sizes), seed)
        found = separability(vectors[: sizes[0]], vectors[sizes[0] :], seed)
        held += found.low <= 0.5 <= found.high
        away += found.low > 0.6
    # 95 % intervals: 38 of 40 expected, fewer than 34 in one of 70 tries.
    assert held >= 34
    assert away == 0


@pytest.mark.parametrize("change", [lambda x: x * 1.5, lambda x: x + 3, lambda x: -x])
def test_a_set_that_was_changed_is_told_apart(change):
    vectors = features(200, 1)
    found = separability(vectors[:160], change(vectors[160:]))
    assert found.low > 0.6
    assert found.low < found.auc <= found.high


def test_the_same_seed_gives_the_same_answer():
    vectors = features(60, 2)
    first = separability(vectors[:20], vectors[20:], seed=5)
    assert separability(vectors[:20], vectors[20:], seed=5) == first
    assert separability(vectors[:20], vectors[20:], seed=6) != first


def test_channels_that_never_change_say_nothing():
    vectors = features(60, 3)
    with_constant = np.concatenate([vectors, np.full((60, 5), 7.0)], axis=1)
    plain = separability(vectors[:20], vectors[20:])
    assert separability(with_constant[:20], with_constant[20:]).auc == pytest.approx(plain.auc)
    still = separability(np.ones((20, 4)), np.ones((20, 4)))
    assert (still.auc, still.low < 0.5 < still.high) == (0.5, True)


def test_a_wider_set_of_images_narrows_the_interval():
    def width(num_images):
        vectors = features(2 * num_images, 4)
        found = separability(vectors[:num_images], vectors[num_images:])
        return found.high - found.low

    assert width(200) < width(50) < width(20)


@pytest.mark.parametrize(
    ("train", "validation", "words"),
    [
        (np.ones((9, 4)), np.ones((20, 4)), "at least 10 images"),
        (np.ones((20, 4)), np.ones((20, 5)), "of equal channels"),
        (np.ones(20), np.ones(20), "num_images, channels"),
        (np.full((20, 4), np.nan), np.ones((20, 4)), "finite"),
    ],
)
def test_vectors_that_cannot_be_used_are_refused(train, validation, words):
    with pytest.raises(ValueError, match=words):
        separability(train, validation)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_the_share_of_pairs_in_the_right_order(rows):
    positive = [score for score, truth in rows if truth]
    negative = [score for score, truth in rows if not truth]
    if positive and negative:
        right = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
        expected = right / (len(positive) * len(negative))
        scores, truths = zip(*rows, strict=True)
        assert area_under_roc(scores, truths) == pytest.approx(expected)


@pytest.mark.parametrize("auc", [0.5, 0.7, 0.95, 1.0])
def test_the_ends_of_the_interval_are_as_far_as_their_own_errors_say(auc):
    low, high = split_shift._auc_interval(auc, 50, 30)
    assert 0 < low < auc <= high <= 1
    for end in (low, high):
        if end < 1:
            # Newcombe's variance, written out once more.
            spread = 1 + 39 * ((1 - end) / (2 - end) + end / (1 + end))
            error = np.sqrt(split_shift.VARIANCE_FACTOR * end * (1 - end) * spread / 1500)
            assert abs(auc - end) == pytest.approx(1.96 * error, rel=1e-3)
