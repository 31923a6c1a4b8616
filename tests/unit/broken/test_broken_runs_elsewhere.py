"""A broken run is marked wherever it appears, and is where no advice comes from."""

import json

import pytest

from lib.code import keras_run, torch_run
from lib.core import datasets, runs
from lib.core.broken import store
from lib.core.broken.cases import CASES
from lib.core.broken.faults import FAULTS
from lib.core.lab import bundle_checks
from lib.core.lab.folder import RunMeta, read_run
from lib.core.lab.store import RunStore
from lib.core.network import run_memory
from lib.core.reading import compare, diagnose
from lib.core.runs import Run
from lib.ui import run_names

BROKEN = [case_id for case_id, case in CASES.items() if case.fault]


def shown(case_id: str) -> Run:
    found = store.load(case_id)
    assert found
    return found.shown


@pytest.mark.parametrize("case_id", CASES)
def test_a_broken_run_from_a_file_is_checked_like_any_other(case_id: str) -> None:
    """Its rates, phases and sizes are those that its fault makes of its settings."""
    run = shown(case_id)
    config = bundle_checks.config_of(json.loads((run.folder / "config.json").read_text("utf-8")))
    assert config == run.config
    history = bundle_checks.history_of((run.folder / "history.jsonl").read_bytes(), config)
    assert history == run.history
    assert bundle_checks.result_of(dict(run.result), config, history) == run.result


def test_a_run_without_a_fault_may_not_have_fewer_images_than_it_asked_for() -> None:
    run = shown("fine_on_average")
    mended = run.config.mended
    result = dict(run.result) | {"run_id": runs.run_id(mended)}
    del result["command"]
    with pytest.raises(bundle_checks.RefusedError, match="split_sizes"):
        bundle_checks.result_of(result, mended, run.history)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_name_of_a_broken_run_says_so(fault: str) -> None:
    asked = {"strategy": "from_scratch"} if fault == "slow_statistics" else {}
    config = runs.make_config(fault=fault, **asked)
    for meta in (RunMeta(), RunMeta(name="My best run")):
        name = run_names.called(config, meta)
        assert name.startswith(f"Broken on purpose ({FAULTS[fault].short}): ")
        assert "Broken" not in run_names.called(config.mended, meta)


def test_a_comparison_with_the_mended_run_names_the_fault_and_nothing_else() -> None:
    found = store.load("squeezed")
    assert found
    pair = [found.shown, found.mended]
    assert compare.differing(pair) == ("fault",)
    assert compare.label(found.shown, ("fault",)) == "preprocessed twice"
    assert compare.label(found.mended, ("fault",)) == "not broken"


@pytest.mark.parametrize("case_id", BROKEN)
def test_what_is_taken_home_says_that_it_is_mended(case_id: str) -> None:
    run = shown(case_id)
    about = " ".join(keras_run.readme(run).split())
    assert "broken on purpose: " in about
    assert "without the fault" in about
    assert "mended" in keras_run.script(run).partition("\n")[0]
    assert torch_run.code(run)
    found = store.load(case_id)
    assert found
    assert "broken on purpose" not in keras_run.readme(found.mended)
    # The code itself is that of the mended run.
    code = [keras_run.sections(each)[-1].code for each in (run, found.mended)]
    assert code[0].count("\n") == code[1].count("\n")


def test_no_broken_run_is_among_those_that_advice_and_forecasts_read() -> None:
    runs_here = RunStore()
    for root in (runs_here.recorded_root, runs_here.evidence_root):
        for folder in root.iterdir():
            run = read_run(folder, recorded=True)
            assert run is None or not run.config.fault
    assert runs_here.open(runs.run_id(CASES["squeezed"].broken)) is None


def test_memory_is_estimated_for_the_head_that_is_trained() -> None:
    asked = {"image_size": 224, "hidden_units": 512}
    flat = runs.make_config(pooling="flatten", **asked)
    broken = runs.make_config(fault="flatten_head", **asked)
    data = datasets.get(broken.dataset)
    assert run_memory.estimate(broken, data) == run_memory.estimate(flat, data)


def test_a_suggestion_changes_one_thing_of_a_broken_run() -> None:
    run = shown("crawls")
    (finding,) = (each for each in diagnose.diagnose(run) if each.kind == "learning_rate_too_low")
    assert finding.suggestion
    changed = diagnose.suggested_config(run.config, finding.suggestion)
    assert changed == run.config.mended  # A rate that is only wrong is set right.
