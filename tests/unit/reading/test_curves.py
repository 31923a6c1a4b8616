"""What is said of a run's numbers follows from them."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import runs
from lib.core.reading import curves
from lib.core.runs import EpochRecord, Run


def record(number, phase="feature_extraction", accuracy=0.8, val_accuracy=0.7, val_loss=0.5):
    return EpochRecord(number, phase, 0.5, accuracy, val_loss, val_accuracy, 1e-3, 0.1)


def run_of(*history, validation=40):
    result = {"status": "finished", "split_sizes": {"validation": validation}}
    return Run("0" * 16, runs.make_config(), history, result, Path("run"))


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


def test_a_phase_whose_best_weights_were_restored_ends_with_that_epoch():
    history = [record(1), *(record(n, "fine_tuning", val_accuracy=0.5 + 0.1 * n) for n in (2, 3))]
    assert curves.phase_ends(history, [2])["fine_tuning"].epoch == 2
    assert curves.fine_tuning_gain(history, [2]) == pytest.approx(0.0)
    assert curves.fine_tuning_gain(history) == pytest.approx(0.1)
    run = run_of(*history)
    assert run.final == history[-1]
    for epoch, final in ((2, history[1]), (99, history[-1])):
        again = replace(run, result=run.result | {"restored": {"fine_tuning": epoch}})
        assert again.final == final


def test_without_two_phases_there_is_no_gain():
    assert curves.fine_tuning_gain([]) is None
    assert curves.fine_tuning_gain([record(1)]) is None
    assert curves.fine_tuning_gain([record(1, "fine_tuning")]) is None
    assert curves.fine_tuning_gain([record(1, "from_scratch")]) is None


def test_the_headline_of_one_phase_names_its_most_accurate_epoch():
    sentence = curves.headline(run_of(record(1), record(2, val_accuracy=0.925), record(3)))
    assert sentence == "The highest validation accuracy is 0.925, first reached in epoch 2"


def test_an_accuracy_is_credited_to_the_first_epoch_that_reached_it():
    history = [record(1), record(2, val_accuracy=0.95), record(3, val_accuracy=0.95, val_loss=0.1)]
    assert curves.best_epoch(history).epoch == 3
    assert curves.first_highest(history).epoch == 2
    assert "first reached in epoch 2" in curves.headline(run_of(*history))
    with pytest.raises(ValueError, match="without epochs"):
        curves.first_highest([])


def headline_of(before, after, validation):
    history = record(1, val_accuracy=before), record(2, "fine_tuning", val_accuracy=after)
    return curves.headline(run_of(*history, validation=validation))


def test_a_gain_is_one_only_where_the_images_can_tell():
    # As if independent, .7 * .2 + .3 * .8 = .38 of the images tell the two apart. Under no
    # difference that makes 1.96 standard errors, 1.96 * sqrt(.38 / n), 0.1 at n = 145.98.
    assert headline_of(0.7, 0.8, 146) == "Fine-tuning gained 10.0 points (0.700 to 0.800)"
    assert headline_of(0.7, 0.8, 145) == (
        "Fine-tuning gained 10.0 points (0.700 to 0.800), "
        "which may be chance with 145 validation images"
    )
    assert headline_of(0.8, 0.7, 146) == "Fine-tuning lost 10.0 points (0.800 to 0.700)"
    assert headline_of(0.8, 0.7, 40) == (
        "Fine-tuning lost 10.0 points (0.800 to 0.700), "
        "which may be chance with 40 validation images"
    )
    assert headline_of(0.7, 0.7, 40) == "Fine-tuning left the validation accuracy where it was"


def test_three_images_cannot_tell_however_many_of_them_are_gained():
    assert headline_of(1 / 3, 1, 3) == (
        "Fine-tuning gained 66.7 points (0.333 to 1.000), "
        "which may be chance with 3 validation images"
    )


# --- The figure -----------------------------------------------------------------------------------


def two_phases(**config):
    made = runs.make_config(num_images=40, head_epochs=3, fine_tune_epochs=2, **config)
    history = tuple(
        EpochRecord(
            number,
            "feature_extraction" if number <= 3 else "fine_tuning",
            1 / number,
            0.5,
            1 / number,
            0.5 + number / 20,
            1e-3 if number <= 3 else 1e-4,
            0.5 if number <= 3 else 2.0,
        )
        for number in range(1, 6)
    )
    return Run(runs.run_id(made), made, history, {"status": "finished"}, Path("run"))


def test_an_epoch_lies_where_it_ends():
    run = two_phases()
    assert curves.positions(run) == (1, 2, 3, 4, 5)
    assert curves.positions(run, "seconds") == (0.5, 1.0, 1.5, 3.5, 5.5)
    assert curves.positions(run, "images") == (40, 80, 120, 160, 200)
    with pytest.raises(KeyError):
        curves.positions(run, "parsecs")


@pytest.mark.parametrize("axis", curves.AXES)
def test_the_line_stands_between_the_last_head_epoch_and_the_first_of_fine_tuning(axis):
    run = two_phases()
    (start,) = curves.phase_starts(run, axis)
    along = curves.positions(run, axis)
    assert along[2] < start.position < along[3]
    assert start.position == (along[2] + along[3]) / 2
    assert curves.fine_tuning_position(run, axis) == start.position
    assert start.epoch == 4
    assert start.phase.key == "fine_tuning"


def test_on_the_axis_of_epochs_the_line_stands_at_a_half():
    assert curves.fine_tuning_position(two_phases()) == 3.5


def test_without_fine_tuning_there_is_no_line():
    run = run_of(record(1), record(2))
    assert curves.phase_starts(run) == ()
    assert curves.fine_tuning_position(run) is None


def test_gradual_unfreezing_has_a_line_for_every_thaw():
    made = runs.make_config(
        head_epochs=1,
        fine_tune_epochs=1,
        thaw_from="block_14_expand_conv,block_11_expand_conv",
        step_rate_factor=0.5,
    )
    history = tuple(
        EpochRecord(number, phase, 0.5, 0.5, 0.5, 0.5, rate, 0.1, step)
        for number, phase, rate, step in (
            (1, "feature_extraction", 1e-3, 1),
            (2, "fine_tuning", 1e-4, 1),
            (3, "fine_tuning", 5e-5, 2),
        )
    )
    run = Run(runs.run_id(made), made, history, {}, Path("run"))
    starts = curves.phase_starts(run)
    assert [(start.position, start.phase.key) for start in starts] == [
        (1.5, "fine_tuning"),
        (2.5, "fine_tuning_2"),
    ]
    assert curves.fine_tuning_position(run) == 1.5


def test_smoothing_by_nothing_is_the_curve_itself():
    run = two_phases()
    assert curves.smoothed(run.history, "loss", 0) == tuple(each.loss for each in run.history)


def test_smoothing_starts_again_with_each_phase():
    run = two_phases()
    values = curves.smoothed(run.history, "loss", 0.9)
    assert values[0] == 1.0
    assert values[3] == pytest.approx(1 / 4)
    # Two values with the weights 0.9 and 1: each average is of its own phase only.
    assert values[4] == pytest.approx((0.9 * 1 / 4 + 1 / 5) / 1.9)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.floats(0, 0.99))
def test_a_smoothed_curve_stays_within_the_raw_one(losses, weight):
    history = [
        EpochRecord(number, "from_scratch", loss, 0.5, 0.5, 0.5, 1e-3, 0.1)
        for number, loss in enumerate(losses, start=1)
    ]
    values = curves.smoothed(history, "loss", weight)
    assert len(values) == len(losses)
    assert min(losses) - 1e-9 <= min(values)
    assert max(values) <= max(losses) + 1e-9


@pytest.mark.parametrize("weight", [-0.1, 1.0, float("nan")])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match="Expected a weight"):
        curves.smoothed([record(1)], "loss", weight)


def test_the_table_has_a_line_an_epoch_and_reads_back():
    run = two_phases()
    lines = curves.to_csv([run, run]).splitlines()
    assert len(lines) == 1 + 2 * 5
    heading, first = (line.split(",") for line in lines[:2])
    values = dict(zip(heading, first, strict=True))
    assert values["run"] == run.id
    assert float(values["loss"]) == run.history[0].loss
    assert lines[5].endswith(",5.5,200")


def test_the_end_of_a_phase_that_stopped_early_is_known():
    run = run_of(record(1))
    assert curves.stopped_early(run) == {}
    stopped = Run(
        run.id, run.config, run.history, {"stopped_early": {"fine_tuning": 7}}, run.folder
    )
    assert curves.stopped_early(stopped) == {"fine_tuning": 7}


def test_a_reader_is_told_why_a_phase_stopped_early_and_with_which_weights():
    config = runs.make_config(
        strategy="partial_fine_tuning", early_stopping=5, restore_best_weights=True
    )
    history = tuple(record(epoch) for epoch in range(1, 10))
    run = Run("r", config, history, {"stopped_early": {"fine_tuning": 9}}, Path())
    assert curves.why_it_stopped(run) == (
        "Fine-tuning stopped after epoch 9, because the validation loss had not become lower for "
        "5 epochs."
    )
    kept = replace(run, result=run.result | {"restored": {"fine_tuning": 4}})
    assert curves.why_it_stopped(kept).endswith(" The weights of epoch 4 were kept.")
    head = replace(run, result={"stopped_early": {"feature_extraction": 7}})
    assert curves.why_it_stopped(head).startswith("Training the head stopped after epoch 7")
    assert curves.why_it_stopped(replace(run, result={})) == ""
