"""The command that trains a configuration again from a terminal."""

import shlex

from lib.core import datasets
from lib.core.config import SETTINGS
from lib.core.runs import TrainConfig


def option(name: str) -> str:
    """The option of the command line for a setting, such as "--head-epochs"."""
    return f"--{name.replace('_', '-')}"


def command(config: TrainConfig) -> str:
    """A line for a terminal in Thaw's folder; RUN and IMAGES stand for folders of the reader's.

    Args:
        config: Of a run. Where its images came from a folder, the command asks for that folder.
    """
    words = ["python", "-m", "lib.training.run"]
    for name, setting in sorted(SETTINGS.items(), key=lambda item: item[1].added):
        value = getattr(config, name)
        is_folder = name == "dataset" and value not in datasets.DATASETS
        if value is False or value == "" or is_folder or not setting.is_asked_for:
            continue
        words += [option(name)] if value is True else [option(name), str(value)]
    if not config.catalogued:
        words += ["--images", "IMAGES"]
    return shlex.join([*words, "--out", "RUN"])
