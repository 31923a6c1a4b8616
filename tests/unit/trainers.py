"""Trainers that misbehave, for tests of the engine; a configuration's backbone names one."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from lib.core.errors import DataError
from lib.core.lab.folder import RunWriter
from lib.core.lab.store import RunStore
from lib.core.runs import EpochRecord, Run, TrainConfig, run_id

BATCHES = 50
SECONDS_A_BATCH = 0.02
CALLS = "calls.txt"


def train(
    config: TrainConfig,
    report: Callable[[dict[str, Any]], None],
    *,
    store: RunStore,
    cancelled: Callable[[], bool],
    images: object = None,
) -> Run:
    """The contract of lib.training.task.train, without any training."""
    id_ = run_id(config)
    calls = store.root / CALLS
    writer = RunWriter(store.folder(id_), config)
    _note(calls, "begin", id_)
    report({"state": "loading_data", "num_epochs": config.num_epochs})
    status = TRAINERS[config.backbone](config, report, writer, cancelled)
    writer.finish({"status": status})
    _note(calls, "end", id_)
    report({"state": status})
    run = store.open(id_)
    assert run
    return run


def prepare(config: TrainConfig, cancelled: Callable[[], bool]) -> bool:
    """The contract of lib.training.task.prepare."""
    _note(RunStore().root / CALLS, "prepare", str(config.seed))
    return True


def _note(path: Any, what: str, id_: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{what} {id_} {os.getpid()}\n")


def epochs(
    config: TrainConfig,
    report: Callable[[dict[str, Any]], None],
    writer: RunWriter,
    cancelled: Callable[[], bool],
    batches: int = 1,
    seconds_a_batch: float = 0.0,
    loss: float = 1.0,
) -> str:
    for epoch in range(1, config.num_epochs + 1):
        for batch in range(batches):
            report({"state": "training", "done": batch, "total": batches})
            if cancelled():
                return "cancelled"
            time.sleep(seconds_a_batch)
        record = EpochRecord(epoch, "feature_extraction", loss, 0.5, 1.0, 0.5, 1e-3, 0.1)
        writer.add(record)
        report({"epoch": asdict(record)})
    return "finished"


def slow(*args: Any) -> str:
    """An epoch a second."""
    return epochs(*args, batches=BATCHES, seconds_a_batch=SECONDS_A_BATCH)


def endless(*args: Any) -> str:
    """One epoch, then batches without an end."""
    epochs(*args)
    config, report, writer, cancelled = args
    _note(writer.folder.parent / CALLS, "deep", run_id(config))
    while not cancelled():
        report({"state": "training", "done": 0, "total": BATCHES})
        time.sleep(SECONDS_A_BATCH)
    return "cancelled"


def deaf(*args: Any) -> str:
    """Works in Python and never asks whether it was cancelled, as a trace does."""
    epochs(*args)
    while True:
        sum(range(1_000))


def stone(*args: Any) -> str:
    """One call into C that gives nothing back, not even the interpreter's lock."""
    epochs(*args)
    config, _, writer, _ = args
    time.sleep(0.1)  # lets its epochs out first
    _note(writer.folder.parent / CALLS, "deep", run_id(config))
    return str(sum(range(10**13)))


def no_data(*args: Any) -> str:
    raise DataError("There is no such dataset.", "Choose another.")


def bug(*args: Any) -> str:
    epochs(*args)
    raise ZeroDivisionError("a mistake\nin two lines")


def diverged(*args: Any) -> str:
    return epochs(*args, loss=float("nan"))


def fat(*args: Any) -> str:
    """Leaves 200 MB behind."""
    sys.modules[f"ballast_{os.getpid()}"] = b"x" * 200_000_000  # type: ignore[assignment]
    return epochs(*args)


def hungry(*args: Any) -> str:
    """One epoch, then more memory than any limit of a test."""
    epochs(*args)
    time.sleep(0.1)  # lets its epochs out first
    swallow(8_000_000_000)
    return "finished"


def suicide(*args: Any) -> str:
    epochs(*args)
    time.sleep(0.1)  # lets its epochs out first
    psutil.Process().kill()
    return "finished"


TRAINERS: dict[str, Callable[..., str]] = {
    "fast": epochs,
    "slow": slow,
    "endless": endless,
    "deaf": deaf,
    "stone": stone,
    "no_data": no_data,
    "bug": bug,
    "diverged": diverged,
    "fat": fat,
    "hungry": hungry,
    "suicide": suicide,
}


# --- Questions ------------------------------------------------------------------------------------


def echo(**arguments: Any) -> dict[str, Any]:
    """What it was asked, and where."""
    return {**arguments, "pid": os.getpid()}


def look(run_folder: str) -> dict[str, bytes]:
    """The files of a run folder, as the worker sees them."""
    folder = Path(run_folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def wait_for(path: str) -> str:
    """Answers once there is a file."""
    Path(f"{path}.asked").touch()
    while not Path(path).exists():
        time.sleep(SECONDS_A_BATCH)
    return path


def refuse() -> None:
    raise DataError("This is no image.", "Choose another.")


def stumble() -> None:
    raise ZeroDivisionError("a mistake\nin two lines")


def die(path: str) -> str:
    """Ends its process, as the kernel does for lack of memory; notes each time."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write("died\n")
    psutil.Process().kill()
    return path


def die_once(path: str) -> str:
    """Ends its process, but answers the second time."""
    return path if Path(path).exists() else die(path)


def flood(size_bytes: int) -> list[bytes]:
    return [b"x" * size_bytes]


def swallow(size_bytes: int) -> int:
    """Fills memory at the pace of a training step."""
    held = []
    while len(held) * 20_000_000 < size_bytes:
        held.append(b"x" * 20_000_000)
        time.sleep(SECONDS_A_BATCH)
    return len(held)


def listening(dask_scheduler: Any) -> list[str]:
    """Addresses on which the engine and its workers listen; runs in the scheduler."""
    engine = psutil.Process()
    return [
        connection.laddr.ip
        for process in (engine, *engine.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]


def callbacks(dask_scheduler: Any) -> list[str]:
    """Names of what the scheduler does by the clock; runs in the scheduler."""
    return list(dask_scheduler.periodic_callbacks)


def abandon(dask_worker: Any) -> None:
    """Close a nanny for good, with its worker; runs in the nanny."""
    dask_worker.loop.add_callback(dask_worker.close)
