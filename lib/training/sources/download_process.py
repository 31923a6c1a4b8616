"""Downloads a dataset in a separate process, which a worker starts.

It is separate from the workers, because a download may take an hour, a worker may be restarted in
that time, and a process can be ended immediately in any library call. It ends together with the
parent process of the worker, that is with the app.

python -m lib.training.sources.download_process DATASET PID
"""

import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from lib.core.datasets import DATASETS
from lib.core.errors import ThawError
from lib.core.files import lock as file_lock
from lib.core.images import download_status
from lib.core.images.download_status import Progress

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-m", "lib.training.sources.download_process")

SECONDS_BETWEEN_LOOKS = 0.2
# Time for a new process to take the lock, which it does before large imports.
START_LIMIT_S = 20.0


def start(dataset: str) -> None:
    """Start the download of a dataset, unless one is active; a task for a worker.

    Args:
        dataset: TFDS name.

    Raises:
        DataError: If it is unknown, cannot be reached or would not fit.
    """
    from lib.training.sources import tfds, tfds_prepare  # slow import

    builder, _ = tfds.open_builder(dataset)
    lock = download_status.lock_file(dataset)
    if tfds_prepare.is_prepared(builder) or file_lock.held(lock):
        return
    tfds_prepare.preflight(builder)
    process = subprocess.Popen(
        [*COMMAND, dataset, str(os.getppid())], cwd=PROJECT, stdin=subprocess.DEVNULL
    )
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and process.poll() is None and not file_lock.held(lock):
        time.sleep(file_lock.POLL_S)
    # Wait for the process, so that it does not become a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def cancel(dataset: str) -> None:
    """Cancel the download of a dataset; a task for a worker on another machine."""
    download_status.ask_to_cancel(dataset)


def look() -> dict[str, Any]:
    """The state of all datasets on this machine; a task for a worker on another machine.

    Returns:
        `standings`, dataset -> (state, fields of its Progress or None); `free_mb`.
    """
    found = {id_: download_status.standing(spec) for id_, spec in DATASETS.items()}
    standings = {
        id_: (each.state, asdict(each.progress) if each.progress else None)
        for id_, each in found.items()
    }
    return {"standings": standings, "free_mb": download_status.free_mb()}


def main(arguments: list[str] | None = None) -> int:
    """Download a dataset; the exit code."""
    dataset, parent = sys.argv[1:] if arguments is None else arguments
    lock = download_status.lock_file(dataset)
    lock.parent.mkdir(parents=True, exist_ok=True)
    if file_lock.held(lock):
        return 0
    with file_lock.only_one(lock):
        download_status.forget_wishes(dataset)
        download_status.note(dataset, download_status.read(dataset) or Progress("Starting"))
        threading.Thread(target=_watch, args=(dataset, int(parent)), daemon=True).start()
        try:
            _prepare(dataset)
        except ThawError as error:
            logger.warning("%s", error.in_words())  # the error has been noted for the page
            return 1
    return 0


def _prepare(dataset: str) -> None:
    from lib.training.sources import tfds, tfds_prepare

    builder, _ = tfds.open_builder(dataset)
    if not tfds_prepare.is_prepared(builder):
        tfds_prepare.write_records(builder)
    tfds.source(dataset)  # creates the picture for the catalogue


def _watch(dataset: str, parent: int) -> None:
    """Exit if the parent has ended or on cancellation; immediately, as a library may hang."""
    while _is_alive(parent) and not download_status.is_cancelled(dataset):
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if download_status.is_cancelled(dataset):
        download_status.end_notes()  # before the clean-up, so that no note is written after it
        download_status.clean_up(dataset, archives=True)
    os._exit(1)


def _is_alive(pid: int) -> bool:
    """False also for a zombie; lib.core.files.scratch_dirs has to ask without psutil."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    sys.exit(main())
