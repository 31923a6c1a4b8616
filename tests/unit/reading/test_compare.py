"""Runs side by side show what differs between them, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.core import runs
from lib.core.reading import compare
from lib.core.runs import EpochRecord, Run

OWN = {"dataset": "images-ab12cd34ef56", "data_fingerprint": "0" * 64, "max_train_images": 40}


def made(accuracies=(0.6, 0.8, 0.7), result=None, **config):
    asked = {"num_images": 40, "head_epochs": 2, "fine_tune_epochs": 1} | config
    made_config = runs.make_config(**asked)
    phases = [phase for phase in made_config.phases for _ in range(phase.num_epochs)]
    history = tuple(
        EpochRecord(
            number, phase.name, 0.5, 0.9, 0.4, accuracy, phase.learning_rate, 1.0, phase.step
        )
        for number, (phase, accuracy) in enumerate(zip(phases, accuracies, strict=False), start=1)
    )
    return Run(runs.run_id(made_config), made_config, history, result or {}, Path("run"))


def test_only_what_differs_is_named():
    first, second = made(), made(num_images=80, dropout=0.5)
    assert compare.differing([first, first]) == ()
    assert compare.differing([first, second]) == ("num_images", "dropout")
    assert compare.differing([first]) == ()
    assert compare.differing([]) == ()


def test_the_version_of_the_data_goes_without_saying_where_the_dataset_differs():
    first, second = made(), made(dataset="elpv")
    assert compare.differing([first, second]) == ("dataset",)
    older = replace(first, config=replace(first.config, data_fingerprint="older"))
    assert compare.differing([first, older]) == ("data_fingerprint",)


@pytest.mark.parametrize(
    ("config", "name", "words"),
    [
        ({}, "backbone", "EfficientNet-Lite0"),
        ({}, "dataset", "OpenMoji drawings"),
        ({"strategy": "feature_extraction"}, "thaw_from", "–"),
        ({"strategy": "feature_extraction"}, "fine_tune_learning_rate", "–"),
        ({}, "fine_tune_learning_rate", "0.0001"),
        ({"augmentation": True}, "augmentation", "on"),
        ({}, "augmentation", "off"),
        ({}, "hidden_units", "off"),
        ({"hidden_units": 1024}, "hidden_units", "1,024"),
        ({"dataset": "elpv", "num_images": 1000}, "num_images", "1,000"),
        ({"pooling": "flatten"}, "pooling", "Flatten"),
        ({"optimizer": "sgd"}, "optimizer", "SGD with momentum"),
        ({"seed": 3}, "seed", "3"),
        (OWN, "dataset", "own images ab12"),
    ],
)
def test_a_setting_is_said_in_words(config, name, words):
    assert compare.setting(made(**config).config, name) == words


def test_a_run_is_labelled_by_what_differs():
    one, other = made(pooling="flatten", seed=2), made(dropout=0.5)
    names = compare.differing([one, other])
    assert compare.label(one, names) == "Flatten, dropout 0, seed 2"
    assert compare.label(other, names) == "GAP, dropout 0.5, seed 1"
    assert compare.label(one, ()) == one.id


def test_a_row_says_what_came_of_a_run():
    result = {
        "status": "finished",
        "test_accuracy": 0.9,
        "test_interval_95": [0.8, 0.95],
        "params": {"feature_extraction": {"trainable": 5}, "fine_tuning": {"trainable": 70}},
        "wall_time_s": 12.5,
    }
    row = compare.rows([made(result=result), made(seed=2)])[0]
    assert (row.final, row.best, row.best_epoch) == (0.7, 0.8, 2)
    assert (row.test_accuracy, row.test_interval) == (0.9, (0.8, 0.95))
    assert (row.trained, row.seconds) == (70, 12.5)
    assert row.settings == {"Seed": "1"}


def test_a_row_of_a_run_that_did_not_finish_leaves_out_what_is_not_known():
    row = compare.rows([made(accuracies=())])[0]
    assert (row.final, row.best, row.best_epoch, row.test_accuracy) == (None, None, None, None)
    assert (row.test_interval, row.trained, row.seconds) == (None, None, None)
    assert row.settings == {}


# --- Over seeds -----------------------------------------------------------------------------------


def test_runs_that_differ_in_their_seed_only_are_one_group():
    many = [made(seed=3), made(dropout=0.5), made(seed=1), made(dropout=0.5, seed=2)]
    plain, dropout = compare.groups(many)
    assert [run.config.seed for run in plain.runs] == [1, 3]
    assert [run.config.seed for run in dropout.runs] == [1, 2]
    assert (plain.label, dropout.label) == ("dropout 0", "dropout 0.5")


def test_one_group_is_called_by_its_strategy():
    (group,) = compare.groups([made(seed=1), made(seed=2)])
    assert group.label == compare.setting(made().config, "strategy")


def test_a_band_is_the_mean_and_the_range_of_each_epoch():
    first, second = made((0.6, 0.8, 0.7)), made((0.7, 0.6), seed=2)
    points = compare.band([first, second], "val_accuracy")
    assert [point.epoch for point in points] == [1, 2, 3]
    assert (points[0].low, points[0].high, points[0].num_runs) == (0.6, 0.7, 2)
    assert points[0].mean == pytest.approx(0.65)
    assert (points[2].mean, points[2].low, points[2].high, points[2].num_runs) == (0.7, 0.7, 0.7, 1)
    assert compare.band([], "loss") == ()


# --- On one axis ----------------------------------------------------------------------------------


def test_aligned_runs_start_fine_tuning_at_nought():
    short = made(head_epochs=1, fine_tune_epochs=2)
    long = made(head_epochs=2, fine_tune_epochs=1)
    along = compare.aligned([short, long])
    assert along == ((-0.5, 0.5, 1.5), (-1.5, -0.5, 0.5))


def test_a_run_without_fine_tuning_starts_with_the_longest_head_phase():
    head = made(strategy="feature_extraction", head_epochs=3)
    long = made(head_epochs=2, fine_tune_epochs=1)
    assert compare.aligned([head, long]) == ((-1.5, -0.5, 0.5), (-1.5, -0.5, 0.5))
    assert compare.aligned([head]) == ((1.0, 2.0, 3.0),)
