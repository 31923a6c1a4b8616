"""The command that repeats the training of a configuration in a terminal."""

import shlex

from lib.core import datasets
from lib.core.config import SETTINGS
from lib.core.runs import TrainConfig
from lib.core.settings import added_later


def option(name: str) -> str:
    """Return the command-line option of a setting, such as "--head-epochs"."""
    return f"--{name.replace('_', '-')}"


def command(config: TrainConfig) -> str:
    """Return the command line, to be run in Thaw's folder.

    The reader replaces RUN, and IMAGES if the run used images from a folder, by folders.

    Args:
        config: Configuration of a run.
    """
    words = ["python", "-m", "lib.training.run"]
    later = added_later(TrainConfig)
    for name, setting in sorted(SETTINGS.items(), key=lambda item: item[1].added):
        value = getattr(config, name)
        is_folder = name == "dataset" and value not in datasets.DATASETS
        if value is False or value == "" or is_folder or not setting.is_asked_for:
            continue
        # Commands of runs from before a setting was added stay as they were stored.
        if name in later and value == later[name]:
            continue
        words += [option(name)] if value is True else [option(name), str(value)]
    if not config.catalogued:
        words += ["--images", "IMAGES"]
    return shlex.join([*words, "--out", "RUN"])
