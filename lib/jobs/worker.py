"""What a worker process of the engine does: one run at a time, told in events, and questions.

The web process imports this module too, for its names: the trainer is known by a string, and Dask
is imported where it is used.
"""

import asyncio
import ctypes
import gc
import importlib
import logging
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lib.core import errors, runs
from lib.core.errors import ConfigError, EngineError, ThawError
from lib.core.lab.progress import ENDED
from lib.core.lab.store import RunStore
from lib.core.runs import TrainConfig
from lib.jobs import folders

logger = logging.getLogger(__name__)

TRAINER = "lib.training.task:train"
# Tells the workers of the local engine what to import before the first run asks for it.
TRAINER_VARIABLE = "THAW_ENGINE_TRAINER"

# What a late reader must see goes to the first topic and to the run's own, from which Dask
# replays the last 1,000 events; the steps within an epoch go to the second.
RUNS_TOPIC = "thaw-runs"
STEPS_TOPIC = "thaw-steps"
SECONDS_BETWEEN_STEPS = 0.1


def run_topic(run_id: str) -> str:
    """The topic from which Dask replays the events of a run."""
    return f"run-{run_id}"


# --- Cancelling: called by the client, in the event loop of a worker or of its nanny -------------


class Stop(BaseException):
    """Raised in the middle of a run that does not look whether it was cancelled.

    Not an Exception, so that no `except Exception` of a library keeps the run going.
    """


_lock = threading.Lock()
# Attempt -> the thread that works on it.
_threads: dict[str, int] = {}
# Attempts that were cancelled, some of them before they began here.
_stopped: deque[str] = deque(maxlen=1_000)


def ask_to_stop(attempt: str) -> None:
    """Make `cancelled()` true for an attempt, also for one that has not begun."""
    _stopped.append(attempt)


def interrupt(attempt: str) -> None:
    """Raise Stop in the thread of an attempt; nothing where it is not running here."""
    with _lock:
        if attempt in _threads:
            _set_async_exception(_threads[attempt], Stop)


def pid() -> int:
    """Process id of a worker."""
    return os.getpid()


def kill(dask_worker: Any) -> None:
    """End a worker process at once; its nanny, in which this runs, starts another."""
    import psutil

    psutil.Process(dask_worker.process.pid).kill()


def _set_async_exception(thread: int, exception: type[BaseException] | None) -> None:
    # The only way into a thread that never asks; None takes back what was not yet raised.
    # https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc
    value = ctypes.py_object(exception) if exception else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)


# --- Training: called by Dask, in a thread of the worker -----------------------------------------

# Keras has global state (seeds, the current graph): never two runs in one process.
_one_run = threading.Lock()
# Not set while the trainer is being imported.
_warm = threading.Event()
_warm.set()


def dask_setup(worker: Any) -> None:
    """Import the trainer in a thread as soon as the process is up (Dask's preload hook)."""
    trainer = os.environ.get(TRAINER_VARIABLE, TRAINER)
    _warm.clear()
    threading.Thread(target=_warm_up, args=(trainer,), daemon=True).start()


def _warm_up(trainer: str) -> None:
    try:
        _resolve(trainer)
        # What was imported stays: looking for rubbish in it takes a third of a second a run.
        gc.collect()
        gc.freeze()
    except Exception:  # the run that needs it will tell its reader
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
    """Train one configuration and say how that ended; an error is an end, it is not raised.

    Args:
        config: Fields of a TrainConfig.
        attempt: Name of this attempt at the run, unique.
        trainer: "module:function" of the trainer.
        store_root: Folder of the runs; the worker's own store where None.
        send_files: Whether the run folder travels back.

    Returns:
        `event`, the last event; `files`, name -> content; `rss_bytes`, what this process holds.
    """
    import psutil
    from distributed import get_worker

    train_config = TrainConfig(**config)
    store = RunStore(Path(store_root)) if store_root else RunStore()
    worker = get_worker()
    with _one_run:
        report = _Report(worker, runs.run_id(train_config), attempt)
        where = {"worker": worker.address, "pid": os.getpid()}
        report({"state": "starting", "begin": attempt, "config": dict(config), **where})
        event = _train(train_config, attempt, trainer, store, report)
        if report.state not in ENDED:
            report(event)
        files = folders.read_folder(store.folder(report.run_id)) if send_files else {}
        gc.collect()
    return {"event": event, "files": files, "rss_bytes": psutil.Process().memory_info().rss}


class _Report:
    """Sends a run's events to everybody who listens, at most ten steps a second."""

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
    """Call the trainer; returns the last event."""
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
            # Waited for in steps: a thread inside an import takes no exception.
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
        _leave(attempt)  # again: it may have come in the middle of the first
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
    """One sentence about an error that nobody expected."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(" :")
    return f"The {what} met an error that Thaw does not know: {text}."


def _leave(attempt: str) -> None:
    """From here on the thread takes no exception, not even one that is on its way."""
    with _lock:
        if _threads.pop(attempt, None) is not None:
            _set_async_exception(threading.get_ident(), None)


# --- Questions: awaited in the event loop of a worker, answered in a thread beside its run --------

# One at a time: they share the models they keep, and the processor with the run.
_question_thread = ThreadPoolExecutor(1, "thaw-question")
# The web process has to hold an answer; the largest is a whole model to take home.
ANSWER_LIMIT_BYTES = 256_000_000


async def answer(
    task: str, arguments: Mapping[str, Any], run_files: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Call a function beside whatever run is going on; an error is an answer, it is not raised.

    Args:
        task: "module:function".
        arguments: Of the function.
        run_files: Files of the run folder that the argument `run_folder` stands for, where the
            worker cannot see that folder; they are there while the function is called.

    Returns:
        `answer`, what the function returned; or `error`, `message` and `next_step`.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_question_thread, _answer, task, arguments, run_files)


def _answer(
    task: str, arguments: Mapping[str, Any], run_files: Mapping[str, bytes] | None
) -> dict[str, Any]:
    _warm.wait()  # two threads that import TensorFlow at once get in each other's way
    try:
        with tempfile.TemporaryDirectory(prefix="thaw-") as folder:
            if run_files is not None:
                folders.write_folder(Path(folder), run_files)
                arguments = {**arguments, "run_folder": folder}
            value = _resolve(task)(**arguments)
        size = _size_bytes(value)
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
    """An error in place of an answer, by the name of the nearest class every process has."""
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    return {"error": name, "message": error.message, "next_step": error.next_step}


def _size_bytes(value: Any) -> int:
    """What the bytes and arrays in a value take together."""
    if isinstance(value, Mapping):
        return sum(_size_bytes(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return sum(_size_bytes(part) for part in value)
    return len(value) if isinstance(value, bytes) else getattr(value, "nbytes", 0)
