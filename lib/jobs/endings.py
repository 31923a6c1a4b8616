"""The last event of runs that could not report their own end."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib.core.lab.folder import is_written
from lib.core.lab.progress import ELSEWHERE, Progress, apply
from lib.core.runs import Run

logger = logging.getLogger(__name__)

CANCELLED = {"state": "cancelled"}
WORKER_DIED = {
    "state": "interrupted",
    "message": "The process that trained this run ended in the middle of it, "
    "perhaps for lack of memory.",
    "next_step": "Start it again; if that happens twice, use fewer or smaller images.",
}
ENGINE_DIED = {
    "state": "interrupted",
    "message": "The training engine ended in the middle of this run.",
    "next_step": "Start it again: a new engine is started with it.",
}
SCHEDULER_LOST = {
    "state": "interrupted",
    "message": "The connection to the Dask scheduler was lost in the middle of this run.",
    "next_step": "Start it again once the scheduler is back.",
}
APP_CLOSED = {
    "state": "interrupted",
    "message": "Thaw was closed in the middle of this run.",
    "next_step": "Start it again.",
}
KEEPER_FAILED = {
    "state": "failed",
    "message": "Thaw could not look after this run because of a mistake of its own.",
    "next_step": "Start it again; if that happens twice, the log of Thaw has the details.",
}


def of_future(future: Any, lost: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last event of a run for which Dask has no result.

    Args:
        future: Dask's future, cancelled or failed.
        lost: The event to use if the engine or scheduler is gone.
    """
    if future.status == "cancelled":
        return lost
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return WORKER_DIED
    logger.error("A worker could not run a task: %r", error)
    return {
        "state": "failed",
        "message": f"The worker could not run it: {type(error).__name__}: {error}.",
        "next_step": "Install the same version of Thaw here, on the scheduler and its workers.",
    }


def of_stored(run: Run) -> Mapping[str, Any]:
    """The last event of a stored run; without a result, the app was closed during the run."""
    if not run.result:
        return APP_CLOSED
    words = {name: run.result.get(name, "") for name in ("message", "next_step")}
    return {"state": run.status, **words}


def stored_progress(run: Run) -> Progress:
    """The last progress of a stored run, or the latest of one that another process is training."""
    so_far = Progress(history=run.history, num_epochs=run.config.num_epochs)
    if not run.result and is_written(run.folder):
        return replace(so_far, state="training", message=ELSEWHERE, elsewhere=True)
    return apply(so_far, of_stored(run))
