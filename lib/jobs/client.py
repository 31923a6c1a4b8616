"""The interface of the pages to training: submit, follow and cancel runs, and ask questions.

Each web process has one Client. Pages call it from their script threads, and no call blocks: the
Keeper works in its own thread. `THAW_SCHEDULER` is the address of a Dask scheduler that
replaces the local engine.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib.core import limits, runs
from lib.core.errors import EngineError, StoreError, ThawError
from lib.core.lab import owner as owners
from lib.core.lab import room
from lib.core.lab.owner import RunOwner
from lib.core.lab.progress import Progress
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import cancelling, endings, memory, worker
from lib.jobs.keeper import Keeper, News
from lib.jobs.questions import Question, Questions
from lib.jobs.records import Record

# Readers whose latest wish is remembered, so that a page can repeat it without any work.
MAX_REMEMBERED = 100


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
        self._shared, self._trainer = bool(scheduler), trainer
        self._keeper = keeper = Keeper(self.store, trainer, scheduler)
        self._records, self._changed = keeper.records, keeper.changed
        # Reader -> id of the run that was prepared last.
        self._prepared: dict[str, str] = {}
        self._questions = Questions(keeper.reach, keeper.training, keeper.connecting)

    def start(self) -> None:
        """Start the engine or connect to the scheduler, in the background; returns immediately."""
        self._keeper.start()

    def submit(self, config: TrainConfig, owner: str = "") -> str:
        """Submit a run; a run that is finished, queued or active is not started again.

        Args:
            config: What to train.
            owner: Hash of the key of the reader whose run it is. Each reader has one active run at
                a time, and readers take turns. A run of nobody waits only for a free worker.

        Returns:
            The run id.

        Raises:
            TooLargeError: If the run needs more memory than there is.
            StoreError: If there is no room for it, or the store cannot be written.
            EngineError: If the client has been closed.
        """
        return self.submit_all((config,), owner)[0]

    def submit_all(self, configs: Sequence[TrainConfig], owner: str = "") -> tuple[str, ...]:
        """Submit several runs: all of them, or none.

        Args:
            configs: What to train.
            owner: As for `submit`.

        Returns:
            The run ids.

        Raises:
            TooLargeError, StoreError, EngineError: As `submit` does, for any of them.
        """
        wanted = {runs.run_id(config): config for config in configs}
        with self._changed:
            if self._keeper.closed:
                raise EngineError("Thaw is being closed.", "Start it again.")
            new = {id_: config for id_, config in wanted.items() if self._is_new(id_, config)}
            for config in new.values():
                self.check(config)
            if new:
                waiting = [record.owner for record in self._records if not record.progress.ended]
                room.check_waiting(owner, waiting, len(new))
                room.check_kept(self.store.root, owner, len(new))
                self.store.check_writable()
            for id_, config in new.items():
                self._records.queue(config, id_, owner)
            if new:
                self._prepared.clear()  # A run pushes aside what is being prepared.
                self.start()
        return tuple(map(runs.run_id, configs))

    def _is_new(self, id_: str, config: TrainConfig) -> bool:
        """True for a run that is neither finished, queued nor active."""
        record = self._records.get(id_)
        if record and not record.progress.ended:
            return False
        if self.store.trained(config):
            self._records.drop(id_)  # Another process has finished what was cancelled here.
            return False
        return True

    def check(self, config: TrainConfig) -> None:
        """Refuse a run that needs more memory than this machine gives to a run.

        Workers on other machines have limits of their own, and check it themselves.

        Raises:
            TooLargeError: If it does; the next step is a setting that would help.
        """
        if not self._shared and self._trainer == worker.TRAINER:
            memory.check(config, limits.run_bytes(limits.num_workers()))

    def prepare(self, config: TrainConfig, owner: str = "") -> None:
        """Have an idle worker prepare a run that its reader may start next; returns immediately.

        Workers on other machines prepare nothing: others pay for their time.

        Args:
            config: What the controls describe. The caller has checked that the reader may train it.
            owner: Hash of the key of the reader; an earlier wish of the same reader is given up.
        """
        id_ = runs.run_id(config)
        with self._changed:
            if self._shared or self._keeper.closed or self._prepared.get(owner) == id_:
                return
            self._prepared[owner] = id_
            while len(self._prepared) > MAX_REMEMBERED:
                del self._prepared[next(iter(self._prepared))]
            self._keeper.prepare(config, owner)

    def tell(self, news: News) -> None:
        """Call a function whenever an epoch of a run has ended, or its state has changed.

        Args:
            news: Called in a thread that must not wait; it replaces an earlier one.
        """
        self._keeper.news = news

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

    def trained(self, config: TrainConfig) -> Progress | None:
        """The progress of the run of a configuration; None if none was started here.

        A result that came as a file is not that run, although it may be stored under its id.
        """
        id_ = runs.run_id(config)
        with self._changed:
            record = self._records.get(id_)
        if record is None:
            stored = self.store.open(id_)
            if stored and stored.imported:
                return None
        return self.progress(id_)

    def owner(self, run_id: str) -> RunOwner | None:
        """Whose a run is; None where nobody has said so.

        Args:
            run_id: Its id, perhaps from a link.
        """
        with self._changed:
            record = self._records.get(run_id)
            if record and record.reader:
                return RunOwner(record.reader)
        return owners.read_owner(self.store.folder(run_id)) if runs.is_run_id(run_id) else None

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

    def hand_over(self, old: str, new: str) -> None:
        """Give all runs of one reader to another: two keys of one browser.

        Args:
            old: Hash of the key of the reader whose they are.
            new: Of the reader whose they become.
        """
        with self._changed:
            for record in self._records:
                if record.reader == old:
                    record.reader = new
        owners.hand_over(self.store.folders(), old, new)

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

    def ask(self, task: str, owner: str = "", asked_by: str = "", **arguments: Any) -> Question:
        """Put a question to a worker; returns immediately, the answer arrives within seconds.

        A worker answers in parallel to any active run, and nothing is stored. Call `start` earlier,
        or the question also waits for the engine to start.

        Args:
            task: "module:function" that the worker calls.
            owner: Place that asks, such as a part of a page in a session. Earlier questions of the
                same owner are withdrawn.
            asked_by: Who asks: readers take turns, and each has limits; "" for Thaw itself.
            arguments: Arguments of the function: plain values, bytes and arrays. `run_folder` is
                the folder of a run or its id; its files are sent to a remote worker.
        """
        try:
            if runs.is_run_id(str(arguments.get("run_folder", ""))):
                arguments["run_folder"] = str(self._folder_of(arguments["run_folder"]))
        except ThawError as error:
            return Question(task, owner, state="failed", error=error)
        return self._questions.ask(task, owner, arguments, asked_by)

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
