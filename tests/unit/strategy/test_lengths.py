"""How long and on which images a recommended run trains follows the number of images."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import backbones, datasets
from lib.core.config import MAX_EPOCHS
from lib.core.strategy import judgement, lengths, recipes
from lib.core.strategy.lengths import Work
from lib.core.strategy.rule import Situation, recommend
from lib.core.uploads.own_datasets import OwnSpec

HEAD = Work("efficientnet_lite0", "feature_extraction", "", 26, 14, 0)


@given(st.integers(1, 10**6))
def test_a_thawed_phase_has_time_for_enough_steps_and_patience_for_some(num_images):
    batch = lengths.batch_size(num_images)
    steps = lengths.steps_an_epoch(num_images, batch)
    assert lengths.SMALLEST_BATCH <= batch <= lengths.LARGEST_BATCH
    epochs = lengths.thawed_epochs(num_images, batch)
    assert epochs * steps >= lengths.THAWED_STEPS
    assert lengths.THAWED_EPOCHS <= epochs <= MAX_EPOCHS
    assert lengths.patience(num_images, batch) * steps >= lengths.PATIENCE_STEPS
    assert lengths.patience(num_images, batch) < epochs


def test_forty_photographs_have_the_published_size_a_solved_head_and_seconds():
    advice = recommend(Situation(26, similarity=0.9))
    assert (advice.image_size, advice.head_solver, advice.head_steps) == (224, "solved", None)
    assert advice.batch_size == 8
    assert advice.seconds < 15


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_a_larger_size_takes_longer_and_the_largest_that_fits_is_chosen(backbone):
    work = Work(backbone, "full_fine_tuning", "", 1_000, 740, 20)
    sizes = lengths.image_sizes(backbone)
    took = [lengths.seconds(work, size) for size in sizes]
    assert took == sorted(took)
    assert sizes[-1] == backbones.get(backbone).published_size
    for size, seconds in zip(sizes, took, strict=True):
        assert lengths.image_size(work, seconds / 60) == size
    assert lengths.image_size(work, 0.01) == sizes[0]


def test_thawing_and_more_images_take_longer():
    thawed = replace(HEAD, strategy="full_fine_tuning", thawed_epochs=20)
    assert lengths.seconds(thawed, 224) > lengths.seconds(HEAD, 224)
    assert lengths.seconds(replace(HEAD, num_images=200), 224) > lengths.seconds(HEAD, 224)


# --- How it is judged -----------------------------------------------------------------------------


def own(num_images, num_given=()):
    return OwnSpec(
        id="images-0123456789ab",
        title="Pets",
        version="0" * 64,
        num_images=num_images,
        class_names=("cat", "dog"),
        licence="",
        attribution="",
        source="",
        about="",
        num_given=num_given,
    )


@pytest.mark.parametrize(
    ("dataset", "strategy", "judged_by"),
    [
        (own(40), "feature_extraction", "cross_validation"),
        (own(judgement.FEW_IMAGES), "feature_extraction", "cross_validation"),
        (own(judgement.FEW_IMAGES + 1), "feature_extraction", "test_images"),
        (own(40), "partial_fine_tuning", "test_images"),
        (own(40, (20, 10, 10)), "feature_extraction", "test_images"),
        (datasets.get("openmoji_animals_food"), "feature_extraction", "test_images"),
    ],
)
def test_few_images_of_ones_own_without_splits_are_cross_validated(dataset, strategy, judged_by):
    assert judgement.judged_by(dataset, strategy) == judged_by


def test_the_recommended_run_of_forty_own_images_is_solved_and_cross_validated():
    advice = recommend(Situation(26, similarity=0.9))
    backbone = backbones.get("efficientnet_lite0")
    config = recipes.config(advice, own(40), backbone, num_images=26, seed=1, image_size=160)
    assert (config.head_solver, config.judged_by) == ("solved", "cross_validation")
    assert (config.num_images, config.image_size) == (26, 160)
