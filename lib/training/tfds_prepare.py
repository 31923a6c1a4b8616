"""Preparing a TFDS dataset: once for all processes, and with quick answers where it cannot be."""

import contextlib
import io
import shutil
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import tensorflow_datasets as tfds

from lib.core import datasets
from lib.core.errors import DataError

# TFDS itself retries for 205 s before it says that there is no network.
PREFLIGHT_S = 4.0
# The archive, what is unpacked from it, and the records TFDS writes.
DISK_SPACE_FACTOR = 3
LOCK_POLL_S = 0.1


def is_prepared(builder: tfds.core.DatasetBuilder) -> bool:
    """True once all records of the dataset are on disk."""
    # TFDS moves the folder into place when all of it is written. builder.is_prepared() says the
    # same, but logs a warning for every dataset that is not there yet.
    return (Path(builder.data_path) / "dataset_info.json").exists()


def prepare(builder: tfds.core.DatasetBuilder) -> None:
    """Write a dataset's records below THAW_HOME, once, whichever process comes first.

    Raises:
        DataError: If it cannot be fetched or written.
    """
    _preflight(builder)
    folder = Path(builder.data_path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder / ".lock"):
            if is_prepared(builder):
                return
            # Nobody else is writing now, so these are leftovers of a process that was killed.
            for leftover in folder.glob("incomplete.*"):
                shutil.rmtree(leftover, ignore_errors=True)
            tfds.disable_progress_bar()
            # TFDS prints to standard output, where the command line puts its result.
            with contextlib.redirect_stdout(io.StringIO()):
                builder.download_and_prepare()
    except Exception as error:
        # Anything between a full disk and a site that has moved; TFDS names no common class.
        raise DataError(
            f"{builder.name} could not be prepared in {folder}: {first_line(error)}.",
            "Check the network and the free disk space there, or choose an offline dataset: "
            f"{', '.join(_offline())}.",
        ) from error


def _offline() -> list[str]:
    return [spec.id for spec in datasets.DATASETS.values() if spec.offline]


def first_line(error: Exception) -> str:
    """What an error says, without what follows its first line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")


def _preflight(builder: tfds.core.DatasetBuilder) -> None:
    """Find out within seconds what TFDS would find out after minutes.

    Raises:
        DataError: If the data has to be fetched by hand, cannot be reached or would not fit.
    """
    if builder.name in _offline():
        return
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        raise DataError(
            f"{builder.name} has to be downloaded by hand.",
            f"See {builder.info.homepage}, or choose another dataset.",
        )
    urls = builder.url_infos or {}
    addresses = {_address(url) for url in urls or [builder.info.homepage]}
    if not _reachable(addresses):
        raise DataError(
            f"{builder.name} has to be downloaded first, and "
            f"{' or '.join(sorted({host for host, _ in addresses}))} cannot be reached.",
            f"Connect to the network, or choose an offline dataset: {', '.join(_offline())}.",
        )
    # A dataset in several configurations lists what all of them download; the registry knows.
    size_bytes = (
        datasets.DATASETS[builder.name].download_mb * 1_000_000
        if builder.name in datasets.DATASETS
        else sum(info.size for info in urls.values())
    )
    root = Path(builder.data_path)
    while not root.exists():
        root = root.parent
    free_bytes = shutil.disk_usage(root).free
    if free_bytes < DISK_SPACE_FACTOR * size_bytes:
        raise DataError(
            f"{builder.name} takes about {DISK_SPACE_FACTOR * size_bytes / 1e9:.1f} GB while it is "
            f"prepared, and {free_bytes / 1e9:.1f} GB are free.",
            "Make room, or set THAW_HOME to a folder on another disk.",
        )


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def _reachable(addresses: set[tuple[str, int]]) -> bool:
    """True once any of the hosts, or the proxy in front of them, accepts a connection."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("http")
    if proxy:
        addresses = {_address(proxy)}
    answered = threading.Event()

    def connect(address: tuple[str, int]) -> None:
        with contextlib.suppress(OSError), socket.create_connection(address, PREFLIGHT_S):
            answered.set()

    # In threads, because a name server that does not answer ignores the timeout.
    attempts = [threading.Thread(target=connect, args=(each,), daemon=True) for each in addresses]
    for attempt in attempts:
        attempt.start()
    deadline = time.monotonic() + PREFLIGHT_S
    while not answered.wait(0.05) and time.monotonic() < deadline:
        if not any(attempt.is_alive() for attempt in attempts):
            break
    return answered.is_set()


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Wait until no other process or thread is inside, by a lock on a file.

    The operating system drops the lock when its process ends, however it ends, so none is ever
    left behind; the empty file stays.
    """
    with path.open("a+b") as file:
        while not _try_lock(file.fileno()):
            time.sleep(LOCK_POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    """True if this open file now has the lock; closing it gives the lock back."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        # BlockingIOError says that another has it; anything else, that there are no locks here.
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True
