"""What is wrong with a run is found, and nothing is found wrong with a sound one."""

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.core import intervals, runs
from lib.core.broken import store
from lib.core.reading import curves, diagnose, fit_rules
from lib.core.runs import EpochRecord, Run, TrainConfig
from tests.speeds import thorough_beyond
from tests.unit.toy_runs import Toy, train

RECORDED = sorted((Path(__file__).parents[2] / "data" / "histories").glob("*.json"))

# Said beside the label where it is true too, and counted neither for nor against.
ALWAYS_TOLERATED = frozenset({"still_improving", "validation_above_training"})


@dataclass(frozen=True)
class Labelled:
    """A run whose fault is known from how it was made.

    Args:
        toy: How it was made.
        expected: What must be found, all of it.
        tolerated: What may be found as well.
        either: One of these must be found: degrees of one fault.
    """

    toy: Toy
    expected: frozenset[str] = frozenset()
    tolerated: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()


def labelled(*expected, tolerated=(), either=(), **toy):
    return Labelled(Toy(**toy), *(frozenset(kinds) for kinds in (expected, tolerated, either)))


# What decides a label is the setting named here, not the curve that comes of it.
MANY = {"num_images": 1_400}
FEW_NOISY = {"num_images": 60, "noise": 0.8}
# So many validation images that a gain of a few points can be told.
TELLING = {"num_validation": 4_000}
TOYS: dict[str, Labelled] = {
    "healthy head": labelled(**MANY),
    "healthy head on fewer images": labelled(num_images=600),
    "healthy from scratch": labelled(**MANY, scratch=True),
    "fine-tuning on another task": labelled(
        "fine_tuning_helped",
        **MANY,
        **TELLING,
        task_angle=1.5,
        fine_tune_epochs=20,
        fine_tune_rate=0.02,
    ),
    "a few noisy images, fine-tuned for long": labelled(
        "overfitting",
        tolerated=["fine_tuning_did_nothing"],
        **FEW_NOISY,
        wrong_labels=0.1,
        fine_tune_epochs=30,
        fine_tune_rate=0.03,
    ),
    "a few noisy images from scratch": labelled(
        "overfitting", **FEW_NOISY, scratch=True, head_epochs=60, head_rate=0.05
    ),
    "one hidden unit for a bent border": labelled(
        "underfitting", **MANY, bend=3.0, hidden=1, scratch=True, head_epochs=30
    ),
    "a frozen backbone of four units": labelled(
        "underfitting", **MANY, bend=3.0, hidden=4, head_epochs=20
    ),
    "a head at a hundredth of the rate": labelled("learning_rate_too_low", head_rate=1e-5),
    "fine-tuning at next to nothing": labelled(
        "learning_rate_too_low",
        "fine_tuning_did_nothing",
        fine_tune_epochs=10,
        fine_tune_rate=1e-7,
    ),
    "a head at a thousand times the rate": labelled("learning_rate_too_high", head_rate=30.0),
    "a head at fifty times the rate": labelled(
        either=["learning_rate_too_high", "unstable"], head_rate=1.0
    ),
    "a head at thirty times the rate": labelled(
        either=["learning_rate_too_high", "unstable"], head_rate=0.6, head_epochs=30
    ),
    "fine-tuning that forgets": labelled(
        "learning_rate_too_high",
        "fine_tuning_destroyed",
        fine_tune_epochs=10,
        fine_tune_rate=0.5,
    ),
    "a head that was stopped early on": labelled(
        "still_improving", **MANY, head_rate=5e-4, head_epochs=10
    ),
    "validation images moved a little": labelled("distribution_shift", shift=0.3),
    "validation images moved": labelled("distribution_shift", shift=1.0),
    "forty validation images": labelled("too_few_validation_images", **MANY, num_validation=40),
}
SEEDS = range(1, 4)

# Said beside the fault of a recorded case, and true of its settings or of its images: 64 and 96
# pixels, few steps, few validation images.
TRUE_OF_THE_SETTINGS = frozenset(
    {"small_images", "trained_too_short", "too_few_validation_images", "fine_tuning_helped"}
)
# Case -> what is true of its broken run as well.
TRUE_BESIDE = {
    "forgotten": {"underfitting"},
    "leaps": {"fine_tuning_destroyed"},
}
# Mended runs on which training is far above validation: few drawings of many themes.
OVERFITTED = frozenset(
    {"squeezed", "crawls", "knows_nothing", "knows_by_heart", "leaps", "too_good", "small_batches"}
)


def case_runs():
    """The runs of the recorded cases of the page Broken, and what must be found in them."""
    for case_id in store.recorded():
        found = store.load(case_id)
        wanted = frozenset({found.case.finding} - {""})
        beside = TRUE_OF_THE_SETTINGS | TRUE_BESIDE.get(case_id, set())
        yield found.shown, Labelled(Toy(), wanted, beside)
        if not found.case.is_healthy:
            fitted = frozenset({"overfitting"} if case_id in OVERFITTED else ())
            yield found.mended, Labelled(Toy(), tolerated=TRUE_OF_THE_SETTINGS | fitted)


@cache
def toy_run(name, seed):
    return train(replace(TOYS[name].toy, seed=seed))


def recorded_run(path):
    """A run of real images as tests/data/histories keeps it."""
    stored = json.loads(path.read_text("utf-8"))
    config = TrainConfig.from_dict(stored["config"])
    history = tuple(EpochRecord.from_dict(each) for each in stored["history"])
    run = Run(runs.run_id(config), config, history, stored["result"], path)
    labels = (frozenset(stored[name]) for name in ("expected", "tolerated", "either"))
    return run, Labelled(Toy(), *labels)


def judged(found, label):
    """How many findings are right, wrong and missing."""
    right = len(found & label.expected) + bool(found & label.either)
    missing = len(label.expected - found) + bool(label.either and not found & label.either)
    wrong = found - label.expected - label.either - label.tolerated - ALWAYS_TOLERATED
    return Counter(right=right, missing=missing, wrong=len(wrong))


def kinds(run):
    return frozenset(finding.kind for finding in diagnose.diagnose(run))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", TOYS)
def test_a_fault_that_was_built_in_is_found_and_no_other(name, seed):
    found = kinds(toy_run(name, seed))
    counts = judged(found, TOYS[name])
    assert not counts["missing"], sorted(found)
    assert not counts["wrong"], sorted(found)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_fault_of_a_recorded_run_is_found_and_no_other(path):
    run, label = recorded_run(path)
    counts = judged(kinds(run), label)
    assert not counts["missing"], sorted(kinds(run))
    assert not counts["wrong"], sorted(kinds(run))


def test_nearly_all_labels_are_found_and_nearly_all_findings_are_right(capsys):
    cases = [(toy_run(name, seed), label) for name, label in TOYS.items() for seed in SEEDS]
    cases += [recorded_run(path) for path in RECORDED]
    assert len(cases) >= 40
    cases += case_runs()
    counts = Counter()
    for run, label in cases:
        counts += judged(kinds(run), label)
    precision = counts["right"] / (counts["right"] + counts["wrong"])
    recall = counts["right"] / (counts["right"] + counts["missing"])
    with capsys.disabled():
        print(
            f"\ndiagnose on {len(cases)} labelled histories ({len(RECORDED)} of real images, "
            f"{len(list(case_runs()))} of cases broken on purpose and mended): "
            f"precision {precision:.3f}, recall {recall:.3f}"
        )
    assert precision >= 0.95
    assert recall >= 0.95


def test_every_kind_has_a_labelled_history():
    wanted = set()
    real = [recorded_run(path) for path in RECORDED]
    for label in [*TOYS.values(), *(label for _, label in [*real, *case_runs()])]:
        wanted |= label.expected | label.either
    assert wanted | ALWAYS_TOLERATED == set(diagnose.KINDS)


@pytest.mark.parametrize("name", [name for name in TOYS if name.startswith("healthy")])
@pytest.mark.parametrize("seed", range(4, 9))
def test_nothing_is_wrong_with_a_sound_run(name, seed):
    findings = diagnose.diagnose(toy_run(name, seed))
    assert not [each.kind for each in findings if each.severity == "fault"]


# --- What a finding says --------------------------------------------------------------------------


def every_run():
    yield from (toy_run(name, SEEDS[0]) for name in TOYS)
    yield from (recorded_run(path)[0] for path in RECORDED)


def test_every_finding_points_at_epochs_that_are_there():
    for run in every_run():
        for finding in diagnose.diagnose(run):
            assert 1 <= finding.first_epoch <= finding.last_epoch <= len(run.history), finding


def test_every_finding_is_explained_in_two_sentences():
    for run in every_run():
        for finding in diagnose.diagnose(run):
            assert finding.explanation.endswith(".")
            assert finding.explanation.count(". ") == 1, finding.explanation
            assert "nan" not in finding.explanation


def test_every_suggestion_is_another_run_that_can_be_queued():
    suggested = 0
    for run in every_run():
        for finding in diagnose.diagnose(run):
            if finding.suggestion:
                changed = diagnose.suggested_config(run.config, finding.suggestion)
                assert runs.run_id(changed) != runs.run_id(run.config), finding
                suggested += 1
    assert suggested > 40


def test_findings_come_in_one_order_faults_first():
    order = list(diagnose.KINDS)
    severities = [severity for severity, _ in diagnose.KINDS.values()]
    assert severities == sorted(severities, key=["fault", "good", "note"].index)
    for run in every_run():
        found = [order.index(finding.kind) for finding in diagnose.diagnose(run)]
        assert found == sorted(found)


numbers = st.floats(0, 3) | st.sampled_from([0.0, 1e-12, 1e9, math.nan, math.inf])
shares = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0])
epochs = st.lists(st.tuples(numbers, shares, numbers, shares), max_size=12)


@given(
    strategy=st.sampled_from(["full_fine_tuning", "from_scratch", "feature_extraction"]),
    head=epochs,
    tuned=epochs,
    validation=st.integers(0, 400),
    batch_norm=st.sampled_from(["frozen", "thawed", "tutorial"]),
    evaluated=st.none() | st.tuples(st.floats(0, 1e6), shares),
    dropout=st.sampled_from([0.0, 0.5]),
)
def test_any_history_is_read_without_a_fault_of_ours(
    strategy, head, tuned, validation, batch_norm, evaluated, dropout
):
    tuned = tuned if strategy == "full_fine_tuning" else []
    assume(head or tuned)
    facts = {}
    if evaluated:
        measured = {"loss": evaluated[0], "accuracy": evaluated[1]}
        facts["train_evaluated"] = dict.fromkeys(runs_phases(strategy), measured)
    run = drawn(
        strategy=strategy,
        head=head,
        tuned=tuned,
        validation=validation,
        result=facts,
        batch_norm=batch_norm,
        dropout=dropout,
    )
    for each in diagnose.diagnose(run):
        assert 1 <= each.first_epoch <= each.last_epoch <= len(run.history)
        assert each.explanation
        if each.suggestion:
            assert diagnose.suggested_config(run.config, each.suggestion) != run.config


def test_a_loss_that_starts_at_nought_is_read():
    assert diagnose.diagnose(drawn(head=[(0.0, 0.9, 0.0, 0.9), *LEARNED, (0.0, 0.9, 0.0, 0.9)]))


def runs_phases(strategy):
    return ["from_scratch"] if strategy == "from_scratch" else ["feature_extraction", "fine_tuning"]


# --- One rule at a time ---------------------------------------------------------------------------


def drawn(
    *,
    strategy="full_fine_tuning",
    head=(),
    tuned=(),
    validation=400,
    result=None,
    **config,
):
    """A run with these epochs: (loss, accuracy, val_loss, val_accuracy) each."""
    made = runs.make_config(
        dataset="elpv",
        strategy=strategy,
        head_epochs=len(head),
        fine_tune_epochs=len(tuned),
        num_images=500,
        **{"image_size": 224} | config,
    )
    first = "from_scratch" if strategy == "from_scratch" else "feature_extraction"
    history = [
        EpochRecord(number, phase, *(float(value) for value in values), rate, 0.1)
        for number, (phase, rate, values) in enumerate(
            [(first, made.head_learning_rate, values) for values in head]
            + [("fine_tuning", made.fine_tune_learning_rate, values) for values in tuned],
            start=1,
        )
    ]
    facts = {
        "status": "finished",
        "class_names": ["functional", "defective"],
        "split_sizes": {"train": 500, "validation": validation, "test": 400},
    }
    return Run(runs.run_id(made), made, tuple(history), facts | (result or {}), Path("drawn"))


# A head that has learned: its loss fell fast and then slowly.
LEARNED = [(0.6 * 0.6**n + 0.3, 0.86, 0.5 * 0.6**n + 0.34, 0.86) for n in range(10)]
TUNED = [(0.30 - 0.02 * n, 0.88, 0.34, 0.87) for n in range(6)]


def finding(run, kind):
    found = [each for each in diagnose.diagnose(run) if each.kind == kind]
    return found[0] if found else None


def test_a_run_without_epochs_says_nothing():
    assert diagnose.diagnose(drawn(head=LEARNED)) is not None
    assert diagnose.diagnose(replace(drawn(head=LEARNED), history=())) == ()


def test_a_drawn_run_that_learned_is_sound():
    assert kinds(drawn(head=LEARNED, tuned=TUNED)) <= {"fine_tuning_did_nothing"}


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("field", [0, 2])
def test_a_loss_that_is_no_number_is_a_rate_that_is_too_high(value, field):
    broken = list(TUNED)
    values = list(broken[3])
    values[field] = value
    broken[3] = tuple(values)
    found = diagnose.diagnose(drawn(head=LEARNED, tuned=broken))
    assert [each.kind for each in found] == ["learning_rate_too_high"]
    assert (found[0].first_epoch, found[0].last_epoch) == (14, 16)
    assert found[0].suggestion.changes == {"fine_tune_learning_rate": 1e-6}


def test_overfitting_starts_after_the_lowest_validation_loss():
    val_losses = [0.4, 0.36, 0.34, 0.33, 0.34, 0.36, 0.38, 0.42, 0.46, 0.5]
    tuned = [(0.3 / (n + 1), 0.9, loss, 0.86) for n, loss in enumerate(val_losses)]
    found = finding(drawn(head=LEARNED, tuned=tuned), "overfitting")
    assert (found.first_epoch, found.last_epoch) == (15, 20)
    assert found.suggestion.changes == {"early_stopping": 3, "restore_best_weights": True}


def test_a_validation_loss_that_rises_with_the_training_loss_is_not_overfitting():
    val_losses = [0.4, 0.36, 0.34, 0.33, 0.34, 0.36, 0.38, 0.42, 0.46, 0.5]
    tuned = [(0.3 + 0.01 * n, 0.88, loss, 0.86) for n, loss in enumerate(val_losses)]
    assert finding(drawn(head=LEARNED, tuned=tuned), "overfitting") is None


@pytest.mark.parametrize(("low", "found"), [(0.59, False), (0.61, True)])
def test_a_shift_is_found_where_the_interval_lies_above_the_limit(low, found):
    shift = {"auc": 0.7, "low": low, "high": 0.8, "num_train": 500, "num_validation": 400}
    run = drawn(head=LEARNED, result={"shift": shift})
    assert (finding(run, "distribution_shift") is not None) is found


def gap(**more):
    rows = [(0.3 / (n + 1), 0.97, 0.4, 0.8) for n in range(10)]
    return drawn(head=rows, **more)


def test_a_gap_is_overfitting_unless_the_splits_differ():
    assert "overfitting" in kinds(gap())
    shift = {"auc": 0.9, "low": 0.85, "high": 0.93, "num_train": 500, "num_validation": 400}
    found = kinds(gap(result={"shift": shift}))
    assert "distribution_shift" in found
    assert "overfitting" not in found


@pytest.mark.parametrize(
    ("accuracy", "loss", "found"),
    [(0.88, 0.39, False), (0.86, 0.39, True), (0.88, 0.41, True), (0.5, 0.9, True)],
)
def test_batch_norm_lags_where_the_same_images_score_low_in_inference_mode(accuracy, loss, found):
    tuned = [(0.1, 0.97, 0.9, 0.6)] * 6
    facts = {"train_evaluated": {"fine_tuning": {"loss": loss, "accuracy": accuracy}}}
    run = drawn(head=LEARNED, tuned=tuned, batch_norm="tutorial", result=facts)
    assert (finding(run, "batch_norm_lag") is not None) is found
    if found:
        assert finding(run, "batch_norm_lag").suggestion.changes == {"batch_norm": "frozen"}
        assert "fine_tuning_destroyed" not in kinds(run)
        # What the model knows is what it knows in inference mode.
        assert ("overfitting" in kinds(run)) is (accuracy - 0.6 > fit_rules.GAP)


def test_frozen_batch_norm_cannot_lag():
    tuned = [(0.1, 0.97, 0.9, 0.6)] * 6
    facts = {"train_evaluated": {"fine_tuning": {"loss": 0.9, "accuracy": 0.5}}}
    run = drawn(head=LEARNED, tuned=tuned, batch_norm="frozen", result=facts)
    assert finding(run, "batch_norm_lag") is None


def test_validation_above_training_is_explained_by_what_is_on_while_training():
    rows = [(0.5, 0.7, 0.4, 0.8), *LEARNED[1:]]
    plain = finding(drawn(head=rows), "validation_above_training")
    assert "average over an epoch" in plain.explanation
    assert plain.suggestion.changes == {"head_learning_rate": 3e-4}
    dropout = finding(drawn(head=rows, dropout=0.5), "validation_above_training")
    assert "made harder by dropout" in dropout.explanation
    assert dropout.suggestion.changes == {"dropout": 0.0, "augmentation": False}


@pytest.mark.parametrize(("validation", "found"), [(150, True), (250, False)])
def test_few_validation_images_are_said_to_be_few(validation, found):
    # Half of Wilson's interval at 0.86: 0.055 with 150 images, 0.043 with 250.
    run = drawn(head=LEARNED, validation=validation)
    assert (finding(run, "too_few_validation_images") is not None) is found


def test_fine_tuning_helped_only_where_the_images_can_tell():
    tuned = [(0.2, 0.93, 0.25, 0.92)] * 6
    few = kinds(drawn(head=LEARNED, tuned=tuned, validation=40))
    many = kinds(drawn(head=LEARNED, tuned=tuned, validation=400))
    assert "fine_tuning_helped" in many
    assert "fine_tuning_helped" not in few


@pytest.mark.parametrize("num_images", thorough_beyond((1, 4, 9), range(1, 13)))
def test_no_finding_contradicts_the_interval_beside_it(num_images):
    counts = range(num_images + 1)
    for before, after, seen in product(counts, counts, (0.5, 1.0)):
        first, last = before / num_images, after / num_images
        run = drawn(
            head=[(0.5, seen, 0.5, first)] * 4,
            tuned=[(0.4, seen, 0.5, last)] * 4,
            validation=num_images,
        )
        found = {each.kind: each for each in diagnose.diagnose(run)}
        low, high = intervals.wilson_interval(after, num_images)
        beside = found["too_few_validation_images"].explanation
        assert f"from {low:.3f} to {high:.3f}." in beside
        changed = {"fine_tuning_helped", "fine_tuning_destroyed"} & found.keys()
        told = first != last and "which may be chance" not in curves.headline(run)
        if "overfitting" in found:
            assert high < seen
        else:
            assert bool(changed) == told
        if told:
            assert not low <= first <= high


def test_while_a_run_goes_on_its_dataset_tells_how_many_images_validate():
    run = replace(drawn(head=LEARNED, tuned=[(0.2, 0.93, 0.25, 0.92)] * 6), result={})
    assert "fine_tuning_helped" in kinds(run)
    elsewhere = replace(run.config, dataset="images-of-mine")
    assert "fine_tuning_helped" not in kinds(replace(run, config=elsewhere))


def test_a_rate_is_suggested_at_the_usual_one_where_it_is_far_from_it():
    high = drawn(head=[(5.0, 0.6, 6.0, 0.6)] * 6, head_learning_rate=3.0)
    assert finding(high, "learning_rate_too_high").suggestion.changes == {
        "head_learning_rate": 1e-3
    }
    low = drawn(
        head=[(0.69 - 0.001 * n, 0.5, 0.69, 0.5) for n in range(10)], head_learning_rate=1e-7
    )
    assert finding(low, "learning_rate_too_low").suggestion.changes == {"head_learning_rate": 1e-3}


def test_underfitting_suggests_what_holds_learning_back():
    rows = [(0.6, 0.68, 0.6, 0.68)] * 10

    def change(**config):
        return dict(finding(drawn(head=rows, **config), "underfitting").suggestion.changes)

    assert change(dropout=0.8) == {"dropout": 0.0}
    assert change(augmentation=True) == {"augmentation": False}
    assert change(strategy="feature_extraction")["strategy"] == "partial_fine_tuning"
    assert change(strategy="from_scratch")["strategy"] == "partial_fine_tuning"


def test_a_suggestion_that_this_version_cannot_run_is_left_out():
    run = drawn(head=[(0.6, 0.68, 0.6, 0.68)] * 100, strategy="from_scratch")
    still = [(1 / n, 0.9, 1 / n, 0.9) for n in range(1, 151)]
    long = drawn(head=still, strategy="from_scratch")
    assert finding(run, "underfitting").suggestion is not None
    assert finding(long, "still_improving").suggestion is None  # 300 epochs are too many.


def test_the_configuration_of_a_suggestion_differs_in_that_only():
    run = drawn(head=LEARNED)
    changed = diagnose.suggested_config(
        run.config, diagnose.Suggestion("Train on fewer", {"num_images": 50})
    )
    differing = {
        name for name, value in asdict(changed).items() if value != getattr(run.config, name)
    }
    assert differing == {"num_images"}


# --- Too short, too small -------------------------------------------------------------------------


FALLING = [(0.7 * 0.93**row, 0.6, 0.7 * 0.95**row, 0.7) for row in range(12)]


def test_a_head_of_few_steps_whose_loss_still_falls_was_trained_too_short_and_is_solved_instead():
    # 500 images in batches of 64 are 8 steps an epoch.
    short = drawn(strategy="feature_extraction", head=FALLING, batch_size=64)
    (found,) = [each for each in diagnose.diagnose(short) if each.kind == "trained_too_short"]
    assert "The 12 epochs were 96 steps" in found.explanation
    changed = diagnose.suggested_config(short.config, found.suggestion)
    assert changed.head_solver == "solved"
    # In batches of 16 the same epochs are 384 steps.
    assert "trained_too_short" not in kinds(
        drawn(strategy="feature_extraction", head=FALLING, batch_size=16)
    )


def test_a_head_that_cannot_be_solved_is_trained_for_longer():
    short = drawn(strategy="feature_extraction", head=FALLING, batch_size=64, hidden_units=8)
    (found,) = [each for each in diagnose.diagnose(short) if each.kind == "trained_too_short"]
    changed = diagnose.suggested_config(short.config, found.suggestion)
    assert changed.head_epochs * 8 >= fit_rules.FEW_STEPS


def test_a_solved_head_is_never_too_short():
    solved = drawn(strategy="feature_extraction", head=FALLING, batch_size=64, head_solver="solved")
    assert "trained_too_short" not in kinds(solved)


@pytest.mark.parametrize(
    ("image_size", "accuracy", "said"),
    [(134, 0.7, True), (135, 0.7, False), (128, 0.98, False), (128, 0.979, True)],
)
def test_images_much_smaller_than_the_network_was_made_for_are_named(image_size, accuracy, said):
    head = [(0.3, 0.9, 0.4, accuracy)] * 5
    run = drawn(strategy="feature_extraction", head=head, image_size=image_size)
    found = [each for each in diagnose.diagnose(run) if each.kind == "small_images"]
    assert bool(found) is said
    for each in found:
        assert diagnose.suggested_config(run.config, each.suggestion).image_size == 224


def test_a_network_without_pretrained_weights_was_made_for_no_size():
    run = drawn(strategy="from_scratch", head=FALLING, image_size=64)
    assert "small_images" not in kinds(run)
