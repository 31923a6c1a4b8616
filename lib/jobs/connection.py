"""The connection to the workers, through a local engine or an existing scheduler."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from lib.core.errors import EngineError
from lib.core.lab.progress import ENDED
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import folders, worker
from lib.jobs.records import Record

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[2]

# The engine usually starts in two seconds; importing Dask from a slow disk takes much longer.
ENGINE_START_LIMIT_S = 60.0
ENGINE_END_LIMIT_S = 5.0
CONNECT_LIMIT_S = 10.0
# The first question may wait until TensorFlow is imported and weights are downloaded.
ANSWER_LIMIT_S = 180.0
SECONDS_BETWEEN_LOOKS = 0.25
LOST = "The connection to the workers was lost."


class Connection:
    """A Dask client, and the local engine process if there is one.

    Args:
        scheduler: Address of a scheduler; "" to start an engine.
        trainer: "module:function" that a worker calls.
        on_event: Called with every event of every run, in a Dask thread.

    Raises:
        EngineError: If the engine cannot be started or the scheduler not be reached.
    """

    def __init__(
        self,
        scheduler: str,
        trainer: str,
        store: RunStore,
        on_event: Callable[[Mapping[str, Any]], None],
    ) -> None:
        # The engine imports Dask as well, beside this process.
        self.engine = None if scheduler else _popen_engine(trainer)
        # Imported here, because the import takes half a second and no page should wait for it.
        from distributed import Client, Security

        # Connection errors are reported by the affected runs, not by the log.
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.shared = bool(scheduler)
        self._trainer = trainer
        self._store = store
        self._on_event = on_event
        self._num_workers = 0
        security = None  # use Dask's configuration
        if self.engine:
            greeting = _greeting(self.engine)
            scheduler = greeting["address"]
            security = Security(require_encryption=True, **greeting["tls"])
            self._num_workers = greeting["num_workers"]
        try:
            self._dask: Any = Client(
                scheduler, security=security, set_as_default=False, timeout=CONNECT_LIMIT_S
            )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            self._end_engine()
            raise EngineError(
                f"The scheduler at {scheduler} cannot be reached: {error}.",
                "Check THAW_SCHEDULER and the TLS settings of Dask.",
            ) from error

    @property
    def lost(self) -> bool:
        """True once the engine or the scheduler is gone."""
        ended = self.engine is not None and self.engine.poll() is not None
        return ended or self._dask.status != "running"

    def workers(self) -> tuple[str, ...]:
        """Addresses of the workers.

        Raises:
            OSError: If the scheduler does not answer.
        """
        # A Dask client would first wait for ten seconds for an engine that has ended.
        if self.lost:
            raise ConnectionError(LOST)
        try:
            return tuple(self._dask.nthreads())
        except Exception as error:
            if self.lost:  # a Dask client that was closed can raise anything
                raise ConnectionError(LOST) from error
            raise

    @property
    def num_workers(self) -> int:
        """Number of workers; constant for the local engine, which restarts dead workers."""
        return len(self.workers()) if self.shared else self._num_workers

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers."""
        return tuple(self._dask.run(worker.pid).values())

    def listen(self) -> None:
        """Subscribe to events; to be repeated, because a Dask client forgets it on reconnecting."""
        for topic in (worker.RUNS_TOPIC, worker.STEPS_TOPIC):
            self._dask.subscribe_topic(topic, lambda entry: self._on_event(entry[1]))

    def replay(self, run_id: str) -> list[Mapping[str, Any]]:
        """The events of an active run from its start; empty if it is not active.

        Raises:
            OSError: If the scheduler does not answer.
        """
        events = [event for _, event in self._dask.get_events(worker.run_topic(run_id))]
        begins = [index for index, event in enumerate(events) if "begin" in event]
        ended = not events or events[-1].get("state") in ENDED
        return [] if ended or not begins else events[begins[-1] :]

    def submit(self, record: Record) -> Any:
        """Submit a run to Dask; returns its future."""
        return self._dask.submit(
            worker.run_task,
            asdict(record.config),
            record.attempt,
            self._trainer,
            # Workers of a cluster have their own stores, possibly on other machines.
            store_root=None if self.shared else str(self._store.root),
            send_files=self.shared,
            # With the same key, two web processes that submit the same run share it.
            key=worker.run_topic(record.id),
        )

    def prepare(self, address: str, config: TrainConfig, asked_by: str) -> None:
        """Ask a worker to prepare a run; returns immediately."""
        self.tell(worker.prepare, asdict(config), asked_by, workers=[address])

    def tell(self, function: Callable[..., None], *args: Any, **options: Any) -> None:
        """Call a function in the workers without waiting: a hanging worker never replies."""

        def call() -> None:
            with suppress(Exception):
                self._dask.run(function, *args, on_error="ignore", **options)

        threading.Thread(target=call, daemon=True).start()

    def ask(self, address: str, task: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Put a question to a worker, and wait for the reply of worker.answer.

        Raises:
            OSError: If the worker, the scheduler or the engine is lost.
            EngineError: If the worker cannot answer, or takes too long.
        """
        files = None
        if self.shared and "run_folder" in arguments:  # the worker may be on another machine
            files = folders.read_folder(Path(arguments["run_folder"]))
        replies: SimpleQueue[Any] = SimpleQueue()

        def call() -> None:
            try:
                run = self._dask.run(worker.answer, task, arguments, files, workers=[address])
                replies.put(run[address])
            except BaseException as error:  # including a cancelled coroutine
                replies.put(error)

        # In its own thread, because a call may never return after its connection is closed.
        threading.Thread(target=call, daemon=True).start()
        end = time.monotonic() + ANSWER_LIMIT_S
        while True:
            try:
                reply = replies.get(timeout=SECONDS_BETWEEN_LOOKS)
                break
            except Empty:
                if self.lost:
                    raise ConnectionError("The connection to the worker was lost.") from None
                if time.monotonic() > end:
                    raise EngineError(
                        f"There was no answer within {ANSWER_LIMIT_S:g} seconds.",
                        "Ask again once no run is going on.",
                    ) from None
        if isinstance(reply, OSError) or (isinstance(reply, BaseException) and self.lost):
            raise ConnectionError(str(reply)) from reply
        if isinstance(reply, BaseException):
            logger.error("A worker could not take a question: %r", reply)
            raise EngineError(
                f"The worker could not take it: {type(reply).__name__}: {reply}.",
                "Install the same version of Thaw here, on the scheduler and its workers.",
            ) from reply
        answered: dict[str, Any] = reply
        return answered

    def publish(self, run_id: str, event: Mapping[str, Any]) -> None:
        """Publish the last event of a run to other web processes, if its worker could not."""
        topics = [worker.RUNS_TOPIC, worker.run_topic(run_id)]
        self._dask.log_event(topics, {"run": run_id, **event})

    def renew(self, address: str) -> None:
        """Restart a worker process, and wait for it.

        Raises:
            OSError: If the engine does not answer.
        """
        self._dask.restart_workers([address], raise_for_error=False)

    def bury(self, pid: int) -> None:
        """Kill a worker of a dead engine: during C code it would not notice for hours."""
        if not self.shared:
            import psutil  # comes with Dask

            with suppress(psutil.Error):
                psutil.Process(pid).kill()

    def close(self) -> None:
        """Close the connection, and end the local engine."""
        with suppress(Exception):  # the scheduler may be gone already
            self._dask.close(timeout=0)
        self._end_engine()

    def _end_engine(self) -> None:
        if self.engine is None:
            return
        for pipe in (self.engine.stdin, self.engine.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        try:
            self.engine.wait(timeout=ENGINE_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.engine.kill()
            self.engine.wait()


def _popen_engine(trainer: str) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "lib.jobs.engine", "--trainer", trainer],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # In a new session, Ctrl-C in the terminal reaches only the web process. The engine ends
            # when its pipe from the web process is closed.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise EngineError(
            f"The training engine could not be started: {error}.",
            "Check that Python is still where it was when Thaw was started.",
        ) from error


def _greeting(engine: subprocess.Popen[str]) -> dict[str, Any]:
    """The first message of the engine: its address, TLS keys and number of workers."""
    assert engine.stdout
    limit = threading.Timer(ENGINE_START_LIMIT_S, engine.kill)
    limit.start()
    line = engine.stdout.readline()
    limit.cancel()
    if not line:
        engine.wait()
        raise EngineError("The training engine could not be started.", "The log of Thaw says why.")
    greeting: dict[str, Any] = json.loads(line)
    if "error" in greeting:
        raise EngineError(
            f"The training engine could not be started: {greeting['error']}", greeting["next_step"]
        )
    return greeting
