"""Every strategy freezes what it says, and every situation gets a recommendation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import backbones, freezing, strategies
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.core.strategies import LARGE_NUM_IMAGES, SIMILAR, Situation

LAYERS = backbones.load_layer_table("mobilenet_v2")
TOP = FreezePlan.from_layer(LAYERS, "block_11_expand")

# EfficientNet-Lite0, 96 px, validation accuracy after head only, top layers, everything: what
# was measured before the first line was written. Each row: images, similarity, winner.
SMALL_AND_SIMILAR = Situation(180, similarity=0.7)  # .917 .917 .883
LARGE_AND_DISSIMILAR = Situation(1_000, similarity=0.1)  # .737 .800 .823


@pytest.mark.parametrize("batch_norm", ["frozen", "thawed", "tutorial"])
def test_feature_extraction_freezes_everything_and_from_scratch_nothing(batch_norm):
    plan = strategies.final_plan("feature_extraction", LAYERS, "", batch_norm)
    assert plan == FreezePlan.all(LAYERS)
    plan = strategies.final_plan("from_scratch", LAYERS, "", batch_norm)
    assert plan == FreezePlan.none()


@pytest.mark.parametrize("batch_norm", ["thawed", "tutorial"])
def test_batch_normalization_is_thawed_with_its_neighbours_where_that_is_asked(batch_norm):
    assert (
        strategies.final_plan("partial_fine_tuning", LAYERS, "block_11_expand", batch_norm) == TOP
    )
    assert strategies.final_plan("full_fine_tuning", LAYERS, "", batch_norm) == FreezePlan.none()


def test_batch_normalization_stays_frozen_by_default():
    partial = strategies.final_plan("partial_fine_tuning", LAYERS, "block_11_expand", "frozen")
    full = strategies.final_plan("full_fine_tuning", LAYERS, "", "frozen")
    for plan in (partial, full):
        assert all(plan.is_frozen(row) for row in LAYERS if row.is_batch_norm)
        assert freezing.moving_statistics(LAYERS, plan) == 0
    assert partial == TOP.with_batch_norm_frozen(LAYERS)


def test_an_unknown_strategy_is_refused_and_the_known_ones_are_named():
    for refuse in (
        lambda: strategies.get("freeze"),
        lambda: strategies.final_plan("freeze", LAYERS, "", "frozen"),
    ):
        with pytest.raises(ConfigError) as caught:
            refuse()
        assert caught.value.in_words() == (
            "Thaw has no strategy called 'freeze'. Choose one of: feature_extraction, "
            "partial_fine_tuning, full_fine_tuning, from_scratch."
        )


def test_partial_fine_tuning_from_an_unknown_layer_is_refused():
    with pytest.raises(ConfigError, match="no layer called 'block_99'"):
        strategies.final_plan("partial_fine_tuning", LAYERS, "block_99", "frozen")


# --- Recommendations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_images", "similarity", "strategy"),
    [
        (LARGE_NUM_IMAGES, SIMILAR, "partial_fine_tuning"),
        (LARGE_NUM_IMAGES, SIMILAR - 0.01, "full_fine_tuning"),
        (LARGE_NUM_IMAGES - 1, SIMILAR, "feature_extraction"),
        (LARGE_NUM_IMAGES - 1, SIMILAR - 0.01, "partial_fine_tuning"),
        (1, 0.0, "partial_fine_tuning"),
        (10**7, 1.0, "partial_fine_tuning"),
    ],
)
def test_both_sides_of_each_threshold(num_images, similarity, strategy):
    assert strategies.recommend(Situation(num_images, similarity)).strategy == strategy


def test_the_rule_agrees_with_what_was_measured():
    assert strategies.recommend(SMALL_AND_SIMILAR).strategy == "feature_extraction"
    assert strategies.recommend(LARGE_AND_DISSIMILAR).strategy == "full_fine_tuning"


@given(st.integers(1, 10**9), st.floats(0, 1), st.integers(2, 1_000))
def test_every_situation_gets_a_known_strategy_with_reason_caveat_and_source(
    images, alike, classes
):
    advice = strategies.recommend(Situation(images, alike, classes))
    assert strategies.get(advice.strategy).pretrained
    assert advice.reason.endswith(".")
    assert advice.caveat.endswith(".")
    assert advice.source


@pytest.mark.parametrize(
    "fields",
    [(0, 0.5), (-1, 0.5), (10, -0.01), (10, 1.01), (10, float("nan")), (10, 0.5, 1)],
)
def test_what_is_no_situation_is_refused(fields):
    with pytest.raises(ConfigError, match="is not a situation") as caught:
        Situation(*fields)
    assert "at least one image" in caught.value.next_step
