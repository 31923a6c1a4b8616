"""A run in a network that another run has used gives every number of a run in a new network."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from lib.core import runs
from lib.training import model as models
from lib.training import task
from lib.training.engine import network
from lib.training.engine.steps import PhaseTrainer
from tests.speeds import thorough_beyond

SHARED = {
    "dataset": "openmoji_animals_food",
    "image_size": 64,
    "fine_tune_learning_rate": 3e-4,
    # Inside a block that adds its input to its result, so that two tensors cross the cut.
    "thaw_from": "block_14_depthwise_conv",
}
# What differs between two runs that share a network: everything that is not in its graphs.
FIRST = {"num_images": 24, "batch_size": 10, "seed": 5, "head_epochs": 2, "fine_tune_epochs": 2}
SECOND = {
    "num_images": 20,
    "batch_size": 8,
    "seed": 6,
    "head_epochs": 3,
    "fine_tune_epochs": 1,
    "early_stopping": 1,
    "head_learning_rate": 2e-3,
    "fine_tune_learning_rate": 1e-4,
}
# Where state could leak from: statistics of batches, dropout, random changes of images, two
# optimizers with momentum, a penalty, a head that is solved, several cuts.
CASES = {
    "statistics and dropout": (
        {"batch_norm": "thawed", "dropout": 0.5, "hidden_units": 8},
        {},
    ),
    "augmentation": ({"augmentation": True, "batch_norm": "tutorial"}, {}),
    "two optimizers and a penalty": (
        {"optimizer": "sgd", "head_rate_factor": 3.0, "l2": 0.01},
        {"l2": 0.1},
    ),
    "solved": ({"head_solver": "solved"}, {}),
    "several cuts": (
        {"thaw_from": "top_conv,block_14_expand_conv", "optimizer": "rmsprop"},
        {"step_rate_factor": 0.5},
    ),
}


@pytest.fixture(autouse=True)
def nothing_kept():
    network.forget_all()
    yield
    network.forget_all()


def what_came_out(config, folder):
    """All numbers of a run except times: its history, its result and its weights."""
    run = task.train(config, lambda event: None, folder=folder)
    history = [dataclasses.replace(record, wall_time_s=0.0) for record in run.history]
    result = {
        name: value
        for name, value in run.result.items()
        if name not in ("seconds", "wall_time_s", "command")
    }
    with np.load(folder / "model" / "weights.npz") as stored:
        weights = {name: stored[name].tobytes() for name in stored.files}
    return history, result, weights


@pytest.mark.parametrize("case", thorough_beyond(["statistics and dropout"], CASES))
def test_runs_that_share_a_prepared_network_in_both_orders_give_the_numbers_of_new_networks(
    case, tmp_path, monkeypatch
):
    """What a preparation leaves behind would show in the first run, or in both that follow."""
    asked, differs = CASES[case]
    first = runs.make_config(**SHARED | FIRST | asked)
    second = runs.make_config(**SHARED | SECOND | asked | differs)
    alone = what_came_out(second, tmp_path / "second alone")
    network.forget_all()
    assert task.prepare(first, lambda: False)

    def forbidden(*_, **__):
        raise AssertionError("done again")

    monkeypatch.setattr(models, "build_backbone", forbidden)
    # It empties TensorFlow's cache of kernels, so that every graph is optimised once more.
    monkeypatch.setattr(tf.random, "set_seed", forbidden)
    before = what_came_out(first, tmp_path / "first")
    assert what_came_out(second, tmp_path / "second") == alone
    assert what_came_out(first, tmp_path / "first again") == before
    assert before[0] != alone[0]


# Where a run draws: dropout, random changes of images, and initial weights.
DRAWS = {
    "dropout and augmentation": {"dropout": 0.5, "hidden_units": 8, "augmentation": True},
    "stochastic depth and initial weights": {
        "strategy": "from_scratch",
        "backbone": "efficientnet_b0",
    },
    "a backbone that learned nothing": {"fault": "random_backbone"},
}


@pytest.mark.parametrize("case", thorough_beyond(["dropout and augmentation"], DRAWS))
def test_no_number_depends_on_generators_that_a_process_shares(case, tmp_path):
    config = runs.make_config(**SHARED | FIRST | DRAWS[case])
    found = []
    for seed in (1, 2):
        network.forget_all()
        keras.utils.set_random_seed(seed)
        found.append(what_came_out(config, tmp_path / str(seed)))
    assert found[0] == found[1]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "strategy", ["partial_fine_tuning", "feature_extraction", "full_fine_tuning"]
)
def test_a_prepared_run_gives_the_numbers_of_one_that_nobody_prepared(
    strategy, tmp_path, monkeypatch
):
    config = runs.make_config(**SHARED | FIRST | {"strategy": strategy})
    alone = what_came_out(config, tmp_path / "alone")
    network.forget_all()
    assert task.prepare(config, lambda: False)
    monkeypatch.setattr(models, "build_backbone", None)
    assert what_came_out(config, tmp_path / "prepared") == alone


def test_a_network_is_shared_only_by_runs_with_the_same_graphs():
    config = runs.make_config(**SHARED | FIRST)
    key = network.key_of(config, 1)
    assert network.key_of(runs.make_config(**SHARED | SECOND), 1) == key
    for other in (
        {"thaw_from": "block_12_expand_conv"},
        {"image_size": 96},
        {"batch_norm": "thawed"},
        {"dropout": 0.5},
        {"optimizer": "sgd"},
        {"l2": 0.1},
        {"fine_tune_epochs": 0},
    ):
        assert network.key_of(runs.make_config(**SHARED | FIRST | other), 1) != key, other
    assert network.key_of(config, 3) != key


def test_every_setting_that_is_not_in_the_graphs_differs_between_the_runs_that_share_a_network():
    differing = set(SECOND).union(*(differs for _, differs in CASES.values()))
    about_data = {"dataset", "data_fingerprint", "judged_by", "training_version"}
    assert differing == network.NOT_IN_THE_GRAPHS - about_data


def test_a_preparation_stops_where_it_is_told_to_and_keeps_what_is_built():
    config = runs.make_config(**SHARED | FIRST)
    looks = iter([False] * 3)
    assert not task.prepare(config, lambda: next(looks, True))
    assert [each.key for each in network._kept] in ([], [network.key_of(config, 1)])


def test_a_preparation_stops_between_tracing_a_graph_and_running_it(monkeypatch):
    traced, trace = [], PhaseTrainer._traced

    def noted(*which):
        traced.append(trace(*which))
        return traced[-1]

    monkeypatch.setattr(PhaseTrainer, "_traced", noted)
    assert not task.prepare(runs.make_config(**SHARED | FIRST), lambda: bool(traced))
    (kept,) = network._kept
    ((_, ((optimizer, _),)),) = kept._trainers.values()
    assert int(optimizer.iterations) == 0


def test_what_is_kept_is_not_warmed_up_again_for_another_seed(monkeypatch):
    """And one image is enough for it, so that a preparation gives way soon."""
    sizes, train_epoch = [], PhaseTrainer.train_epoch

    def noted(trainer, examples, *more):
        sizes.append(len(examples))
        return train_epoch(trainer, examples, *more)

    monkeypatch.setattr(PhaseTrainer, "train_epoch", noted)
    assert task.prepare(runs.make_config(**SHARED | FIRST), lambda: False)
    assert sizes == [1, 1]
    assert task.prepare(runs.make_config(**SHARED | SECOND), lambda: False)
    assert sizes == [1, 1]


def test_the_oldest_networks_make_room_for_new_ones(monkeypatch):
    class Kept:
        def __init__(self, name, parameters):
            self.key, self.parameters = name, parameters
            self.config, self.backbone, self.is_intact = runs.make_config(), self, True

        def count_params(self):
            return self.parameters

    for name in "abcd":
        network.keep(Kept(name, 1))
    changed = Kept("changed where nothing sets it back", 1)
    changed.is_intact = False
    network.keep(changed)
    assert [each.key for each in network._kept] == ["b", "c", "d"]
    network.keep(Kept("large", network.MAX_KEPT_PARAMETERS))
    assert [each.key for each in network._kept] == ["large"]


@pytest.mark.thorough
def test_a_network_with_random_weights_is_not_kept(tmp_path):
    config = runs.make_config(
        **SHARED | {"strategy": "from_scratch", "num_images": 8, "head_epochs": 1}
    )
    what_came_out(config, tmp_path)
    assert not network._kept
