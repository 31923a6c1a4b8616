"""The command that trains a configuration again from a terminal."""

import shlex
from dataclasses import asdict

from lib.core import datasets
from lib.core.runs import TrainConfig

# What the command finds out for itself.
_NOT_ASKED_FOR = ("data_fingerprint", "training_version")


def command(config: TrainConfig) -> str:
    """A line for a terminal in Thaw's folder; RUN and IMAGES stand for folders of the reader's.

    Args:
        config: Of a run. Where its images came from a folder, the command asks for that folder.
    """
    asked = {name: value for name, value in asdict(config).items() if name not in _NOT_ASKED_FOR}
    if config.dataset not in datasets.DATASETS:
        del asked["dataset"]
    words = ["python", "-m", "lib.training.run"]
    for name, value in asked.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not False and value != "":
            words += [flag, str(value)]
    if not config.catalogued:
        words += ["--images", "IMAGES"]
    return shlex.join([*words, "--out", "RUN"])
