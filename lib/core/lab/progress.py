"""The progress of a run: events from the worker, combined into one state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.core.runs import EpochRecord

# state -> words for the page, in the order a run goes through them
STATES: dict[str, str] = {
    "queued": "Queued, next in turn",
    "starting": "Starting",
    "loading_data": "Loading the images",
    "loading_model": "Loading the backbone",
    "computing_features": "Computing the features of the frozen layers, once",
    "solving": "Fitting heads to parts of the images, to judge them on the others",
    "training": "Training",
    "evaluating": "Evaluating on the test images",
    "storing": "Storing the run",
    "finished": "Finished",
    "cancelled": "Cancelled",
    "failed": "Failed",
    "interrupted": "Interrupted",
}
# Of a run that two copies of Thaw on one THAW_HOME were asked for.
ELSEWHERE = "Another copy of Thaw on this machine is training it"
ENDED = frozenset({"finished", "cancelled", "failed", "interrupted"})


@dataclass(frozen=True)
class Progress:
    """The state of one run at one moment.

    Args:
        state: Key of STATES.
        message: Error message of a failed or interrupted run; else a detail.
        next_step: What the reader can do about the error.
        done: Finished steps of this state, of `total`; images, batches or epochs.
        total: Number of steps; 0 if unknown.
        history: Finished epochs.
        num_epochs: Planned epochs.
        seconds_left: Estimate by the trainer; None if there is none yet.
        position: Position in the queue, from 1; 0 if it is not queued.
        cancelling: True once its cancellation was requested.
        elsewhere: True if another copy of Thaw trains it, where it can be cancelled.
    """

    state: str = "queued"
    message: str = ""
    next_step: str = ""
    done: int = 0
    total: int = 0
    history: tuple[EpochRecord, ...] = ()
    num_epochs: int = 0
    seconds_left: float | None = None
    position: int = 0
    cancelling: bool = False
    elsewhere: bool = False

    @property
    def ended(self) -> bool:
        """True if no more events will follow."""
        return self.state in ENDED

    @property
    def share(self) -> float:
        """Share of the epochs that is done, 0 to 1, including the batches of the current epoch."""
        if self.state in ("evaluating", "storing", "finished"):
            return 1.0
        if not self.num_epochs:
            return 0.0
        part = self.done / self.total if self.state == "training" and self.total else 0.0
        return min(1.0, (len(self.history) + part) / self.num_epochs)

    @property
    def words(self) -> str:
        """The current activity, as shown on the page."""
        if self.cancelling and not self.ended:
            return "Cancelling"
        if self.state == "queued" and self.position > 1:
            return f"Queued, {self.position - 1} before it"
        if self.state == "training":
            return f"Epoch {min(len(self.history) + 1, self.num_epochs)} of {self.num_epochs}"
        if self.state == "computing_features" and self.total:
            return f"{STATES[self.state]}: {self.done} of {self.total} images"
        return STATES[self.state]


def time_left(seconds: float) -> str:
    """Format the remaining time.

    Example:

    >>> time_left(7.8), time_left(363)
    ('about 8 s left', 'about 6 min left')
    """
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"


def apply(progress: Progress, event: Mapping[str, Any]) -> Progress:
    """Apply an event to the progress.

    An event is a dict of plain values. `{"state": ..., "done": ..., "total": ...}` reports the
    current activity, and `{"epoch": {...}}` a finished epoch. Repeated events and events after the
    end change nothing.

    Args:
        progress: The progress so far.
        event: An event from the worker.
    """
    if progress.ended:
        return progress
    changes: dict[str, Any] = {
        name: event[name]
        for name in ("num_epochs", "seconds_left", "message", "next_step")
        if name in event
    }
    if "epoch" in event:
        record = EpochRecord.from_dict(event["epoch"])
        if record.epoch != len(progress.history) + 1:
            return progress
        changes |= {"history": (*progress.history, record), "done": 0}
    if event.get("state") in STATES:
        changes |= {
            "state": event["state"],
            "done": event.get("done", 0),
            "total": event.get("total", 0),
            "position": event.get("position", 0),
        }
    return replace(progress, **changes)
