"""Records of the runs of one web process, and the order of their queue."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.core.lab.progress import ENDED, Progress, apply
from lib.core.runs import TrainConfig

# Ended runs are in the store. The latest are also kept here, in case the store is full.
MAX_ENDED = 200


@dataclass(eq=False)
class Record:
    """One run.

    Args:
        id: The run id.
        owner: Whose turn it takes.
        turn: Priority in the queue; lower comes first.
        progress: The latest progress.
        attempt: Unique name of this attempt.
        future: Dask's future; None in the queue and after the end.
        following: True if another web process has submitted the run.
        worker: Address of its worker; "" before the first event.
        pid: Process id of its worker; 0 before the first event.
        cancelling: True once the run has been cancelled.
        restarted: True if the scheduler has started the run a second time by itself.
        returned: True once the run was returned to the queue because it had not started.
        looks_without_worker: Number of checks in which the worker of a followed run was missing.
        left: Set when the run has ended.
        reader: Hash of the key of the reader who started it; "" for nobody.
    """

    config: TrainConfig
    id: str
    owner: str = ""
    turn: int = 0
    progress: Progress = field(default_factory=Progress)
    attempt: str = ""
    future: Any = None
    following: bool = False
    worker: str = ""
    pid: int = 0
    cancelling: bool = False
    restarted: bool = False
    returned: bool = False
    looks_without_worker: int = 0
    left: threading.Event = field(default_factory=threading.Event)
    reader: str = ""

    @property
    def handed_over(self) -> bool:
        """True from its submission to Dask until its end."""
        return self.future is not None

    @property
    def waits(self) -> bool:
        """True while the run is in the queue."""
        return not (self.handed_over or self.following or self.progress.ended)

    def end(self, event: Mapping[str, Any]) -> None:
        """End the run with its last event."""
        self.progress = apply(self.progress, event)
        self.future, self.following = None, False
        self.left.set()


class Records:
    """All records. Not thread-safe: the caller holds the lock."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._turn = 0  # turn of the last chosen run

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records.values()))

    def get(self, run_id: str) -> Record | None:
        """The record of a run; None if there is none."""
        return self._records.get(run_id)

    def put(self, record: Record) -> None:
        """Add a record; it replaces an earlier record of the same run."""
        self._records.pop(record.id, None)
        self._records[record.id] = record
        ended = [old for old in self if old.progress.ended]
        for old in ended[:-MAX_ENDED]:
            del self._records[old.id]

    def drop(self, run_id: str) -> None:
        """Remove the record of a run if the run has ended."""
        record = self.get(run_id)
        if record and record.progress.ended:
            del self._records[run_id]

    def queue(self, config: TrainConfig, run_id: str, reader: str) -> None:
        """Add a run to the queue, with start-time fair queueing.

        The second run of a reader comes after the first run of every other reader. A run of nobody
        takes a turn of its own.
        """
        owner = reader or run_id
        if all(record.progress.ended for record in self):  # earlier turns do not count
            self._turn = max((record.turn + 1 for record in self), default=0)
        own = [record.turn + 1 for record in self if record.owner == owner]
        progress = Progress(num_epochs=config.num_epochs)
        turn = max([self._turn, *own])
        self.put(Record(config, run_id, owner, turn, progress, reader=reader))

    def take_in(self, event: Mapping[str, Any]) -> bool:
        """Process one event of a run; returns True if the event ended the run.

        Only a followed run ends by its event. A run of this process ends when its worker has
        released it and its folder has been stored.
        """
        record = self.get(event["run"])
        if record is None:
            return False
        if record.progress.ended and event.get("begin", record.attempt) != record.attempt:
            # Another web process has started it again.
            record = Record(record.config, record.id, following=True)
            self.put(record)
        if not (record.handed_over or record.following):
            return False
        if "begin" in event:
            record.restarted = record.worker not in ("", event["worker"])
            record.attempt = event["begin"]
            record.worker, record.pid = event["worker"], event["pid"]
        if event.get("state") not in ENDED:
            record.progress = apply(record.progress, event)
        elif not record.following:
            pass  # ends later, see above
        elif record.restarted and "attempt" in event and event["state"] == "cancelled":
            # The scheduler started the run a second time, so the process that submitted it stopped
            # it and will report why. If that process is gone, the run is an orphan.
            record.worker = ""
        else:
            record.end(event)
            return True
        return False

    def waiting(self) -> list[Record]:
        """The queue, next run first."""
        return sorted((record for record in self if record.waits), key=lambda record: record.turn)

    def choose(self, num_workers: int) -> list[Record]:
        """The next runs: one for each free worker, and at most one active run for each owner."""
        going = [record for record in self if record.handed_over]
        owners = {record.owner for record in going}
        chosen: list[Record] = []
        for record in self.waiting():
            if len(going) + len(chosen) < num_workers and record.owner not in owners:
                chosen.append(record)
                owners.add(record.owner)
                self._turn = max(self._turn, record.turn)
        return chosen
