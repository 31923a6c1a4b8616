"""A fault is a setting that nobody sets by accident, and that says what it does."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lib.core import runs
from lib.core.backbones import BACKBONES, BUILT_IN
from lib.core.broken import faults, inputs
from lib.core.broken.faults import FAULTS
from lib.core.config import SETTINGS
from lib.core.errors import ConfigError
from lib.core.runs import TrainConfig
from lib.core.settings import Group
from lib.ui import state

# A run that can have each fault: what it asks for besides the defaults.
SCRATCH = {"strategy": "from_scratch"}
HOW: dict[str, dict[str, Any]] = {"slow_statistics": SCRATCH}
# A run that was recorded before there were faults.
RECORDED_ID = "0a054f2598a7c7af"
# A run that cannot, and what is said instead.
CANNOT: dict[str, tuple[dict[str, Any], str]] = {
    "thawed_together": ({"strategy": "feature_extraction"}, "does not fine-tune"),
    "batch_norm_thawed": ({"batch_norm": "thawed"}, "thawed already"),
    "never_compiled": ({"strategy": "gradual_fine_tuning"}, "several steps"),
    "labels_shifted": (
        {"strategy": "feature_extraction", "head_solver": "solved"}
        | {"judged_by": "cross_validation"},
        "cross-validated",
    ),
    "rate_too_low": ({"strategy": "feature_extraction", "head_solver": "solved"}, "is solved"),
    "flatten_head": ({"pooling": "flatten"}, "one already"),
    "random_backbone": (SCRATCH, "has none"),
    "slow_statistics": ({}, "random weights"),
}


def broken(fault: str, **asked: Any) -> TrainConfig:
    return runs.make_config(fault=fault, **HOW.get(fault, {}) | asked)


def test_a_run_without_a_fault_is_what_it_was_before_there_were_faults() -> None:
    assert "fault" not in runs.make_config().to_dict()
    assert runs.run_id(runs.make_config(num_images=160, image_size=128, seed=0)) == RECORDED_ID


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_part_of_the_id_and_of_nothing_else(fault: str) -> None:
    config = broken(fault)
    assert json.loads(config.to_json())["fault"] == fault
    assert runs.run_id(config) != runs.run_id(config.mended)
    assert config.mended == replace(config, fault="")
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("fault", FAULTS)
def test_what_acts_is_settled_once(fault: str) -> None:
    acting = broken(fault).acting
    assert acting.acting == acting
    assert acting.phases == broken(fault).phases
    assert acting.fault == (fault if FAULTS[fault].is_acted else "")


@pytest.mark.parametrize("fault", [each.id for each in FAULTS.values() if not each.is_acted])
def test_a_fault_that_is_only_settings_is_a_run_like_any_other_with_them(fault: str) -> None:
    config = broken(fault)
    assert config.acting != config.mended
    runs.check(config.acting, config.num_images)


@pytest.mark.parametrize("fault", CANNOT)
def test_a_run_that_cannot_have_a_fault_is_refused_with_the_reason(fault: str) -> None:
    asked, reason = CANNOT[fault]
    with pytest.raises(ConfigError, match=reason) as caught:
        runs.make_config(fault=fault, **asked)
    assert caught.value.next_step
    runs.make_config(**asked)


def test_every_reason_to_refuse_is_met_by_one_of_these_runs() -> None:
    said = set()
    for fault, (asked, _) in CANNOT.items():
        refusal = faults.refusal(fault, vars(runs.make_config(**asked)))
        assert refusal
        said.add(refusal.message)
    # A run that fine-tunes without a head phase is the last one.
    no_head = runs.make_config(strategy="full_fine_tuning", head_epochs=0)
    with pytest.raises(ConfigError, match="does not train it first") as caught:
        runs.make_config(strategy="full_fine_tuning", head_epochs=0, fault="never_compiled")
    assert no_head.fine_tune_epochs
    assert said | {caught.value.message} == {words for _, words, _ in faults.NEEDS.values()}


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ConfigError, match="no fault called"):
        runs.make_config(fault="horoscope")
    with pytest.raises(ConfigError, match="no fault called"):
        faults.get("horoscope")


def test_no_link_and_no_form_of_the_lab_carries_a_fault() -> None:
    assert SETTINGS["fault"].group is Group.COMMAND_LINE
    assert "fault" not in state.LAB_PARAMETERS.values()
    assert "seed" in state.LAB_PARAMETERS.values()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_says_what_it_is_in_plain_words(fault: str) -> None:
    each = FAULTS[fault]
    assert not each.name.endswith(".")
    assert each.does.endswith(".")
    assert each.broken != each.mended
    assert re.fullmatch(r"[a-z_]+", each.id)


# --- Settings that a fault changes ----------------------------------------------------------------


def test_thawed_together_has_no_phase_of_the_head() -> None:
    config = broken("thawed_together", strategy="full_fine_tuning")
    (phase,) = config.phases
    assert (phase.name, phase.learning_rate) == ("fine_tuning", config.head_learning_rate)
    assert phase.num_epochs == config.head_epochs + config.fine_tune_epochs


def test_the_rates_are_wrong_by_what_the_fault_says() -> None:
    high, low = broken("rate_too_high"), broken("rate_too_low")
    assert [phase.learning_rate for phase in high.phases] == pytest.approx([1e-1, 1e-2])
    assert [phase.learning_rate for phase in low.phases] == pytest.approx([1e-6, 1e-7])


def test_without_compile_the_rate_of_the_head_goes_on() -> None:
    assert {phase.learning_rate for phase in broken("never_compiled").phases} == {1e-3}


# --- What the network receives --------------------------------------------------------------------


@pytest.mark.parametrize("backbone", BACKBONES)
def test_preprocessing_twice_is_the_preprocessing_of_its_own_result(backbone: str) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (5, 4, 4, 3))
    own = inputs.preprocessing_of(runs.make_config(backbone=backbone))
    how = inputs.ZERO_TO_ONE if own == BUILT_IN else own
    twice = inputs.preprocessing_of(broken("preprocessed_twice", backbone=backbone))
    np.testing.assert_allclose(twice.apply(pixels), how.apply(how.apply(pixels)), atol=2e-4)
    # All values lie closer together than those the network expects.
    low, high = twice.value_range
    assert high - low < own.value_range[1] - own.value_range[0] or own.order == "BGR"


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_wrong_range_is_not_that_of_the_backbone(backbone: str) -> None:
    own = inputs.preprocessing_of(runs.make_config(backbone=backbone))
    wrong = inputs.preprocessing_of(broken("wrong_range", backbone=backbone))
    assert wrong != own
    assert wrong.value_range in ((0.0, 255.0), (0.0, 1.0))


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_no_other_fault_changes_the_input(fault: str) -> None:
    config = broken(fault)
    own = BACKBONES[config.backbone].preprocessing
    changed = fault in ("preprocessed_twice", "wrong_range")
    assert (inputs.preprocessing_of(config) != own) == changed
