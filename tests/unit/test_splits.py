"""Splits are disjoint, stratified and nested, whatever the labels are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import splits
from lib.core.errors import DataError

# Classes of 30 to 200 images: large enough for every split to get its share of each.
class_sizes = st.lists(st.integers(30, 200), min_size=2, max_size=5)
seeds = st.integers(0, 2**32 - 1)


def labels_of(sizes: list[int], order_seed: int) -> np.ndarray:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(order_seed).permutation(labels)


@given(class_sizes, seeds, seeds)
def test_no_image_is_in_two_splits_and_all_are_in_one(sizes, order_seed, seed):
    labels = labels_of(sizes, order_seed)
    parts = splits.split(labels, splits.max_train_images(len(labels)), seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(labels)))


@given(class_sizes, seeds, seeds)
def test_every_split_has_the_classes_in_their_overall_shares(sizes, order_seed, seed):
    labels = labels_of(sizes, order_seed)
    parts = splits.split(labels, splits.max_train_images(len(labels)), seed)
    for part in (parts.train, parts.validation, parts.test):
        counts = np.bincount(labels[part], minlength=len(sizes))
        expected = np.array(sizes) * len(part) / len(labels)
        # Each class is cut at two places, and each cut rounds by one image at most.
        assert np.abs(counts - expected).max() <= 2


@given(class_sizes, seeds, st.data())
def test_fewer_training_images_are_part_of_more(sizes, seed, data):
    labels = labels_of(sizes, 0)
    available = splits.max_train_images(len(labels))
    more = data.draw(st.integers(20, available))
    fewer = data.draw(st.integers(20, more))
    assert set(splits.split(labels, fewer, seed).train) <= set(
        splits.split(labels, more, seed).train
    )


@given(seeds, seeds)
def test_all_runs_share_their_validation_and_test_images(seed, other):
    labels = [0, 1] * 120
    one, two = splits.split(labels, 40, seed), splits.split(labels, 100, other)
    assert np.array_equal(one.validation, two.validation)
    assert np.array_equal(one.test, two.test)


def test_the_seed_chooses_the_training_images():
    labels = [0, 1] * 120
    one, two = splits.split(labels, 40, 1), splits.split(labels, 40, 2)
    assert set(one.train) != set(two.train)
    assert np.array_equal(one.train, splits.split(labels, 40, 1).train)


@pytest.mark.parametrize(
    ("num_images", "held_out"), [(240, 40), (2_223, 370), (2_400, 400), (23_262, 400)]
)
def test_a_sixth_is_held_out_but_400_at_most(num_images, held_out):
    assert splits.evaluation_size(num_images) == held_out
    assert splits.max_train_images(num_images) == num_images - 2 * held_out


def test_every_available_image_can_be_asked_for_and_not_one_more():
    labels = [0, 1] * 120
    assert splits.split(labels, 160, 1).sizes == {"train": 160, "validation": 40, "test": 40}
    with pytest.raises(DataError, match="161 training images were asked for and there are 160"):
        splits.split(labels, 161, 1)


@pytest.mark.parametrize("num_images", [0, -5])
def test_no_training_images_are_refused(num_images):
    with pytest.raises(DataError, match=f"^{num_images} training images were asked for"):
        splits.split([0, 1] * 120, num_images, 1)


def test_a_class_too_small_for_the_split_is_named():
    labels = [0] * 100 + [1] * 2
    with pytest.raises(DataError, match="The class 'dogs' has no image among the 17 test images"):
        splits.split(labels, 68, 1, ["cats", "dogs"])


def test_one_training_image_cannot_show_two_classes():
    with pytest.raises(DataError, match="has no image among the 1 training images"):
        splits.split([0, 1] * 120, 1, 1)


@pytest.mark.parametrize("num_classes", [*range(2, 21), 25, 31, 38, 44, 50])
@pytest.mark.parametrize("each", range(6, 13))
def test_six_images_of_each_class_are_enough_for_every_part(num_classes, each):
    labels = np.repeat(np.arange(num_classes), each)
    parts = splits.split(labels, splits.max_train_images(len(labels)), seed=1)
    for part in (parts.train, parts.validation, parts.test):
        assert set(labels[part]) == set(range(num_classes))


# --- Datasets with a split of their own -----------------------------------------------------------


def given_by(train: int, validation: int, test: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of two classes and the split of each image, in any order."""
    counts = {splits.TRAIN: train, splits.VALIDATION: validation, splits.TEST: test}
    given = np.repeat(list(counts), list(counts.values()))
    order = np.random.default_rng(1).permutation(len(given))
    return (np.arange(len(given)) % 2)[order], given[order]


@pytest.mark.parametrize("counts", [(60, 20, 30), (60, 0, 30), (60, 20, 0), (600, 2, 500)])
def test_every_image_stays_in_the_split_it_is_given_to(counts):
    labels, given = given_by(*counts)
    assert splits.counts_of(given) == counts
    most = splits.max_train_images(len(labels), counts)
    parts = splits.split(labels, most, 1, given=given)
    lacking = counts[0] // 6 if 0 in counts else 0
    assert most == len(parts.train) == counts[0] - lacking
    assert len(parts.validation) == (counts[1] or lacking)
    assert len(parts.test) == (counts[2] or lacking)
    assert set(given[parts.train]) == {splits.TRAIN}
    for part, use in ((parts.validation, splits.VALIDATION), (parts.test, splits.TEST)):
        assert set(given[part]) == {use if counts[use] else splits.TRAIN}
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(labels)))


def test_the_seed_chooses_only_among_the_training_images_that_are_given():
    labels, given = given_by(60, 0, 30)
    one, other = (splits.split(labels, 20, seed, given=given) for seed in (1, 2))
    assert list(one.train) != list(other.train)
    assert list(one.validation) == list(other.validation)
    assert list(one.test) == list(other.test)


def test_more_training_images_than_are_given_are_refused():
    labels, given = given_by(60, 20, 30)
    with pytest.raises(DataError, match="61 training images were asked for and there are 60: 20"):
        splits.split(labels, 61, 1, given=given)
