"""The command stored with a run gives the configuration of that run."""

import shlex

import pytest

from lib.core import runs
from lib.core.lab import command as run_command
from lib.training import run as command_line

CONFIGS = {
    "defaults": {},
    "head only": {"strategy": "feature_extraction"},
    "everything, BatchNormalization thawed": {
        "strategy": "full_fine_tuning",
        "batch_norm": "thawed",
    },
    "from scratch": {"strategy": "from_scratch"},
    "everything set": {
        "thaw_from": "block_14_expand_conv,block_12_expand_conv",
        "step_rate_factor": 0.5,
        "head_rate_factor": 10.0,
        "head_epochs": 0,
        "optimizer": "sgd",
        "pooling": "flatten",
        "hidden_units": 8,
        "dropout": 0.2,
        "augmentation": True,
        "early_stopping": 3,
        "restore_best_weights": True,
        "batch_size": 16,
        "seed": 0,
    },
}


def parsed(command: str) -> dict[str, object]:
    python, dash_m, module, *arguments = shlex.split(command)
    assert (python, dash_m, module) == ("python", "-m", "lib.training.run")
    values = vars(command_line.parser().parse_args(arguments))
    assert str(values.pop("out")) == "RUN"
    return values


@pytest.mark.parametrize("asked", CONFIGS.values(), ids=CONFIGS)
def test_the_command_of_a_run_asks_for_its_configuration(asked):
    config = runs.make_config(**asked)
    values = parsed(run_command.command(config))
    assert values.pop("images") is None
    assert runs.make_config(**values) == config


@pytest.mark.parametrize("dataset", ["cats_vs_dogs", "images-0123456789ab"])
def test_the_command_of_a_run_on_a_folder_asks_for_the_folder(dataset):
    data = {"data_fingerprint": "0123456789ab" * 5 + "0123", "max_train_images": 500}
    config = runs.make_config(dataset=dataset, **data)
    values = parsed(run_command.command(config))
    assert str(values.pop("images")) == "IMAGES"
    # A folder's own name is found out from its images; one of the registry is said.
    values["dataset"] = values["dataset"] or dataset
    assert runs.make_config(**values, **data) == config
