"""What is said of a run's numbers follows from them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import curves, runs
from lib.core.runs import EpochRecord, Run

# Wilson score intervals, 95 %, by R: prop.test(x, n, correct = FALSE)$conf.int
WILSON = {
    (0, 10): (0.0, 0.2775328),
    (10, 10): (0.7224672, 1.0),
    (37, 40): (0.8013592, 0.9741673),
    (40, 40): (0.9123785, 1.0),
    (320, 400): (0.7580231, 0.8362549),
}


def record(number, phase="feature_extraction", accuracy=0.8, val_accuracy=0.7, val_loss=0.5):
    return EpochRecord(number, phase, 0.5, accuracy, val_loss, val_accuracy, 1e-3, 0.1)


def run_of(*history, validation=40):
    result = {"status": "finished", "split_sizes": {"validation": validation}}
    return Run("0" * 16, runs.make_config(), history, result, Path("run"))


@pytest.mark.parametrize("given_counts", WILSON)
def test_the_interval_is_wilsons(given_counts):
    assert curves.wilson_interval(*given_counts) == pytest.approx(WILSON[given_counts], abs=1e-4)


@given(st.integers(1, 100_000), st.data())
def test_the_interval_holds_the_share_and_stays_within_zero_and_one(num_images, data):
    correct = data.draw(st.integers(0, num_images))
    low, high = curves.wilson_interval(correct, num_images)
    assert 0 <= low <= correct / num_images + 1e-12
    assert correct / num_images - 1e-12 <= high <= 1
    assert low < high


@given(st.integers(1, 1_000), st.integers(2, 50), st.data())
def test_more_images_narrow_the_interval(num_images, times, data):
    correct = data.draw(st.integers(0, num_images))
    low, high = curves.wilson_interval(correct, num_images)
    narrow_low, narrow_high = curves.wilson_interval(correct * times, num_images * times)
    assert narrow_high - narrow_low < high - low


@given(st.integers(1, 1_000), st.data())
def test_the_interval_of_the_errors_is_the_mirror_image(num_images, data):
    correct = data.draw(st.integers(0, num_images))
    low, high = curves.wilson_interval(correct, num_images)
    mirrored = curves.wilson_interval(num_images - correct, num_images)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize("counts", [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ValueError, match="Expected 0 <= correct <= num_images"):
        curves.wilson_interval(*counts)


def test_the_best_epoch_is_the_most_accurate_then_the_surest_then_the_first():
    assert curves.best_epoch([record(1), record(2, val_accuracy=0.9)]).epoch == 2
    assert curves.best_epoch([record(1), record(2, val_loss=0.4)]).epoch == 2
    assert curves.best_epoch([record(1), record(2)]).epoch == 1
    with pytest.raises(ValueError, match="without epochs"):
        curves.best_epoch([])


def test_the_gap_is_what_does_not_carry_over():
    assert curves.generalization_gap(record(1, accuracy=1.0, val_accuracy=0.75)) == 0.25
    assert curves.generalization_gap(record(1, accuracy=0.5, val_accuracy=0.75)) == -0.25


def test_the_end_of_a_phase_is_its_last_epoch():
    history = [record(1), record(2), record(3, "fine_tuning")]
    assert {phase: end.epoch for phase, end in curves.phase_ends(history).items()} == {
        "feature_extraction": 2,
        "fine_tuning": 3,
    }


def test_without_two_phases_there_is_no_gain():
    assert curves.fine_tuning_gain([]) is None
    assert curves.fine_tuning_gain([record(1)]) is None
    assert curves.fine_tuning_gain([record(1, "fine_tuning")]) is None
    assert curves.fine_tuning_gain([record(1, "from_scratch")]) is None


def test_the_headline_of_one_phase_names_its_best_epoch():
    sentence = curves.headline(run_of(record(1), record(2, val_accuracy=0.925), record(3)))
    assert sentence == "Validation accuracy reached 0.925, best at epoch 2"


def headline_of(before, after, validation):
    history = record(1, val_accuracy=before), record(2, "fine_tuning", val_accuracy=after)
    return curves.headline(run_of(*history, validation=validation))


def test_a_gain_is_one_only_where_the_images_can_tell():
    # Standard error of the difference: sqrt(.7 * .3 / n + .8 * .2 / n); twice that is 0.1 at
    # n = 148.
    assert headline_of(0.7, 0.8, 149) == "Fine-tuning gained 10.0 points"
    assert headline_of(0.7, 0.8, 147) == (
        "Fine-tuning gained 10.0 points, too little to tell with 147 validation images"
    )
    assert headline_of(0.8, 0.7, 149) == "Fine-tuning lost 10.0 points"
    assert headline_of(0.8, 0.7, 40) == (
        "Fine-tuning lost 10.0 points, too little to tell with 40 validation images"
    )
    assert headline_of(0.7, 0.7, 40) == "Fine-tuning left the validation accuracy where it was"
