"""The code of a worker process: it trains one run at a time and answers questions.

The web process imports this module as well, for its names. Therefore the trainer is named by a
string, and Dask is imported only where it is used.
"""

import asyncio
import faulthandler
import importlib
import logging
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lib.core import errors, runs
from lib.core.errors import ConfigError, EngineError, ThawError
from lib.core.files import home
from lib.core.lab.progress import ENDED
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import folders, memory
from lib.jobs.interrupting import Stop, set_exception
from lib.jobs.preparing import Preparing

logger = logging.getLogger(__name__)

TRAINER = "lib.training.task:train"
# Trainer that the workers of the local engine import before the first run.
TRAINER_VARIABLE = "THAW_ENGINE_TRAINER"

# Events that a late subscriber must see go to the first topic and to the topic of the run, of which
# Dask replays the last 1,000 events. Steps within an epoch go only to the second topic.
RUNS_TOPIC = "thaw-runs"
STEPS_TOPIC = "thaw-steps"
SECONDS_BETWEEN_STEPS = 0.1


def run_topic(run_id: str) -> str:
    """The topic from which Dask replays the events of a run."""
    return f"run-{run_id}"


# --- Cancelling: called by the client, in the event loop of a worker or of its nanny -------------


_lock = threading.Lock()
# Attempt -> id of its thread.
_threads: dict[str, int] = {}
# Cancelled attempts, including attempts that have not started here.
_stopped: deque[str] = deque(maxlen=1_000)


def ask_to_stop(attempt: str) -> None:
    """Make `cancelled()` true for an attempt, even before the attempt starts."""
    _stopped.append(attempt)


def interrupt(attempt: str) -> None:
    """Raise Stop in the thread of an attempt; does nothing if it is not running here."""
    with _lock:
        if attempt in _threads:
            set_exception(_threads[attempt], Stop)


def pid() -> int:
    """Process id of a worker."""
    return os.getpid()


def kill(dask_worker: Any) -> None:
    """Kill a worker process; its nanny, in which this function runs, starts a new one."""
    import psutil

    psutil.Process(dask_worker.process.pid).kill()


# --- Training: called by Dask, in a thread of the worker -----------------------------------------

# Keras has global state (seeds, the current graph): never two runs in one process.
_one_run = threading.Lock()
# Cleared while the trainer is being imported.
_warm = threading.Event()
_warm.set()
# Store and id of the run of this process.
_running: tuple[RunStore, str] | None = None


def dask_setup(worker: Any) -> None:
    """Import the trainer in a thread when the process starts, and watch its memory from then on.

    Dask's preload hook.
    """
    trainer = os.environ.get(TRAINER_VARIABLE, TRAINER)
    _warm.clear()
    threading.Thread(target=_warm_up, args=(trainer,), daemon=True).start()
    watched = (memory.limit_of(worker), _end_at_limit)
    threading.Thread(target=memory.watch, args=watched, name="thaw-memory", daemon=True).start()


def _end_at_limit(limit_bytes: int) -> None:
    """End this process; Dask starts another."""
    import psutil

    logger.error("The worker came to its limit of %d MB of memory", limit_bytes // 1_000_000)
    running = _running
    if running:
        memory.end_run(*running, limit_bytes)
    psutil.Process().kill()


def _warm_up(trainer: str) -> None:
    home.keep_private()  # of a worker on another machine, too
    try:
        _resolve(trainer)
    except Exception:  # the run that needs the trainer reports the error
        logger.exception("The trainer %s cannot be imported", trainer)
    finally:
        _warm.set()


def _resolve(trainer: str) -> Any:
    module, _, name = trainer.partition(":")
    return getattr(importlib.import_module(module), name)


def run_task(
    config: Mapping[str, Any],
    attempt: str,
    trainer: str = TRAINER,
    store_root: str | None = None,
    send_files: bool = False,
) -> dict[str, Any]:
    """Train one configuration and return how it ended; errors are returned, not raised.

    Args:
        config: Fields of a TrainConfig.
        attempt: Unique name of this attempt.
        trainer: "module:function" of the trainer.
        store_root: Folder of the runs; the worker's own store if None.
        send_files: Whether to return the files of the run folder.

    Returns:
        `event`, the last event; `files`, name -> content; `rss_bytes`, memory of this process.
    """
    global _running
    import psutil
    from distributed import get_worker

    train_config = TrainConfig(**config)
    store = RunStore(Path(store_root)) if store_root else RunStore()
    worker = get_worker()
    with _one_run, _preparing.making_way(train_config):
        report = _Report(worker, runs.run_id(train_config), attempt)
        where = {"worker": worker.address, "pid": os.getpid()}
        report({"state": "starting", "begin": attempt, "config": dict(config), **where})
        _running = store, report.run_id
        event = _train(train_config, attempt, trainer, store, report)
        _running = None
        if report.state not in ENDED:
            report(event)
        files = folders.read_folder(store.folder(report.run_id)) if send_files else {}
    memory.tidy_later(_one_run.locked)
    return {"event": event, "files": files, "rss_bytes": psutil.Process().memory_info().rss}


# --- Preparing: between runs, in a thread of its own ---------------------------------------------


def prepare(config: Mapping[str, Any], asked_by: str) -> None:
    """Prepare a run that a reader is about to start, once no run goes on; returns immediately.

    Args:
        config: Fields of a TrainConfig.
        asked_by: Reader; what the same reader asked for before is given up.
    """
    _preparing.want(config, asked_by)


def _prepare_run(config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
    while not _warm.wait(SECONDS_BETWEEN_STEPS):
        if cancelled():
            return False
    module = os.environ.get(TRAINER_VARIABLE, TRAINER).partition(":")[0]
    ready: bool = _resolve(f"{module}:prepare")(config, cancelled)
    memory.tidy_later(_one_run.locked)
    return ready


def _end_hanging() -> None:
    """End this process, where a preparation hangs; Dask starts another and gives it the run."""
    import psutil

    logger.error("A preparation hangs, so the worker is restarted. Its threads:")
    faulthandler.dump_traceback()
    psutil.Process().kill()


_preparing = Preparing(
    _prepare_run,
    lambda thread, on: set_exception(thread, Stop if on else None),
    Stop,
    _end_hanging,
)


class _Report:
    """Publishes the events of a run, with at most ten steps per second."""

    def __init__(self, worker: Any, run_id: str, attempt: str) -> None:
        self.worker = worker
        self.run_id = run_id
        self.attempt = attempt
        self.state = ""
        self._next_step = 0.0

    def __call__(self, event: Mapping[str, Any]) -> None:
        message = {"run": self.run_id, "attempt": self.attempt, **event}
        state = event.get("state", self.state)
        if "epoch" in event or "done" not in event or state != self.state:
            self.worker.log_event([RUNS_TOPIC, run_topic(self.run_id)], message)
        elif time.monotonic() >= self._next_step:
            self._next_step = time.monotonic() + SECONDS_BETWEEN_STEPS
            self.worker.log_event(STEPS_TOPIC, message)
        self.state = state


def _train(
    config: TrainConfig, attempt: str, trainer: str, store: RunStore, report: _Report
) -> dict[str, Any]:
    """Call the trainer; return the last event."""
    try:
        try:
            with _lock:
                _threads[attempt] = threading.get_ident()
            if config.training_version != runs.TRAINING_VERSION:
                raise ConfigError(
                    f"The worker has version {runs.TRAINING_VERSION} of the training code and the "
                    f"app version {config.training_version}.",
                    "Install the same version of Thaw on both.",
                )
            if trainer == TRAINER:  # What another trainer needs is not known.
                memory.check(config, memory.limit_of(report.worker))
            # Wait with a timeout, because a waiting thread does not receive Stop.
            while not _warm.wait(SECONDS_BETWEEN_STEPS) and attempt not in _stopped:
                pass
            if attempt in _stopped:
                raise Stop
            train = _resolve(trainer)
            run = train(config, report, store=store, cancelled=lambda: attempt in _stopped)
            event = {"state": run.status}
            event |= {name: run.result.get(name, "") for name in ("message", "next_step")}
        finally:
            _leave(attempt)
    except Stop:
        _leave(attempt)  # again, because Stop may have interrupted the first call
        event = {"state": "cancelled"}
    except ThawError as error:
        event = {"state": "failed", "message": error.message, "next_step": error.next_step}
    except Exception as error:
        logger.exception("Run %s failed", report.run_id)
        event = {
            "state": "failed",
            "message": _unknown("run", error),
            "next_step": "Start it again; if that happens twice, the log of Thaw has the details.",
        }
    folders.mark_ended(store, config, event)
    return event


def _unknown(what: str, error: Exception) -> str:
    """Describe an unexpected error in one sentence."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(" :")
    return f"The {what} met an error that Thaw does not know: {text}."


def _leave(attempt: str) -> None:
    """Stop interrupting this thread, and cancel an exception that is still pending."""
    with _lock:
        if _threads.pop(attempt, None) is not None:
            set_exception(threading.get_ident(), None)


# --- Questions: awaited in the event loop of a worker, answered in a thread beside its run --------

# One thread: questions share cached models, and they share the processor with the run.
_question_thread = ThreadPoolExecutor(1, "thaw-question")
# The web process holds an answer in memory; the largest answer is an exported model.
ANSWER_LIMIT_BYTES = 256_000_000


async def answer(
    task: str, arguments: Mapping[str, Any], run_files: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Call a function in parallel to any active run; errors are returned, not raised.

    Args:
        task: "module:function".
        arguments: Of the function.
        run_files: Files of the run folder if the worker has no access to `run_folder`. They are
            written to a temporary folder during the call.

    Returns:
        `answer`, the return value; or `error`, `message` and `next_step`.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_question_thread, _answer, task, arguments, run_files)


def _answer(
    task: str, arguments: Mapping[str, Any], run_files: Mapping[str, bytes] | None
) -> dict[str, Any]:
    _warm.wait()  # two threads must not import TensorFlow at the same time
    try:
        with tempfile.TemporaryDirectory(prefix="thaw-") as folder:
            if run_files is not None:
                folders.write_folder(Path(folder), run_files)
                arguments = {**arguments, "run_folder": folder}
            value = _resolve(task)(**arguments)
        size = memory.size_bytes(value)
        if size > ANSWER_LIMIT_BYTES:
            raise EngineError(
                f"The answer has {size / 1e6:,.0f} MB, more than the "
                f"{ANSWER_LIMIT_BYTES / 1e6:,.0f} MB that Thaw carries.",
                "Choose a smaller head or a smaller backbone.",
            )
    except ThawError as error:
        return in_reply(error)
    except Exception as error:
        logger.exception("A question to %s failed", task)
        next_step = "Ask again; if that happens twice, the log of Thaw has the details."
        return in_reply(EngineError(_unknown("question", error), next_step))
    return {"answer": value}


def in_reply(error: ThawError) -> dict[str, Any]:
    """Encode an error as a reply, by the name of its nearest base class in lib.core.errors."""
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    return {"error": name, "message": error.message, "next_step": error.next_step}
