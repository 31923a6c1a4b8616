"""The progress events of a run, and the facts for its result.json."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import keras

from lib.core import runs
from lib.core.lab import command
from lib.core.runs import TrainConfig

Report = Callable[[dict[str, Any]], None]


class CancelledError(Exception):
    """The run was cancelled."""


class RunLog:
    """Times a run, reports its progress and collects the facts of its result.

    Args:
        report: Called with events in the format of lib.core.lab.progress.
        cancelled: Called at every report; the run stops once it returns True.
    """

    def __init__(self, config: TrainConfig, report: Report, cancelled: Callable[[], bool]) -> None:
        # What training uses; what was asked for, with a fault's name only, is in the run's folder.
        self.config, self.asked = config.acting, config
        self.facts: dict[str, Any] = {
            "params": {},
            "moved": {},
            "moved_statistics": {},
            "train_evaluated": {},
            "seconds": {},
        }
        self.report, self._cancelled = report, cancelled
        self._started = time.monotonic()

    def say(self, state: str, done: int = 0, total: int = 0, **more: Any) -> None:
        """Report progress.

        Args:
            state: Key of progress.STATES.
            done: Finished steps of this state.
            total: All steps of this state.
            more: Further fields of the event.

        Raises:
            CancelledError: If the run was cancelled.
        """
        if self._cancelled():
            raise CancelledError
        self.report({"state": state, "done": done, "total": total, **more})

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the seconds of the block to `seconds[part]` of result.json.

        The seconds of a timed block inside it are counted there only.
        """
        seconds = self.facts["seconds"]
        started, before = time.monotonic(), sum(seconds.values())
        try:
            yield
        finally:
            own = time.monotonic() - started - (sum(seconds.values()) - before)
            seconds[part] = round(seconds.get(part, 0.0) + own, 6)

    def result(self, status: str, **more: Any) -> dict[str, Any]:
        """The content of result.json."""
        return {
            "status": status,
            "run_id": runs.run_id(self.asked),
            "command": command.command(self.asked),
            "wall_time_s": round(time.monotonic() - self._started, 6),
            "versions": versions(),
            "hardware": hardware(),
            **self.facts,
            **more,
        }


def versions() -> dict[str, str]:
    """Versions of Python and the libraries that compute a run."""
    found = {"python": platform.python_version()}
    for name in ("keras", "tensorflow", "tensorflow-cpu", "tensorflow-datasets", "numpy", "pillow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # TensorFlow is installed under one of two names.
    return found


def hardware() -> dict[str, Any]:
    """The hardware of the run, without the name of the machine."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
        "devices": list(keras.distribution.list_devices()),
    }
