"""Every strategy freezes what it says."""

import pytest

from lib.core import backbones, freezing, runs, strategies
from lib.core.config import MAX_EPOCHS, SOLVED_EPOCHS
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.core.strategy import recipes, rule

LAYERS = backbones.load_layer_table("mobilenet_v2")
TOP = FreezePlan.from_layer(LAYERS, "block_11_expand")


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


@pytest.mark.parametrize("strategy", ["partial_fine_tuning", "full_fine_tuning"])
def test_only_the_head_learns_before_fine_tuning(strategy):
    asked = (strategy, LAYERS, "block_11_expand", "frozen")
    assert strategies.phase_plan("feature_extraction", *asked) == FreezePlan.all(LAYERS)
    assert strategies.phase_plan("fine_tuning", *asked) == strategies.final_plan(*asked)
    assert strategies.phase_plan("fine_tuning", *asked) != FreezePlan.all(LAYERS)


def test_gradual_fine_tuning_thaws_the_top_layers_and_then_everything():
    config = runs.make_config(backbone="mobilenet_v2", strategy="gradual_fine_tuning")
    top, rest = (phase for phase in config.phases if phase.name == "fine_tuning")
    assert (top.step, top.thaw_from, rest.step, rest.thaw_from) == (1, "block_11_expand", 2, "")

    def plan(phase):
        return strategies.phase_plan(phase.name, config.strategy, LAYERS, phase.thaw_from, "thawed")

    assert plan(top) == TOP
    assert plan(rest) == FreezePlan.none()
    assert plan(rest) == strategies.final_plan(config.strategy, LAYERS, config.thaw_from, "thawed")


def test_gradual_fine_tuning_may_multiply_the_rate_of_its_second_step():
    config = runs.make_config(strategy="gradual_fine_tuning", step_rate_factor=0.1)
    rates = [phase.learning_rate for phase in config.phases]
    assert rates == pytest.approx([1e-3, 1e-4, 1e-5])


def test_an_unknown_strategy_is_refused_and_the_known_ones_are_named():
    for refuse in (
        lambda: strategies.get("freeze"),
        lambda: strategies.final_plan("freeze", LAYERS, "", "frozen"),
    ):
        with pytest.raises(ConfigError) as caught:
            refuse()
        assert caught.value.in_words() == (
            "Thaw has no strategy called 'freeze'. Choose one of: feature_extraction, "
            "partial_fine_tuning, full_fine_tuning, gradual_fine_tuning, from_scratch."
        )


def test_partial_fine_tuning_from_an_unknown_layer_is_refused():
    with pytest.raises(ConfigError, match="no layer called 'block_99'"):
        strategies.final_plan("partial_fine_tuning", LAYERS, "block_99", "frozen")


def test_other_programs_find_the_rule_here():
    assert strategies.recommend is rule.recommend
    assert strategies.Situation is rule.Situation
    assert strategies.Recommendation is rule.Recommendation


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("num_images", [1, 10, 200, 1_000])
def test_the_steps_of_gradual_fine_tuning_share_the_epochs_of_a_thawed_phase(num_images, noisy):
    asked = (num_images, "efficientnet_lite0")
    gradual, full = (
        recipes.settings(strategy, layer, *asked, noisy=noisy)
        for strategy, layer in (
            ("gradual_fine_tuning", "block_11_expand_conv"),
            ("full_fine_tuning", ""),
        )
    )
    assert 0 <= 2 * gradual["fine_tune_epochs"] - full["fine_tune_epochs"] <= 1
    assert gradual["head_epochs"] >= 1
    assert 2 * gradual["fine_tune_epochs"] + gradual["head_epochs"] <= MAX_EPOCHS + SOLVED_EPOCHS
