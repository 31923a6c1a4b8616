"""A worker judges a head at several sizes, on every image or without those that judge a run."""

import numpy as np
import pytest

from lib.core import splits
from lib.core.strategy import judgement
from lib.training.answers import judge
from lib.training.sources import tfds

SIZES = (32, 64)


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_a_judgement_compares_sizes_on_the_images_it_may_see(whole):
    found = judgement.from_dict(judge.judge("openmoji_animals_food", sizes=SIZES, whole=whole))
    labels = tfds.source("openmoji_animals_food").labels
    test = splits.split(labels, 160, 0).test
    seen = found.answers.index
    assert found.num_images == (240 if whole else 200)
    assert bool(np.isin(test, seen).any()) is whole
    assert np.array_equal(found.answers.label, labels[seen])
    assert tuple(each.image_size for each in found.sizes) == SIZES
    small, published = found.sizes
    # Drawings of 32 pixels are hardly drawings.
    assert small.loss > published.loss
    assert found.image_size == 64
    assert found.num_correct == found.answers.num_correct
    assert 0.7 < found.accuracy < 1
    assert found.curve[0].num_images < found.curve[-1].num_images == found.num_images * 4 // 5
    assert found.forecast.num_images == 2 * found.num_images
    assert found.forecast.accuracy >= found.curve[-1].accuracy
    assert found.seconds > 0
