"""Asks for runs, follows them and cancels them, and asks questions: all a page knows of training.

One Client serves a web process. Pages call it from their script threads and never wait for it; one
thread of its own, the keeper, starts the engine, hands runs over in turn and looks after those
that ended. `THAW_SCHEDULER` names a Dask scheduler to use instead of an engine of one's own.
"""

import logging
import os
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from lib.core import runs
from lib.core.errors import EngineError, StoreError, ThawError
from lib.core.lab import store as run_store
from lib.core.lab.progress import ENDED, Progress, apply
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import folders, worker
from lib.jobs.connection import Connection
from lib.jobs.questions import Question, Questions
from lib.jobs.records import Record, Records

logger = logging.getLogger(__name__)

# How often the keeper looks at what tells nobody when it changes, while there is a run.
SECONDS_BETWEEN_LOOKS = 0.25
# Two seconds in which the web process that asked for a run can say how it ended.
LOOKS_BEFORE_ORPHANED = 8
# A cancelled run is asked, then interrupted, then its process is killed: all within two seconds.
SECONDS_TO_BEGIN = 0.3
SECONDS_TO_STOP = 0.8
# More than once: an exception that lands in a destructor is lost there.
SECONDS_TO_UNWIND = (0.2, 0.2, 0.2)
# After its first run a worker holds 830 MB, and a few more after each: it is renewed before
# fifty runs could take 2 GB.
WORKER_LIMIT_BYTES = 1_500_000_000

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


class Client:
    """The runs of one web process.

    Args:
        store: Where runs are kept; the store under THAW_HOME where None.
        trainer: "module:function" that a worker calls.
        scheduler: Address of a Dask scheduler; THAW_SCHEDULER where None, and where that is not
            set either, an engine of its own.
    """

    def __init__(
        self,
        store: RunStore | None = None,
        trainer: str = worker.TRAINER,
        scheduler: str | None = None,
    ) -> None:
        self.store = RunStore() if store is None else store
        self._trainer = trainer
        self._scheduler = os.environ.get("THAW_SCHEDULER", "") if scheduler is None else scheduler
        self._connecting = (
            "Connecting to the scheduler" if self._scheduler else "Starting the training engine"
        )
        self._records = Records()
        # Guards the records and the flags. Never held while Dask is asked for something: its
        # thread has to answer, and it may be waiting for the lock with an event.
        self._changed = threading.Condition(threading.RLock())
        self._keeper: threading.Thread | None = None
        self._connection: Connection | None = None
        self._wanted = False
        self._unreachable = False
        self._has_workers = True
        self._closed = False
        # Why the last attempt to connect failed; None once there is another.
        self._trouble: Mapping[str, Any] | None = None
        self._questions = Questions(self._reach, self._training, self._connecting)

    # --- For pages ----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine in the background, or connect to the scheduler; returns at once."""
        with self._changed:
            self._wanted = True
            if self._keeper is None and not self._closed:
                self._keeper = threading.Thread(target=self._keep, name="thaw-jobs", daemon=True)
                self._keeper.start()
            self._changed.notify_all()

    def submit(self, config: TrainConfig, owner: str = "") -> str:
        """Ask for a run; one that is finished, waiting or going on is not started again.

        Args:
            config: What to train.
            owner: Whose run it is, such as a session. An owner has one run going at a time, and
                owners take turns; without an owner a run only waits for a worker.

        Returns:
            The run's id.

        Raises:
            StoreError: If the run could not be stored.
            EngineError: If the client has been closed.
        """
        id_ = runs.run_id(config)
        with self._changed:
            if self._closed:
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
        """What a run is doing, or how it ended; None where nobody knows it.

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
        if self._scheduler and not (run and run.result):
            followed = self._follow(run_id)
        return followed or (_stored_progress(run) if run else None)

    def config(self, run_id: str) -> TrainConfig | None:
        """What a run was asked to do; None where nobody knows it.

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
        """Remember nothing of a run that has ended: its reader has deleted it."""
        with self._changed:
            self._records.drop(run_id)

    def cancel(self, run_id: str) -> None:
        """End a run that waits or goes on; returns at once, the run ends within two seconds."""
        with self._changed:
            record = self._records.get(run_id)
            if record is None or record.progress.ended or record.cancelling:
                return
            record.cancelling = True
            if record.waits:
                self._end(record, CANCELLED)
                return
            record.progress = replace(record.progress, cancelling=True)
        threading.Thread(target=self._stop, args=(record,), daemon=True).start()

    def ask(self, task: str, owner: str = "", **arguments: Any) -> Question:
        """Ask a worker something that is no run; returns at once, the answer comes in seconds.

        It is answered beside whatever run is going on, and nothing of it is stored. Before a page
        asks it calls `start`, or the reader waits for the engine too.

        Args:
            task: "module:function" that the worker calls.
            owner: Who asks, such as a session. What an owner asked before is withdrawn.
            arguments: Of the function: plain values, bytes and arrays. `run_folder` is the folder
                of a run, or its id; the worker finds the files of that folder wherever it is.
        """
        try:
            if runs.is_run_id(str(arguments.get("run_folder", ""))):
                arguments["run_folder"] = str(self._folder_of(arguments["run_folder"]))
        except ThawError as error:
            return Question(task, owner, state="failed", error=error)
        return self._questions.ask(task, owner, arguments)

    def close(self) -> None:
        """End the engine, and with it every run that has not ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            keeper = self._keeper
        self._questions.fail_all(EngineError("Thaw was closed.", "Ask again."))
        if keeper:
            keeper.join()

    @property
    def engine_pid(self) -> int | None:
        """Process id of the engine; None where there is none."""
        connection = self._connection
        return connection.engine.pid if connection and connection.engine else None

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers; empty while there is no engine."""
        connection = self._connection
        return connection.pids() if connection else ()

    # --- For questions ------------------------------------------------------------------------

    def _folder_of(self, run_id: str) -> Path:
        run = self.store.open(run_id)
        if run is None:
            raise StoreError(f"There is no run {run_id} here.", "Choose another run.")
        return run.folder

    def _reach(self) -> Connection:
        """The connection to the workers; waits for it.

        Raises:
            EngineError: If the engine cannot be started or the scheduler not be reached.
        """

        def reached() -> Connection | None:
            connection = self._connection
            return connection if connection and not connection.lost else None

        with self._changed:
            if not (reached() or self._closed):
                self._trouble = None
                self.start()
                self._changed.wait_for(lambda: reached() or self._trouble or self._closed)
            connection = reached()
            if connection:
                return connection
            if self._trouble is None or self._closed:
                raise EngineError("Thaw is being closed.", "Start it again.")
            raise EngineError(self._trouble["message"], self._trouble["next_step"])

    def _training(self) -> frozenset[str]:
        """Addresses of the workers in which a run is going on."""
        with self._changed:
            return frozenset(one.worker for one in self._records if not one.progress.ended)

    # --- What is known of a run ---------------------------------------------------------------

    def _seen(self, record: Record) -> Progress:
        if not record.waits:
            return record.progress
        position = self._records.waiting().index(record) + 1
        if position == 1 and self._connection is None:
            return replace(record.progress, state="starting", message=self._connecting)
        message = "" if self._has_workers else "The scheduler has no worker"
        return replace(record.progress, position=position, message=message)

    def _follow(self, run_id: str) -> Progress | None:
        """Join a run that another web process has asked for; None where there is none."""
        connection = self._connection
        if connection is None and self._unreachable:
            return None
        if connection is None:
            self.start()
            return Progress("starting", message=self._connecting)
        try:
            events = connection.replay(run_id)
        except OSError:  # the keeper will see it too
            return None
        if not events:
            return None
        with self._changed:
            if self._records.get(run_id) is None:
                config = TrainConfig.from_dict(events[0]["config"])
                self._records.put(Record(config, run_id, following=True))
                for event in events:
                    self._on_event(event)
                self._changed.notify_all()
        return self.progress(run_id)

    def _on_event(self, event: Mapping[str, Any]) -> None:
        """Fold in one event; Dask calls this in a thread of its own."""
        with self._changed:
            record = self._records.get(event["run"])
            if record is None:
                return
            if record.progress.ended and event.get("begin", record.attempt) != record.attempt:
                # Another web process has started it again.
                record = Record(record.config, record.id, following=True)
                self._records.put(record)
            if not (record.handed_over or record.following):
                return
            if "begin" in event:
                record.restarted = record.worker not in ("", event["worker"])
                record.attempt = event["begin"]
                record.worker, record.pid = event["worker"], event["pid"]
            if event.get("state") not in ENDED:
                record.progress = apply(record.progress, event)
            elif record.following and not (
                record.restarted and "attempt" in event and event["state"] == "cancelled"
            ):
                self._end(record, event)
            elif record.following:
                # Begun again by the scheduler, it was stopped by who asked for it, who will say
                # why. With nobody left to say so, it is an orphan.
                record.worker = ""
            # One's own run ends when its worker has let go of it and its folder is here.

    def _end(self, record: Record, event: Mapping[str, Any]) -> None:
        with self._changed:
            record.progress = apply(record.progress, event)
            record.future = None
            record.following = False
            self._changed.notify_all()
        record.left.set()

    # --- The keeper ---------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._closed:
            try:
                self._look_after()
            except OSError:
                self._lose()
            except Exception:  # nobody else would look after the runs
                logger.exception("The keeper of the runs met an error")
                self._disconnect(KEEPER_FAILED)
            with self._changed:
                if not self._closed:
                    busy = any(not record.progress.ended for record in self._records)
                    wait = busy or self._wanted
                    self._changed.wait(SECONDS_BETWEEN_LOOKS if wait else None)
        self._disconnect(APP_CLOSED)

    def _look_after(self) -> None:
        if self._connection and self._connection.lost:
            self._lose()
        for record in self._records:
            if record.handed_over and (record.restarted or record.future.done()):
                self._settle(record)
        if self._connection is None and (self._wanted or self._records.waiting()):
            self._connect()
        if self._connection:
            self._leave_orphans(self._connection)
            self._hand_over(self._connection)

    def _connect(self) -> None:
        try:
            connection = Connection(self._scheduler, self._trainer, self.store, self._on_event)
        except EngineError as error:
            event = {"state": "failed", "message": error.message, "next_step": error.next_step}
            self._disconnect(event)
            self._unreachable = True
        else:
            connection.listen()
            with self._changed:
                self._connection, self._unreachable = connection, False
                self._changed.notify_all()
        # Wanted once; when it is lost, it is started again for the next run only.
        self._wanted = False

    def _lose(self) -> None:
        """The engine or the scheduler is gone, and the runs it had with it."""
        connection, self._connection = self._connection, None
        for record in self._records:
            if not (record.progress.ended or record.waits):
                if connection and record.pid:
                    connection.bury(record.pid)
                self._end_or_return(record, self._lost_event)
        if connection:
            connection.close()

    @property
    def _lost_event(self) -> Mapping[str, Any]:
        return SCHEDULER_LOST if self._scheduler else ENGINE_DIED

    def _disconnect(self, event: Mapping[str, Any]) -> None:
        """Let go of the engine or the scheduler; every run ends with this event."""
        connection, self._connection = self._connection, None
        with self._changed:
            self._trouble = event
            self._changed.notify_all()
        if connection:
            connection.close()
        for record in self._records:
            if not record.progress.ended:
                self._finish(record, event)

    def _leave_orphans(self, connection: Connection) -> None:
        """End what is followed and has lost its worker, where nobody is left to say why."""
        followed = [record for record in self._records if record.following]
        if followed:
            workers = connection.workers()
            for record in followed:
                record.looks_without_worker += record.worker not in workers
                if record.looks_without_worker > LOOKS_BEFORE_ORPHANED:
                    self._end(record, WORKER_DIED)

    def _hand_over(self, connection: Connection) -> None:
        """Give Dask the runs whose turn it is."""
        if not self._records.waiting():
            return
        connection.listen()
        num_workers = connection.num_workers
        self._has_workers = bool(num_workers)
        with self._changed:
            chosen = self._records.choose(num_workers)
            for record in chosen:
                folders.clear_unfinished(self.store, record.id)
                record.attempt = uuid.uuid4().hex
                record.future = connection.submit(record)
                record.future.add_done_callback(self._wake)
        if connection.shared:  # another web process may have started it before
            for record in chosen:
                for event in connection.replay(record.id):
                    self._on_event(event)

    def _wake(self, _: Any) -> None:
        with self._changed:
            self._changed.notify_all()

    def _settle(self, record: Record) -> None:
        """A run has left its worker: say how it ended, and see that its folder does."""
        connection, future, address = self._connection, record.future, record.worker
        assert connection
        if future.status != "finished":
            event = WORKER_DIED if record.restarted else self._why(future)
            if not future.done():
                connection.tell(worker.ask_to_stop, record.attempt)
                future.cancel()
            self._end_or_return(record, event)
            return
        try:
            outcome = future.result()
        except Exception as error:  # its worker died after the run and before it was asked
            logger.warning("How run %s ended is not known: %r", record.id, error)
            self._finish(record, WORKER_DIED)
            return
        future.release()
        try:
            folders.write_files(self.store, record.id, outcome["files"])
        except OSError as error:
            logger.warning("Run %s could not be stored: %s", record.id, error)
        self._finish(record, outcome["event"], told=True)
        # The workers of a cluster are not ours to renew: somebody else's run may be in one.
        if outcome["rss_bytes"] > WORKER_LIMIT_BYTES and not connection.shared:
            connection.renew(address)

    def _why(self, future: Any) -> Mapping[str, Any]:
        if future.status == "cancelled":
            return self._lost_event
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            return WORKER_DIED
        logger.error("A worker could not run a task: %r", error)
        return {
            "state": "failed",
            "message": f"The worker could not run it: {type(error).__name__}: {error}.",
            "next_step": "Install the same version of Thaw here, on the scheduler and its workers.",
        }

    def _end_or_return(self, record: Record, event: Mapping[str, Any]) -> None:
        """End a run that was lost; put it back into the queue, once, where it had not begun."""
        with self._changed:
            if record.handed_over and not (record.worker or record.cancelling or record.returned):
                record.returned, record.future = True, None
                return
        self._finish(record, event)

    def _finish(self, record: Record, event: Mapping[str, Any], told: bool = False) -> None:
        """End a run here, in the store and, where its worker has not told them, for others."""
        if record.cancelling and event["state"] == "interrupted":
            event = CANCELLED
        folders.mark_ended(self.store, record.config, event, record.progress.history)
        run = run_store.read_run(self.store.folder(record.id))
        if run and run.result:  # the folder has the last word
            event = {"state": run.status, **_words(run)}
        with self._changed:
            if run and len(run.history) > len(record.progress.history):
                record.progress = replace(record.progress, history=run.history)
            self._end(record, event)
        connection = self._connection
        if connection and connection.shared and (record.restarted or not told):
            connection.publish(record.id, event)

    # --- Cancelling, in a thread of its own ---------------------------------------------------

    def _stop(self, record: Record) -> None:
        connection = self._connection
        if connection is None:
            return
        connection.tell(worker.ask_to_stop, record.attempt)
        if record.left.wait(SECONDS_TO_BEGIN):
            return
        future = record.future
        if future and record.progress.state in ("queued", "starting"):
            # It waits, behind somebody else's run or for the import of TensorFlow, and will end
            # by itself when it is through: killing its process would begin the import anew.
            with suppress(Exception):  # a scheduler that is gone has no run either
                future.cancel()
            return
        if record.left.wait(SECONDS_TO_STOP):
            return
        for seconds in SECONDS_TO_UNWIND:
            connection.tell(worker.interrupt, record.attempt)
            if record.left.wait(seconds):
                return
        connection.tell(worker.kill, workers=[record.worker], nanny=True)


def _words(run: runs.Run) -> dict[str, str]:
    return {name: run.result.get(name, "") for name in ("message", "next_step")}


def _stored_progress(run: runs.Run) -> Progress:
    # Without a result, nobody was left who could have said so.
    event = {"state": run.status, **_words(run)} if run.result else APP_CLOSED
    return apply(Progress(history=run.history, num_epochs=run.config.num_epochs), event)
