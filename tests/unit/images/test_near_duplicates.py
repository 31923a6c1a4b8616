"""The same picture twice: hashes find it, pixels decide, and splits say whether it harms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import splits
from lib.core.images import near_duplicates
from lib.core.images.near_duplicates import ALIKE, COPY, SAME, Pair

hashes = st.lists(st.integers(0, 2**64 - 1), max_size=40)


@given(hashes, st.integers(0, 64))
def test_pairs_are_those_a_double_loop_finds(values: list[int], most: int) -> None:
    expected = [
        [first, second, (values[first] ^ values[second]).bit_count()]
        for first in range(len(values))
        for second in range(first + 1, len(values))
        if (values[first] ^ values[second]).bit_count() <= most
    ]
    assert near_duplicates.close_pairs(values, most).tolist() == expected


def test_pairs_reach_across_chunks() -> None:
    values = np.arange(near_duplicates.CHUNK + 2, dtype=np.uint64) << np.uint64(32)
    values[-1] = values[0]
    assert near_duplicates.close_pairs(values, 0).tolist() == [[0, len(values) - 1, 0]]


@pytest.mark.parametrize(
    ("bits", "found"), [(near_duplicates.MAX_DISTANCE, 1), (near_duplicates.MAX_DISTANCE + 1, 0)]
)
def test_the_threshold_is_met_and_not_passed(bits: int, found: int) -> None:
    assert len(near_duplicates.close_pairs([0, 2**bits - 1])) == found


def test_correlation_is_that_of_numpy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 8, 8, 3))
    expected = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert near_duplicates.correlation(first, second) == pytest.approx(expected)


def test_brightness_and_contrast_do_not_matter_and_a_negative_does() -> None:
    picture = np.arange(75).reshape(5, 5, 3)
    assert near_duplicates.correlation(picture, 20 + picture / 2) == pytest.approx(1)
    assert near_duplicates.correlation(picture, 255 - picture) == pytest.approx(-1)


def test_pictures_of_one_colour_say_nothing_unless_they_are_equal() -> None:
    white, black = np.full((4, 4, 3), 255), np.zeros((4, 4, 3))
    assert near_duplicates.correlation(white, black) == 0
    assert near_duplicates.correlation(white, white) == 1


def test_only_the_same_picture_in_two_splits_is_warned_of() -> None:
    parts = splits.Splits(np.array([0, 1, 2, 8]), np.array([3, 4]), np.array([5, 6]))
    harmless = [Pair(0, 1, 0, SAME), Pair(2, 3, 0, ALIKE), Pair(3, 7, 0, SAME)]
    harmful = [Pair(0, 3, 0, SAME), Pair(4, 5, 2, COPY)]
    assert near_duplicates.across([*harmless, *harmful], parts) == (
        (harmful[0], "training", "validation"),
        (harmful[1], "validation", "test"),
    )


def test_a_test_image_counts_once_however_many_training_images_are_like_it() -> None:
    parts = splits.Splits(np.array([0, 1, 2]), np.array([3]), np.array([4, 5]))
    pairs = [
        Pair(0, 4, 2, ALIKE),
        Pair(1, 4, 2, ALIKE),
        Pair(2, 5, 0, COPY),
        Pair(3, 5, 2, ALIKE),
        Pair(4, 5, 2, ALIKE),
    ]
    assert near_duplicates.trained_alike(pairs, parts) == 1


def test_of_very_many_close_pairs_the_closest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MAX_PAIRS", 3)
    # Distances: 0 between the two zeros, 1 to the one, 2 or more to the rest.
    found = near_duplicates.close_pairs([0, 0b111, 0, 0b1])
    assert found.tolist() == [[0, 2, 0], [0, 3, 1], [2, 3, 1]]
