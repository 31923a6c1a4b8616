"""Folds: every image is a test image once in a round, and no image is in two parts of a run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lib.core.errors import DataError
from lib.core.evidence import folds
from lib.core.evidence.folds import NUM_FOLDS

LABELS = np.repeat([0, 1, 2], [120, 60, 33])


@given(some.lists(some.integers(0, 4), min_size=20, max_size=120), some.integers(0, 3))
def test_the_folds_of_a_round_have_every_image_once_and_are_stratified(classes, round_):
    labels = np.array(classes)
    seeds = range(round_ * NUM_FOLDS, (round_ + 1) * NUM_FOLDS)
    tested = [folds.tested(labels, seed) for seed in seeds]
    assert sorted(np.concatenate(tested)) == list(range(len(labels)))
    sizes = [len(each) for each in tested]
    assert max(sizes) - min(sizes) <= 1
    for label in np.unique(labels):
        counts = [int((labels[each] == label).sum()) for each in tested]
        assert max(counts) - min(counts) <= 1


def test_another_round_has_other_folds():
    assert not np.array_equal(folds.tested(LABELS, 0), folds.tested(LABELS, NUM_FOLDS))


@pytest.mark.parametrize("seed", range(2 * NUM_FOLDS))
def test_no_image_is_in_two_parts_of_a_run(seed):
    dealt = folds.deal(LABELS, seed, 100)
    parts = (dealt.train, dealt.validation, dealt.test)
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
    assert len(dealt.train) == 100
    assert len(dealt.validation) == folds.validation_size(100) == 33


def test_fewer_images_are_part_of_more_and_have_the_same_fold():
    few, many = folds.deal(LABELS, 3, 20), folds.deal(LABELS, 3, 100)
    assert set(few.train) < set(many.train)
    assert np.array_equal(few.test, many.test)


def test_training_images_have_the_shares_of_the_classes():
    dealt = folds.deal(LABELS, 0, 71)
    assert np.bincount(LABELS[dealt.train]).tolist() == pytest.approx([40, 20, 11], abs=1)


def test_as_many_images_as_are_left_can_be_used_and_no_more():
    most = folds.most_images(len(LABELS))
    dealt = folds.deal(LABELS, 0, most)
    assert len(dealt.train) + len(dealt.validation) <= len(LABELS) - len(dealt.test)
    with pytest.raises(DataError, match="were asked for"):
        folds.deal(LABELS, 0, most + 2)
