"""The runs of one web process, from asking to end, and the order in which they are served."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.core.lab.progress import ENDED, Progress, apply
from lib.core.runs import TrainConfig

# Ended runs are in the store; the last ones are kept here too, should the store be full.
MAX_ENDED = 200


@dataclass(eq=False)
class Record:
    """One run.

    Args:
        id: Its run id.
        owner: Whose it is.
        turn: Its place in the queue, the lower the sooner.
        progress: What is known of it.
        attempt: Name of this attempt at it.
        future: What Dask gave for it; None before its turn and after its end.
        following: True where another web process has asked for it.
        worker: Address of its worker; "" before its first event.
        pid: Process id of its worker; 0 before its first event.
        cancelling: True once somebody has cancelled it.
        restarted: True where a scheduler has begun it a second time by itself.
        returned: True once it came back to the queue because it never began.
        looks_without_worker: How often the worker of a followed run was looked for in vain.
        left: Set when it has ended.
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

    @property
    def handed_over(self) -> bool:
        """True from its handing over to Dask to its end."""
        return self.future is not None

    @property
    def waits(self) -> bool:
        """True while it is in the queue."""
        return not (self.handed_over or self.following or self.progress.ended)

    def end(self, event: Mapping[str, Any]) -> None:
        """End it with this event, its last."""
        self.progress = apply(self.progress, event)
        self.future, self.following = None, False
        self.left.set()


class Records:
    """All records; not locked, its owner does that."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._turn = 0  # of the run that was chosen last

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records.values()))

    def get(self, run_id: str) -> Record | None:
        """The record of a run; None where nobody has asked for it."""
        return self._records.get(run_id)

    def put(self, record: Record) -> None:
        """Take in a record, in place of an earlier one of the same run."""
        self._records.pop(record.id, None)
        self._records[record.id] = record
        ended = [old for old in self if old.progress.ended]
        for old in ended[:-MAX_ENDED]:
            del self._records[old.id]

    def drop(self, run_id: str) -> None:
        """Forget a run that has ended; one that has not stays."""
        record = self.get(run_id)
        if record and record.progress.ended:
            del self._records[run_id]

    def queue(self, config: TrainConfig, run_id: str, owner: str) -> None:
        """Put a run into the queue, by start-time fair queueing.

        The second run of an owner comes after the first of everybody else, however late they ask.
        """
        if all(record.progress.ended for record in self):  # what was before does not count
            self._turn = max((record.turn + 1 for record in self), default=0)
        own = [record.turn + 1 for record in self if record.owner == owner]
        progress = Progress(num_epochs=config.num_epochs)
        self.put(Record(config, run_id, owner, max([self._turn, *own]), progress))

    def take_in(self, event: Mapping[str, Any]) -> bool:
        """Take in one event of a run; True where it ended a run.

        Only a run of another web process ends by its event. One's own ends when its worker has let
        go of it and its folder is here.
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
            pass  # it ends later: see above
        elif record.restarted and "attempt" in event and event["state"] == "cancelled":
            # The scheduler has begun it a second time, so the process that asked for it stopped it
            # and will say why. Where nobody is left to say so, it is an orphan.
            record.worker = ""
        else:
            record.end(event)
            return True
        return False

    def waiting(self) -> list[Record]:
        """The queue in the order it is served."""
        return sorted((record for record in self if record.waits), key=lambda record: record.turn)

    def choose(self, num_workers: int) -> list[Record]:
        """The runs whose turn it is: one for each free worker, and one at a time for each owner."""
        going = [record for record in self if record.handed_over]
        owners = {record.owner for record in going}
        chosen: list[Record] = []
        for record in self.waiting():
            if len(going) + len(chosen) < num_workers and record.owner not in owners:
                chosen.append(record)
                owners.add(record.owner)
                self._turn = max(self._turn, record.turn)
        return chosen
