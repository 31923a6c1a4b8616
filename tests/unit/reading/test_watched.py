"""The validation images that a run watches."""

from dataclasses import asdict

import numpy as np
import pytest

from lib.core.reading import watched
from lib.core.runs import MAX_WATCHED, EpochRecord

EPOCH = EpochRecord(1, "feature_extraction", 0.5, 0.8, 0.6, 0.7, 1e-3, 0.1, right="110")


def test_every_class_is_watched_as_evenly_as_its_images_allow():
    labels = np.array([0] * 30 + [1] * 2 + [2] * 30)
    chosen = watched.choose(labels)
    assert np.bincount(labels[chosen]).tolist() == [5, 2, 5]
    assert len(set(chosen.tolist())) == MAX_WATCHED


def test_of_more_classes_than_places_the_first_images_are_watched():
    assert watched.choose(np.arange(20)).tolist() == list(range(MAX_WATCHED))
    assert watched.choose([]).tolist() == []


@pytest.mark.parametrize("right", ["2", "1" * (MAX_WATCHED + 1), "<b>", 1])
def test_an_epoch_with_answers_that_cannot_be_is_refused(right):
    assert EpochRecord.from_dict(asdict(EPOCH)) == EPOCH
    with pytest.raises(TypeError, match="right of an epoch"):
        EpochRecord.from_dict(asdict(EPOCH) | {"right": right})


def test_an_epoch_of_an_earlier_version_watches_nothing():
    values = asdict(EPOCH)
    del values["right"]
    assert EpochRecord.from_dict(values).right == ""
