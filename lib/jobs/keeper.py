"""The keeper of the runs: starts the engine, submits queued runs, and stores their results."""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lib.core import limits
from lib.core.errors import EngineError
from lib.core.lab.folder import read_run
from lib.core.lab.progress import Progress
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import endings, folders, worker
from lib.jobs.connection import Connection
from lib.jobs.records import Record, Records

logger = logging.getLogger(__name__)

# Polling interval for states that send no notification, while there is a run.
SECONDS_BETWEEN_LOOKS = 0.25
# Two seconds, in which the web process that submitted a run can report its end.
LOOKS_BEFORE_ORPHANED = 8
# A worker holds 830 MB after its first run and a few MB more after each. It is restarted before
# fifty runs could take 2 GB.
WORKER_LIMIT_BYTES = 1_500_000_000

# Takes the id of a run, and whether only its state has changed, which may be another one soon.
News = Callable[[str, bool], None]


class Keeper:
    """A thread that manages the runs of one web process; it starts with the first `start`.

    Args:
        store: Store of the runs.
        trainer: "module:function" that a worker calls.
        scheduler: Address of a Dask scheduler; "" to start an engine.

    Attributes:
        records: The runs.
        changed: Condition whose lock guards the records and the flags; it is notified when a run is
            submitted or has ended. Never hold it during a call to Dask: the Dask thread that has to
            reply may itself wait for the lock to deliver an event.
        connection: The connection to the workers; None before it exists and after it is lost.
        unreachable: Whether the last attempt to connect failed.
        has_workers: False if a scheduler had no worker when runs were last submitted.
        closed: True once Thaw is being closed.
        news: Called when the state or the epochs of a run have changed.
        connecting: Message to show while there is no connection.
    """

    def __init__(self, store: RunStore, trainer: str, scheduler: str) -> None:
        self._store, self._trainer, self._scheduler = store, trainer, scheduler
        self.connecting = (
            "Connecting to the scheduler" if scheduler else "Starting the training engine"
        )
        self.records = Records()
        self.changed = threading.Condition(threading.RLock())
        self.connection: Connection | None = None
        self.unreachable = False
        self.has_workers = True
        self.closed = False
        self.news: News = lambda run_id, in_passing: None
        self._thread: threading.Thread | None = None
        self._wanted = False
        # Runs to prepare, by who asked.
        self._wishes: dict[str, TrainConfig] = {}
        # Why the last attempt to connect failed; None during the next attempt.
        self._trouble: Mapping[str, Any] | None = None

    # --- For other threads --------------------------------------------------------------------

    def start(self) -> None:
        """Connect to the workers in the background; returns immediately."""
        with self.changed:
            self._wanted = True
            if self._thread is None and not self.closed:
                self._thread = threading.Thread(target=self._keep, name="thaw-jobs", daemon=True)
                self._thread.start()
            self.changed.notify_all()

    def prepare(self, config: TrainConfig, asked_by: str) -> None:
        """Have idle workers prepare a run that a reader is about to start; returns immediately.

        While runs go on, the latest wishes wait for their end.
        """
        with self.changed:
            self._wishes.pop(asked_by, None)
            self._wishes[asked_by] = config
            while len(self._wishes) > limits.current().preparing:
                del self._wishes[next(iter(self._wishes))]
            self.changed.notify_all()

    def close(self) -> None:
        """End the engine and all unfinished runs, and wait for the thread."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
            thread = self._thread
        if thread:
            thread.join()

    def reach(self) -> Connection:
        """Wait for the connection to the workers, and return it.

        Raises:
            EngineError: If the engine cannot be started or the scheduler not be reached.
        """

        def reached() -> Connection | None:
            connection = self.connection
            return connection if connection and not connection.lost else None

        with self.changed:
            if not (reached() or self.closed):
                self._trouble = None
                self.start()
                self.changed.wait_for(lambda: reached() or self._trouble or self.closed)
            connection = reached()
            if connection:
                return connection
            if self._trouble is None or self.closed:
                raise EngineError("Thaw is being closed.", "Start it again.")
            raise EngineError(self._trouble["message"], self._trouble["next_step"])

    def training(self) -> frozenset[str]:
        """Addresses of the workers with an active run."""
        with self.changed:
            return frozenset(one.worker for one in self.records if not one.progress.ended)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Process one event of a run; called in a Dask thread."""
        id_ = event["run"]
        with self.changed:
            before = self._progress(id_)
            if self.records.take_in(event):
                self.changed.notify_all()
            now = self._progress(id_)
        if now is None:
            return
        if before is None or len(now.history) != len(before.history):
            self.news(id_, False)
        elif now.state != before.state:
            self.news(id_, not now.ended)

    def _progress(self, run_id: str) -> Progress | None:
        record = self.records.get(run_id)
        return record.progress if record else None

    def end(self, record: Record, event: Mapping[str, Any]) -> None:
        """End a run with its last event."""
        with self.changed:
            record.end(event)
            self.changed.notify_all()
        self.news(record.id, False)

    # --- The thread ---------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self.closed:
            try:
                self._look_after()
            except OSError:
                self._lose()
            except Exception:  # the thread must survive, or no run would be managed
                logger.exception("The keeper of the runs met an error")
                self._disconnect(endings.KEEPER_FAILED)
            with self.changed:
                if not self.closed:
                    busy = any(not record.progress.ended for record in self.records)
                    self.changed.wait(SECONDS_BETWEEN_LOOKS if busy or self._wanted else None)
        self._disconnect(endings.APP_CLOSED)

    def _look_after(self) -> None:
        if self.connection and self.connection.lost:
            self._lose()
        for record in self.records:
            if record.handed_over and (record.restarted or record.future.done()):
                self._settle(record)
        if self.connection is None and (self._wanted or self.records.waiting()):
            self._connect()
        if self.connection:
            self._leave_orphans(self.connection)
            self._hand_over(self.connection)
            self._pass_on_wishes(self.connection)

    def _pass_on_wishes(self, connection: Connection) -> None:
        """Ask the workers to prepare runs, unless a run goes on or waits."""
        with self.changed:
            if not self._wishes or any(not record.progress.ended for record in self.records):
                return
            wishes, self._wishes = self._wishes, {}
        for address in connection.workers():
            for asked_by, config in wishes.items():
                connection.prepare(address, config, asked_by)

    def _connect(self) -> None:
        try:
            connection = Connection(self._scheduler, self._trainer, self._store, self.on_event)
        except EngineError as error:
            event = {"state": "failed", "message": error.message, "next_step": error.next_step}
            self._disconnect(event)
            self.unreachable = True
        else:
            connection.listen()
            with self.changed:
                self.connection, self.unreachable = connection, False
                self.changed.notify_all()
        # Connect only once: a lost engine is not restarted before the next run.
        self._wanted = False

    def _lose(self) -> None:
        """End the runs of a lost engine or scheduler."""
        connection, self.connection = self.connection, None
        for record in self.records:
            if not (record.progress.ended or record.waits):
                if connection and record.pid:
                    connection.bury(record.pid)
                self._end_or_return(record, self._lost_event)
        if connection:
            connection.close()

    @property
    def _lost_event(self) -> Mapping[str, Any]:
        return endings.SCHEDULER_LOST if self._scheduler else endings.ENGINE_DIED

    def _disconnect(self, event: Mapping[str, Any]) -> None:
        """Close the connection, and end all unfinished runs with this event."""
        connection, self.connection = self.connection, None
        with self.changed:
            self._trouble = event
            self.changed.notify_all()
        if connection:
            connection.close()
        for record in self.records:
            if not record.progress.ended:
                self._finish(record, event)

    def _leave_orphans(self, connection: Connection) -> None:
        """End followed runs whose worker is gone and whose end no web process has reported."""
        followed = [record for record in self.records if record.following]
        if followed:
            workers = connection.workers()
            for record in followed:
                record.looks_without_worker += record.worker not in workers
                if record.looks_without_worker > LOOKS_BEFORE_ORPHANED:
                    self.end(record, endings.WORKER_DIED)

    def _hand_over(self, connection: Connection) -> None:
        """Submit the next runs of the queue to Dask."""
        if not self.records.waiting():
            return
        connection.listen()
        num_workers = connection.num_workers
        self.has_workers = bool(num_workers)
        with self.changed:
            chosen = self.records.choose(num_workers)
            for record in chosen:
                folders.prepare(self._store, record.id, record.reader)
                record.attempt = uuid.uuid4().hex
                record.future = connection.submit(record)
                record.future.add_done_callback(self._wake)
        if connection.shared:  # another web process may have started the run
            for record in chosen:
                for event in connection.replay(record.id):
                    self.on_event(event)

    def _wake(self, _: Any) -> None:
        with self.changed:
            self.changed.notify_all()

    def _settle(self, record: Record) -> None:
        """Record the end of a run that has left its worker, and store its folder."""
        connection, future, address = self.connection, record.future, record.worker
        assert connection
        if future.status != "finished":
            event = (
                endings.WORKER_DIED
                if record.restarted
                else endings.of_future(future, self._lost_event)
            )
            if not future.done():
                connection.tell(worker.ask_to_stop, record.attempt)
                future.cancel()
            self._end_or_return(record, event)
            return
        try:
            outcome = future.result()
        except Exception as error:  # its worker died before the result was fetched
            logger.warning("How run %s ended is not known: %r", record.id, error)
            self._finish(record, endings.WORKER_DIED)
            return
        future.release()
        try:
            folders.write_files(self._store, record.id, outcome["files"])
        except OSError as error:
            logger.warning("Run %s could not be stored: %s", record.id, error)
        self._finish(record, outcome["event"], told=True)
        # Workers of a shared cluster are not restarted: another user's run may be active there.
        if outcome["rss_bytes"] > WORKER_LIMIT_BYTES and not connection.shared:
            connection.renew(address)

    def _end_or_return(self, record: Record, event: Mapping[str, Any]) -> None:
        """End a lost run, or return it to the queue once if it had not started."""
        with self.changed:
            if record.handed_over and not (record.worker or record.cancelling or record.returned):
                record.returned, record.future = True, None
                return
        self._finish(record, event)

    def _finish(self, record: Record, event: Mapping[str, Any], told: bool = False) -> None:
        """End a run here, in the store and, where its worker has not told them, for others."""
        if record.cancelling and event["state"] == "interrupted":
            event = endings.CANCELLED
        folders.mark_ended(self._store, record.config, event, record.progress.history)
        run = read_run(self._store.folder(record.id))
        if run and run.result:  # the folder has the last word
            event = endings.of_stored(run)
        with self.changed:
            if run and len(run.history) > len(record.progress.history):
                record.progress = replace(record.progress, history=run.history)
            self.end(record, event)
        connection = self.connection
        if connection and connection.shared and (record.restarted or not told):
            connection.publish(record.id, event)
