"""GAP against Flatten: which recorded runs belong together, and what is said of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.core import runs
from lib.core.maps import pooling_pairs
from lib.core.maps.pooling_pairs import HeadPair
from lib.core.reading.evaluation import paired_difference
from lib.core.runs import EpochRecord, Run
from lib.figures.maps import pooling_pairs as figures

INTERVALS = {0.9: (0.77, 0.96), 0.5: (0.35, 0.65)}


def run(pooling="gap", *, num_images=20, val_loss=(0.5, 0.4), accuracy=0.9, **changes):
    config = runs.make_config(
        strategy="feature_extraction",
        num_images=num_images,
        head_epochs=len(val_loss),
        pooling=pooling,
    )
    config = replace(config, **changes)
    history = tuple(
        EpochRecord(
            epoch=epoch,
            phase="feature_extraction",
            loss=0.3,
            accuracy=0.95,
            val_loss=loss,
            val_accuracy=0.85,
            learning_rate=0.001,
            wall_time_s=0.1,
        )
        for epoch, loss in enumerate(val_loss, start=1)
    )
    result = {
        "status": "finished",
        "test_accuracy": accuracy,
        "test_interval_95": INTERVALS[accuracy],
        "class_names": ["animal", "food"],
        "params": {"feature_extraction": {"trainable": 1281 if pooling == "gap" else 20_481}},
    }
    return Run(runs.run_id(config), config, history, result, Path("nowhere"), True)


def pair(difference=None, **flatten):
    return HeadPair(run(), run("flatten", **flatten), difference)


def test_runs_that_differ_in_the_head_alone_belong_together():
    found = pooling_pairs.pairs(
        [run("flatten", num_images=160), run(num_images=160), run("flatten"), run()]
    )
    assert [each.gap.config.num_images for each in found] == [20, 160]
    assert all(each.flatten.config.pooling == "flatten" for each in found)


@pytest.mark.parametrize(
    "other",
    [{"seed": 7}, {"num_images": 40}, {"dropout": 0.2}, {"image_size": 96}, {"pooling": "gmp"}],
    ids=str,
)
def test_runs_that_differ_in_anything_else_do_not(other):
    changed = run(**{"pooling": "flatten"} | other)
    assert pooling_pairs.pairs([run(), changed]) == ()


def test_runs_of_another_strategy_are_left_out():
    both = [run(strategy="full_fine_tuning"), run("flatten", strategy="full_fine_tuning")]
    assert pooling_pairs.pairs(both) == ()


def test_a_loss_that_turned_is_told_with_its_epoch_and_one_that_did_not_is_not():
    turned = pooling_pairs.verdict(pair(val_loss=(0.5, 0.3, 0.7)))
    assert "With GAP the validation loss ends at 0.40" in turned
    assert "with Flatten it turned at epoch 2 and rose from 0.30 to 0.70" in turned
    assert "turned" not in pooling_pairs.verdict(pair())
    assert pooling_pairs.loss_rise(run(val_loss=(0.5, 0.3, 0.7))) == pytest.approx(0.4)


def test_without_answers_to_each_image_only_the_intervals_are_compared():
    assert "overlap" in pooling_pairs.verdict(pair(accuracy=0.9))
    assert "do not overlap" in pooling_pairs.verdict(pair(accuracy=0.5))


def test_a_difference_is_claimed_only_where_the_images_bear_it_out():
    few, many = paired_difference(3, 1, 40), paired_difference(40, 5, 200)
    assert "cannot be told apart with 40 images" in pooling_pairs.verdict(pair(few))
    assert "in none of them can" in pooling_pairs.headline([pair(few)])
    assert "GAP is 17.5 points more accurate" in pooling_pairs.verdict(pair(many))
    assert "GAP is ahead in 1, Flatten in 0" in pooling_pairs.headline([pair(few), pair(many)])


def test_the_headline_counts_the_losses_that_turned():
    words = pooling_pairs.headline([pair(val_loss=(0.5, 0.3, 0.7)), pair()])
    assert "0.05 or more above its lowest in 1 of 2 comparisons, the GAP head's in 0" in words


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_both_heads_have_a_thin_training_curve_and_a_thick_validation_curve(measure):
    figure = figures.curves(pair(val_loss=(0.5, 0.39)), measure)
    widths = {trace.name: trace.line.width for trace in figure.data}
    assert set(widths) == {
        f"{name} {which}" for name in ("GAP", "Flatten") for which in ("training", "validation")
    }
    assert widths["GAP training"] < widths["GAP validation"]
    assert figure.data[0].line.dash != figure.data[2].line.dash
    low, high = figure.layout.yaxis.range
    labels = sorted(note.y for note in figure.layout.annotations)
    assert labels[1] - labels[0] >= 0.99 * figures.LABEL_DISTANCE * (high - low)


def test_the_interval_of_each_run_is_drawn_from_end_to_end():
    figure = figures.intervals([pair()])
    for trace in figure.data:
        low, high = INTERVALS[0.9]
        assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(low)
        assert trace.x[0] + trace.error_x.array[0] == pytest.approx(high)
    assert "0.900 (0.770 to 0.960)" in figures.intervals_alt([pair()])


def test_the_sizes_of_the_two_heads_are_those_of_the_runs():
    assert figures.heads_words(pair()) == "1,281 parameters against 20,481"
