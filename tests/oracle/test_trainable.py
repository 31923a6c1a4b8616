"""The page about `trainable` says what the installed Keras does."""

import io
import math
from contextlib import redirect_stdout
from functools import cache

import keras
import numpy as np
import pytest

from lib.core.errors import ConfigError
from lib.core.trainable import layer_kinds, outcome, residual, traps, truth_table
from lib.core.trainable.layer_kinds import KINDS
from lib.core.trainable.outcome import Outcome
from lib.core.trainable.truth_table import CELLS
from lib.tools import export_trainable
from lib.training.experiments import answer, models
from tests.speeds import thorough_beyond

# Others than the tool measured with, and no two alike.
SIZES = {
    "features": 5,
    "steps": 9,
    "height": 12,
    "width": 7,
    "channels": 4,
    "units": 6,
    "filters": 10,
    "kernel": 3,
    "words": 21,
    "heads": 3,
    "key_size": 8,
}


# --- The layer under the glass --------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trainable", [True, False])
def test_the_code_beside_the_lists_runs_and_prints_these_lists(kind: str, trainable: bool) -> None:
    sizes = {key: SIZES[key] for key in KINDS[kind].sizes}
    shown = io.StringIO()
    with redirect_stdout(shown):
        exec(layer_kinds.code(kind, sizes, trainable), {})
    printed = shown.getvalue().splitlines()
    for name, weights in layer_kinds.lists(kind, sizes, trainable).items():
        assert printed.pop(0) == f"{name} {len(weights)}"
        for weight in weights:
            path, _, shape = printed.pop(0).strip().partition(" ")
            assert path == weight.name or path.endswith(f"/{weight.name}")
            assert shape == str(weight.shape)
    assert not printed


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameters_are_those_that_keras_counts(kind: str) -> None:
    sizes = {key: SIZES[key] for key in KINDS[kind].sizes}
    live = export_trainable.live(kind, sizes, True)
    weights = layer_kinds.lists(kind, sizes, True)["weights"]
    assert sum(weight.count for weight in weights) == live.count_params()


def test_the_committed_table_is_what_the_tool_would_write() -> None:
    assert export_trainable.layers() == layer_kinds.table()


# --- The truth table ------------------------------------------------------------------------------

FEW = [
    place
    for place, cell in enumerate(CELLS)
    if cell.called == "training=False" and cell.kind != "Dense"
]


@pytest.mark.parametrize("place", thorough_beyond(FEW, range(len(CELLS))))
def test_a_step_does_what_was_recorded(place: int) -> None:
    found = Outcome.from_dict(answer.run_step(place))
    assert outcome.same(found, truth_table.recorded()[place].keras)
    assert found.keras == keras.__version__


# --- The traps ------------------------------------------------------------------------------------


@cache
def ran(name: str) -> Outcome:
    """The outcome of an experiment with the Keras that is installed."""
    (found,) = answer.run([name])
    return Outcome.from_dict(found)


BASE = ["base/first/kernel", "base/bn/gamma", "base/bn/beta", "base/last/kernel", "base/last/bias"]
STATISTICS = ["base/bn/moving_mean", "base/bn/moving_variance"]
LAST, HEAD = ["base/last/kernel", "base/last/bias"], ["head/kernel", "head/bias"]
ATTENTION = [f"attention/{part}/kernel" for part in ("query", "key", "value", "attention_output")]
NORM = ["gamma", "beta", "moving_mean", "moving_variance"]
MOMENTS = [
    f"head_{weight}_{moment}"
    for weight in ("kernel", "bias")
    for moment in ("momentum", "velocity")
]
STEM_AND_TOP = ["base/stem/kernel", "base/top/kernel"]
MOVED = {
    "thaw_a_partly_frozen_base": BASE[1:] + STATISTICS + HEAD,
    "thaw_each_layer_of_the_base": BASE + STATISTICS + HEAD,
    "thaw_a_child_of_a_frozen_base": LAST + HEAD,
    "freeze_the_base_last": HEAD,
    "thaw_without_compile": HEAD,
    "thaw_and_compile": BASE + STATISTICS + HEAD,
    "call_the_base_with_training_false": BASE + STATISTICS + HEAD,
    "freeze_the_batch_norm": ["base/first/kernel", *LAST, *HEAD],
    "freeze_before_build": ATTENTION + HEAD,
    "freeze_after_build": HEAD,
    "compile_with_a_new_optimizer": MOMENTS,
    "compile_with_the_same_optimizer": [],
    "freeze_batch_norm_by_name": STEM_AND_TOP + [f"base/top_norm/{each}" for each in NORM] + HEAD,
    "freeze_batch_norm_by_class": STEM_AND_TOP + HEAD,
    "read_the_summary_of_a_nested_model": BASE[1:] + STATISTICS + HEAD,
    "read_the_expanded_summary": BASE[1:] + STATISTICS + HEAD,
    "train_a_frozen_dropout": [],
    "train_with_the_rate_at_zero": [],
    "preprocess_twice": HEAD,
    "preprocess_once": HEAD,
    "sigmoid_with_from_logits": HEAD,
    "logits_with_from_logits": HEAD,
    "continue_from_the_last_epoch": BASE + STATISTICS + HEAD,
    "continue_after_the_last_epoch": BASE + STATISTICS + HEAD,
}


# The trap of freezing that is met most, and the one of statistics.
FEW_TRAPS = ("no_compile", "training_false")
FEW_RUN = [name for key in FEW_TRAPS for name in (traps.TRAPS[key].trap, traps.TRAPS[key].cured)]


@pytest.mark.parametrize("name", thorough_beyond(FEW_RUN, MOVED))
def test_an_experiment_moves_these_arrays_and_no_others(name: str) -> None:
    assert sorted(ran(name).moved()) == sorted(MOVED[name])


def test_there_is_an_expectation_for_every_experiment() -> None:
    assert MOVED.keys() == answer.experiments().keys()


@pytest.mark.parametrize("key", thorough_beyond(FEW_TRAPS, traps.TRAPS))
def test_a_trap_and_its_cure_do_what_was_recorded(key: str) -> None:
    trap, known = traps.TRAPS[key], traps.recorded()[key]
    assert outcome.same(ran(trap.trap), known.trap)
    assert outcome.same(ran(trap.cured), known.cured)


@pytest.mark.thorough
def test_the_other_numbers_of_the_traps() -> None:
    facts = {name: dict(ran(name).facts) for name in MOVED}
    # The counts follow the switch at once, and the step does not.
    assert facts["thaw_without_compile"] == facts["thaw_and_compile"] == {"trainable": 49}
    # The list of the frozen parent is empty, and the model trains the child.
    assert facts["thaw_a_child_of_a_frozen_base"] == {"base_trainable": 0, "model_trainable": 4}
    assert facts["freeze_before_build"] == {"layer_trainable": 0, "model_trainable": 6}
    assert facts["compile_with_a_new_optimizer"] == {"steps_before": 5, "steps": 0}
    assert facts["compile_with_the_same_optimizer"] == {"steps_before": 5, "steps": 5}
    assert facts["read_the_summary_of_a_nested_model"]["row_of_base"] == "Y"
    assert facts["read_the_expanded_summary"]["row_of_first"] == "N"
    assert facts["continue_from_the_last_epoch"]["epochs"] == (0, 1, 2, 2, 3, 4, 5)
    assert facts["continue_after_the_last_epoch"]["epochs"] == (0, 1, 2, 3, 4, 5)
    frozen, at_zero = facts["train_a_frozen_dropout"], facts["train_with_the_rate_at_zero"]
    assert frozen["loss_1"] != frozen["loss_2"]
    assert at_zero["loss_1"] == at_zero["loss_2"]
    twice, once = facts["preprocess_twice"], facts["preprocess_once"]
    assert (once["lowest"], once["highest"]) == (-1.0, 1.0)
    assert math.isclose(twice["lowest"], -1.00784, rel_tol=1e-5)
    assert math.isclose(twice["highest"], -0.99216, rel_tol=1e-5)
    squeezed, plain = facts["sigmoid_with_from_logits"], facts["logits_with_from_logits"]
    assert squeezed["class_1"] == 1.0 > plain["class_1"]
    assert math.isclose(squeezed["loss_inside"], plain["loss_inside"], rel_tol=1e-4)
    assert not math.isclose(squeezed["loss_outside"], squeezed["loss_inside"], rel_tol=1e-2)
    assert math.isclose(plain["loss_outside"], plain["loss_inside"], rel_tol=1e-4)


def test_how_far_is_computed_from_the_weights_before_and_after() -> None:
    model = models.with_head(models.small_base())
    before = models.arrays_of(model.weights)
    bias = model.get_layer("head").bias
    bias.assign(bias + 0.25)
    found = models.outcome(model, before)
    assert found.moved() == ("head/bias",)
    assert math.isclose(found.arrays[-1].moved, 0.25, rel_tol=1e-6)


@pytest.mark.parametrize("name", ["os.system", "small_base", ""])
def test_a_worker_runs_nothing_but_the_experiments(name: str) -> None:
    with pytest.raises(ConfigError, match="There is no experiment"):
        answer.run([name])


@pytest.mark.parametrize("place", [-1, len(CELLS)])
def test_a_worker_runs_no_combination_that_does_not_exist(place: int) -> None:
    with pytest.raises(ConfigError, match="There is no combination"):
        answer.run_step(place)


# --- The residual block ---------------------------------------------------------------------------


def test_the_numbers_of_the_block_are_those_of_keras() -> None:
    shipped = residual.load()
    for name, maps in export_trainable.block().items():
        np.testing.assert_allclose(
            getattr(shipped, name), maps, atol=export_trainable.TOLERANCE, err_msg=name
        )
