"""The interface of the pages to training: submit, follow and cancel runs, and ask questions.

Each web process has one Client. Pages call it from their script threads, and no call blocks: the
Keeper works in its own thread. `THAW_SCHEDULER` is the address of a Dask scheduler that
replaces the local engine.
"""

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib.core import runs
from lib.core.errors import EngineError, StoreError, ThawError
from lib.core.lab.progress import Progress
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import cancelling, endings, worker
from lib.jobs.keeper import Keeper
from lib.jobs.questions import Question, Questions
from lib.jobs.records import Record


class Client:
    """The runs of one web process.

    Args:
        store: Store of the runs; the store under THAW_HOME if None.
        trainer: "module:function" that a worker calls.
        scheduler: Address of a Dask scheduler; THAW_SCHEDULER if None. A local engine is started
            if there is no address.
    """

    def __init__(
        self,
        store: RunStore | None = None,
        trainer: str = worker.TRAINER,
        scheduler: str | None = None,
    ) -> None:
        self.store = RunStore() if store is None else store
        scheduler = os.environ.get("THAW_SCHEDULER", "") if scheduler is None else scheduler
        self._shared = bool(scheduler)
        self._keeper = keeper = Keeper(self.store, trainer, scheduler)
        self._records, self._changed = keeper.records, keeper.changed
        self._questions = Questions(keeper.reach, keeper.training, keeper.connecting)

    def start(self) -> None:
        """Start the engine or connect to the scheduler, in the background; returns immediately."""
        self._keeper.start()

    def submit(self, config: TrainConfig, owner: str = "") -> str:
        """Submit a run; a run that is finished, queued or active is not started again.

        Args:
            config: What to train.
            owner: Owner of the run, such as a session. Each owner has one active run at a time, and
                owners take turns. A run without an owner waits only for a free worker.

        Returns:
            The run id.

        Raises:
            StoreError: If the run could not be stored.
            EngineError: If the client has been closed.
        """
        id_ = runs.run_id(config)
        with self._changed:
            if self._keeper.closed:
                raise EngineError("Thaw is being closed.", "Start it again.")
            record = self._records.get(id_)
            if record and not record.progress.ended:
                return id_
            stored = self.store.open(id_)
            if stored and stored.status == "finished":
                return id_
            self.store.check_writable()
            self._records.queue(config, id_, owner or id_)
            self.start()
        return id_

    def progress(self, run_id: str) -> Progress | None:
        """The progress of a run, or how it ended; None if the run is unknown.

        Args:
            run_id: Its id, perhaps from a link.
        """
        with self._changed:
            record = self._records.get(run_id)
            if record:
                return self._seen(record)
        if not runs.is_run_id(run_id):
            return None
        run = self.store.open(run_id)
        followed = None
        if self._shared and not (run and run.result):
            followed = self._follow(run_id)
        return followed or (endings.stored_progress(run) if run else None)

    def config(self, run_id: str) -> TrainConfig | None:
        """The configuration of a run; None if the run is unknown.

        Args:
            run_id: Its id, perhaps from a link.
        """
        with self._changed:
            record = self._records.get(run_id)
        if record:
            return record.config
        run = self.store.open(run_id) if runs.is_run_id(run_id) else None
        return None if run is None else run.config

    def forget(self, run_id: str) -> None:
        """Forget an ended run that its reader has deleted."""
        with self._changed:
            self._records.drop(run_id)

    def cancel(self, run_id: str) -> None:
        """Cancel a queued or active run; returns immediately, the run ends within two seconds."""
        with self._changed:
            record = self._records.get(run_id)
            if record is None or record.progress.ended or record.cancelling:
                return
            record.cancelling = True
            if record.waits:
                self._keeper.end(record, endings.CANCELLED)
                return
            record.progress = replace(record.progress, cancelling=True)
        connection = self._keeper.connection
        if connection:  # after a lost connection, the keeper ends the run
            threading.Thread(target=cancelling.stop, args=(record, connection), daemon=True).start()

    def ask(self, task: str, owner: str = "", **arguments: Any) -> Question:
        """Put a question to a worker; returns immediately, the answer arrives within seconds.

        A worker answers in parallel to any active run, and nothing is stored. Call `start` earlier,
        or the question also waits for the engine to start.

        Args:
            task: "module:function" that the worker calls.
            owner: Who asks, such as a session. Earlier questions of the same owner are withdrawn.
            arguments: Arguments of the function: plain values, bytes and arrays. `run_folder` is
                the folder of a run or its id; its files are sent to a remote worker.
        """
        try:
            if runs.is_run_id(str(arguments.get("run_folder", ""))):
                arguments["run_folder"] = str(self._folder_of(arguments["run_folder"]))
        except ThawError as error:
            return Question(task, owner, state="failed", error=error)
        return self._questions.ask(task, owner, arguments)

    def close(self) -> None:
        """End the engine, and with it all unfinished runs and questions."""
        self._questions.fail_all(EngineError("Thaw was closed.", "Ask again."))
        self._keeper.close()

    @property
    def engine_pid(self) -> int | None:
        """Process id of the engine; None if there is no engine."""
        connection = self._keeper.connection
        return connection.engine.pid if connection and connection.engine else None

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers; empty while there is no connection."""
        connection = self._keeper.connection
        return connection.pids() if connection else ()

    def _folder_of(self, run_id: str) -> Path:
        run = self.store.open(run_id)
        if run is None:
            raise StoreError(f"There is no run {run_id} here.", "Choose another run.")
        return run.folder

    def _seen(self, record: Record) -> Progress:
        """The progress of a run, with its position if it is queued."""
        if not record.waits:
            return record.progress
        keeper = self._keeper
        position = self._records.waiting().index(record) + 1
        if position == 1 and keeper.connection is None:
            return replace(record.progress, state="starting", message=keeper.connecting)
        message = "" if keeper.has_workers else "The scheduler has no worker"
        return replace(record.progress, position=position, message=message)

    def _follow(self, run_id: str) -> Progress | None:
        """Follow a run that another web process has submitted; None if there is no such run."""
        keeper, connection = self._keeper, self._keeper.connection
        if connection is None and keeper.unreachable:
            return None
        if connection is None:
            self.start()
            return Progress("starting", message=keeper.connecting)
        try:
            events = connection.replay(run_id)
        except OSError:  # the keeper handles it
            return None
        if not events:
            return None
        with self._changed:
            if self._records.get(run_id) is None:
                config = TrainConfig.from_dict(events[0]["config"])
                self._records.put(Record(config, run_id, following=True))
                for event in events:
                    self._records.take_in(event)
                self._changed.notify_all()
        return self.progress(run_id)
