"""The cases of the page Broken: each claim of a reveal, computed again from the stored runs."""

import itertools
import json
import re
from functools import cache

import numpy as np
import pytest

from lib.core import intervals, runs
from lib.core.broken import claims, store
from lib.core.broken.cases import CASES, SEEDS, SYMPTOMS
from lib.core.broken.faults import FAULTS
from lib.core.broken.store import Recorded
from lib.core.reading import diagnose, evaluation, test_images
from lib.core.runs import Run
from lib.tools import record_broken

MOST_BYTES = 6_000_000
BROKEN = [case_id for case_id, case in CASES.items() if case.fault]
HEALTHY = [case_id for case_id, case in CASES.items() if not case.fault]


@cache
def recorded(case_id: str) -> Recorded:
    found = store.load(case_id)
    assert found is not None, f"{case_id} is not recorded"
    return found


def kinds(run: Run) -> set[str]:
    return {finding.kind for finding in diagnose.diagnose(run)}


def test_enough_cases_are_recorded_and_their_effect_shows() -> None:
    assert set(store.recorded()) == set(CASES)
    assert set(claims.in_the_game()) == set(CASES)
    assert len(BROKEN) >= 14
    assert len(HEALTHY) >= 3


def test_every_fault_has_a_case_and_every_symptom_too() -> None:
    assert {case.fault for case in CASES.values()} == {"", *FAULTS}
    assert {case.symptom for case in CASES.values()} == set(SYMPTOMS)


def test_what_ships_for_the_cases_is_small() -> None:
    sizes = [path.stat().st_size for path in store.ROOT.rglob("*") if path.is_file()]
    assert 0 < sum(sizes) < MOST_BYTES


@pytest.mark.parametrize("case_id", CASES)
def test_a_pair_differs_in_the_fault_alone(case_id: str) -> None:
    pair = recorded(case_id)
    assert pair.mended.config == pair.case.config
    assert pair.shown.config == pair.case.broken
    assert pair.shown.config.mended == pair.mended.config
    assert pair.shown.status == pair.mended.status == "finished"
    # The settings that ids are made of are those of this version.
    made = runs.make_config(**vars(pair.shown.config))
    assert made == pair.shown.config


@pytest.mark.parametrize("case_id", CASES)
def test_three_seeds_are_recorded_of_both(case_id: str) -> None:
    pair = recorded(case_id)
    for outcomes, run in ((pair.outcomes, pair.shown), (pair.mended_outcomes, pair.mended)):
        assert outcomes.seeds == SEEDS
        answers = evaluation.load(run)
        assert answers is not None
        # The shown run is that of the first seed.
        assert outcomes.right[0].tolist() == answers.correct.tolist()
        assert outcomes.labels.tolist() == answers.label.tolist()
        end = run.history[-1]
        first = outcomes.results[0]
        assert first["val_accuracy"] == pytest.approx(end.val_accuracy, abs=1e-6)
        assert first["accuracy"] == pytest.approx(end.accuracy, abs=1e-6)
        for right, result in zip(outcomes.right, outcomes.results, strict=True):
            assert right.mean() == pytest.approx(result["test_accuracy"], abs=1e-6)


def test_nothing_is_left_to_record() -> None:
    """What `record_runs broken --missing` would train is there, under the ids of this version."""
    for case, seed in itertools.product(CASES.values(), SEEDS):
        for side, config in record_broken.sides(case, seed).items():
            assert record_broken._stored_seed(store.ROOT, case, side, config), (case.id, side, seed)


# --- Claims ---------------------------------------------------------------------------------------


def by_hand(pair: Recorded) -> tuple[float, float, float]:
    """What a fault changes and its interval, from the stored results and not by claims.py."""
    broken, mended = pair.outcomes, pair.mended_outcomes
    if pair.case.measure in ("test_accuracy", "recall_of_last_class"):
        last = broken.labels == len(pair.shown.result["class_names"]) - 1
        of = last if pair.case.measure == "recall_of_last_class" else np.ones_like(last)
        difference = broken.right[:, of].astype(float) - mended.right[:, of]
        low, high = intervals.crossed_interval(difference)
        return float(broken.right[:, of].mean() - mended.right[:, of].mean()), low, high
    values = []
    for first, second in zip(broken.results, mended.results, strict=True):
        if pair.case.measure == "validation_minus_test":
            promised = [each["val_accuracy"] - each["test_accuracy"] for each in (first, second)]
            values.append(promised[0] - promised[1])
        elif pair.case.measure == "test_loss":
            values.append(first["test_loss"] - second["test_loss"])
        else:
            widths = []
            for each in (first, second):
                number = int(each["num_validation"])
                ends = intervals.wilson_interval(round(each["val_accuracy"] * number), number)
                widths.append((ends[1] - ends[0]) / 2)
            values.append(widths[0] - widths[1])
    # 97.5 % quantile of Student's t with two degrees of freedom.
    half = 4.3027 * float(np.std(values, ddof=1)) / np.sqrt(3)
    return float(np.mean(values)), float(np.mean(values)) - half, float(np.mean(values)) + half


@pytest.mark.parametrize("case_id", BROKEN)
def test_what_a_fault_costs_is_what_the_stored_runs_say(case_id: str) -> None:
    pair, found = recorded(case_id), claims.claim(recorded(case_id))
    assert (found.value, found.low, found.high) == pytest.approx(by_hand(pair), abs=1e-3)
    assert found.broken - found.mended == pytest.approx(found.value, abs=1e-9)
    assert found.low > 0 or found.high < 0
    assert found.num_seeds == len(SEEDS)


@pytest.mark.parametrize("case_id", BROKEN)
def test_a_fault_that_costs_nothing_does_not_hold(case_id: str) -> None:
    """The mended runs in the place of the broken ones: no claim may find an effect."""
    pair = recorded(case_id)
    same = Recorded(
        pair.case,
        pair.mended,
        pair.mended,
        pair.mended_evidence,
        pair.mended_evidence,
        pair.mended_outcomes,
        pair.mended_outcomes,
    )
    assert not claims.claim(same).holds


def test_validation_above_training_is_a_matter_of_how_it_is_measured() -> None:
    for result in recorded("above_training").outcomes.results:
        assert result["accuracy"] < result["val_accuracy"] < result["train_accuracy"]


def test_the_dip_heals() -> None:
    for result in recorded("dip").outcomes.results:
        low, head, end = (
            result[name] for name in ("low_val_accuracy", "head_val_accuracy", "val_accuracy")
        )
        assert low < head < end


def test_the_noisy_line_is_no_noisier_than_chance() -> None:
    run = recorded("noisy").shown
    late = [each.val_accuracy for each in run.history[-len(run.history) // 2 :]]
    number = run.result["split_sizes"]["validation"]
    low, high = intervals.wilson_interval(round(late[-1] * number), number)
    assert 0 < max(late) - min(late) < high - low
    losses = [each.loss for each in run.history]
    assert sum(after > before for before, after in itertools.pairwise(losses)) <= 3


@pytest.mark.parametrize("case_id", CASES)
def test_a_claim_is_whole_sentences_with_its_interval(case_id: str) -> None:
    words = claims.claim(recorded(case_id)).words
    assert words.endswith(".")
    assert "nan" not in words
    assert "inf" not in words


# --- Findings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case_id", BROKEN)
def test_the_finding_that_points_at_a_fault_is_there_and_gone_when_it_is_mended(
    case_id: str,
) -> None:
    case, pair = CASES[case_id], recorded(case_id)
    assert bool(case.finding) != bool(case.why_no_finding)
    if not case.finding:
        return
    assert case.finding in kinds(pair.shown)
    # A head on a hundred drawings of eight themes overfits without Flatten too, only less.
    if case_id != "knows_by_heart":
        assert case.finding not in kinds(pair.mended)


@pytest.mark.parametrize("case_id", HEALTHY)
def test_nothing_is_found_wrong_with_a_healthy_case(case_id: str) -> None:
    findings = diagnose.diagnose(recorded(case_id).shown)
    faults = {each.kind for each in findings if each.severity == "fault"}
    # It says that more steps would help, and they would.
    assert faults <= {"trained_too_short"}
    assert CASES[case_id].finding in {each.kind for each in findings}


# --- Evidence and texts ---------------------------------------------------------------------------


@pytest.mark.parametrize("case_id", CASES)
def test_the_evidence_is_that_of_the_run(case_id: str) -> None:
    pair = recorded(case_id)
    for run, evidence in ((pair.shown, pair.evidence), (pair.mended, pair.mended_evidence)):
        sizes = run.result["split_sizes"]
        matrix = np.array(evidence.confusion["matrix"])
        assert matrix.sum() == sizes["test"]
        assert np.trace(matrix) == run.result["test_correct"]
        assert {name: sum(counts) for name, counts in evidence.balance.items()} == sizes
        assert evidence.counts == run.result["params"]
        assert set(evidence.moved) == set(run.result["moved"])
        histogram = evidence.input_histogram
        assert len(histogram["edges"]) == len(histogram["counts"]) + 1
        assert sum(histogram["counts"]) == sizes["train"] * 3 * run.config.image_size**2
        last = run.config.phases[-1].key
        again = run.result["train_evaluated"][last]
        assert evidence.train_as_validation["accuracy"] == again["accuracy"]
        wrong = len(evidence.most_wrong)
        assert wrong <= store.MAX_MOST_WRONG
        width, height = test_images.webp_size(evidence.sprite.read_bytes()) or (0, 0)
        assert (width, height) == (wrong * store.TILE_PIXELS, store.TILE_PIXELS)
        assert all(each["label"] != each["predicted"] for each in evidence.most_wrong)


def test_the_evidence_gives_the_faults_away() -> None:
    shared = recorded("too_good")
    assert shared.evidence.overlap["files"]["train_validation"] > 0
    assert shared.mended_evidence.overlap["files"]["train_validation"] == 0
    squeezed = recorded("squeezed").evidence.input_histogram
    assert squeezed["max"] - squeezed["min"] < 0.1
    rare = recorded("fine_on_average").evidence.balance["train"]
    assert rare[-1] * 10 < rare[0]
    still = recorded("standing_still").evidence
    moved = still.moved["fine_tuning"]
    assert all(change == 0 for layer, change in moved.items() if layer != "head")
    assert moved["head"] > 0
    first, second = (still.counts[phase] for phase in ("feature_extraction", "fine_tuning"))
    assert second["trainable"] > first["trainable"]


@pytest.mark.parametrize("case_id", CASES)
def test_no_text_of_a_case_holds_a_measured_figure(case_id: str) -> None:
    case = CASES[case_id]
    for text in (case.title, case.look, case.why_no_finding):
        assert not re.search(r"\d+ ?%|\d\.\d|\bpoints\b", text)
    assert case.look.endswith(".")
    # The title of a case must not give the answer away.
    if case.what_is_wrong:
        assert case.what_is_wrong.name.lower() not in case.title.lower()


def test_a_case_that_is_half_recorded_is_no_case(tmp_path) -> None:
    folder = tmp_path / "squeezed" / "broken"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CASES["squeezed"].broken.to_dict()))
    assert store.load("squeezed", tmp_path) is None
    assert store.load("horoscope") is None
    assert store.recorded(tmp_path) == ()
