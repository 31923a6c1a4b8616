"""Whether a dataset is on this machine, and the progress of its download.

The process that prepares a dataset holds its lock and writes its progress to a file, and pages
read that file. So all pages, readers and processes see the same download, and the lock and the
file of a dead process are ignored.
"""

import json
import shutil
import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lib.core import datasets
from lib.core.datasets import DatasetSpec
from lib.core.files import atomic_write, lock
from lib.core.files.home import thaw_home

# Files in the folder of a download: its progress, and the request to cancel it.
NOTE, CANCEL = "progress.json", "cancel"

_noting = threading.Lock()


@dataclass(frozen=True)
class Progress:
    """Progress of a download, or the error that ended it.

    Args:
        words: The current activity.
        done: Bytes downloaded so far.
        total: Total bytes; 0 if unknown.
        message: Error message; "" if there is no error.
        next_step: What the reader can do about the error.
    """

    words: str
    done: int = 0
    total: int = 0
    message: str = ""
    next_step: str = ""

    @property
    def share(self) -> float:
        """Share of the download that is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True)
class Standing:
    """Whether a dataset is on this machine.

    Args:
        state: "ready", "downloading" or "missing".
        progress: Progress of the current download, or of one that was not completed.
    """

    state: str
    progress: Progress | None = None


def data_folder() -> Path:
    """Return the folder of prepared datasets, which has a subfolder for each TFDS name."""
    return thaw_home() / "datasets"


def download_folder(dataset: str) -> Path:
    """Return the folder for files that are needed only during a download: archives, progress."""
    return data_folder() / "downloads" / dataset.replace("/", "-")


def lock_file(dataset: str) -> Path:
    """Return the lock file that the process holds while it prepares a dataset.

    Args:
        dataset: TFDS name, with or without a configuration.
    """
    return data_folder() / dataset.split("/")[0] / ".lock"


def standing(spec: DatasetSpec) -> Standing:
    """Find out whether a dataset is on this machine, from a few file names only."""
    if spec.offline:
        return Standing("ready")
    progress = read(spec.id)
    if lock.held(lock_file(spec.id)):
        if is_cancelled(spec.id):
            progress = Progress("Cancelling")
        # Its picture is made last, when the records exist already.
        return Standing("downloading", progress or Progress("Preparing"))
    if _is_prepared(spec):
        return Standing("ready")
    if progress and not progress.message:
        # No process is working on it, and none stored an error.
        progress = Progress(
            progress.words,
            progress.done,
            progress.total,
            "The download was interrupted.",
            "Start it again: it resumes where it stopped.",
        )
    return Standing("missing", progress)


def verdict(spec: DatasetSpec, state: str, reachable: Collection[str] | None, free_mb: int) -> str:
    """Return what can be done with a dataset, as one word.

    Args:
        state: State from `standing`.
        reachable: Hosts that can be reached; None if this is not known yet.
        free_mb: Free space in the folder of datasets, in megabytes of 1,000,000 bytes.

    Returns:
        "ready", "downloading", "no_space", "no_network" or "available".
    """
    if state != "missing":
        return state
    if free_mb < spec.disk_mb:
        return "no_space"
    if reachable is not None and spec.host not in reachable:
        return "no_network"
    return "available"


def _is_prepared(spec: DatasetSpec) -> bool:
    # If a dataset has several configurations, Thaw uses the default one.
    folder = data_folder() / spec.id
    return any(
        True
        for pattern in (spec.version, f"*/{spec.version}")
        for _ in folder.glob(f"{pattern}/dataset_info.json")
    )


def note(dataset: str, progress: Progress) -> None:
    """Write the progress of a download for the pages; only the holder of the lock may call this."""
    path = download_folder(dataset) / NOTE
    # If the disk is full, writing the dataset itself reports it.
    with _noting, suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write.write_json(path, asdict(progress), durable=False)


def end_notes() -> None:
    """Write no more progress in this process, which is about to exit."""
    _noting.acquire()


def read(dataset: str) -> Progress | None:
    """Read the last progress that was stored for a download; None if there is none."""
    try:
        said = json.loads((download_folder(dataset) / NOTE).read_text("utf-8"))
        return Progress(**said)
    except (OSError, ValueError, TypeError):
        return None


def ask_to_cancel(dataset: str) -> None:
    """Request the cancellation of a download; its process checks several times a second."""
    if lock.held(lock_file(dataset)):
        with suppress(OSError):
            download_folder(dataset).mkdir(parents=True, exist_ok=True)
            (download_folder(dataset) / CANCEL).touch()


def is_cancelled(dataset: str) -> bool:
    """Return True if the cancellation of the download was requested."""
    return (download_folder(dataset) / CANCEL).exists()


def forget_wishes(dataset: str) -> None:
    """Delete a cancellation request that was meant for an earlier download."""
    (download_folder(dataset) / CANCEL).unlink(missing_ok=True)


def free_mb(but_for: str = "") -> int:
    """Return the space for another dataset, in megabytes of 1,000,000 bytes.

    This is the free space in the folder of datasets, minus what current downloads still need.

    Args:
        but_for: Dataset whose own download is not subtracted.
    """
    folder = data_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 1_000_000
    for spec in datasets.DATASETS.values():
        if spec.id != but_for and not spec.offline and lock.held(lock_file(spec.id)):
            progress = read(spec.id)
            free -= max(spec.disk_mb - (progress.done // 1_000_000 if progress else 0), 0)
    return max(free, 0)


def clean_up(dataset: str, archives: bool) -> None:
    """Remove the files of an unfinished preparation; only the holder of the lock may call this.

    Args:
        archives: True also removes downloaded archives, so that the next download starts anew.
    """
    # TFDS writes a version under a temporary name and renames it at the end.
    records = lock_file(dataset).parent
    for leftover in (*records.glob("incomplete.*"), *records.glob("*/incomplete.*")):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = download_folder(dataset)
    for half in [folder] if archives else [folder / "extracted", *folder.rglob("*.tmp.*")]:
        shutil.rmtree(half, ignore_errors=True)


def picture_file(spec: DatasetSpec) -> Path:
    """Return the file with a few images of a prepared dataset in one picture; it may not exist."""
    return data_folder() / "pictures" / f"{spec.id}-{spec.version}.webp"
