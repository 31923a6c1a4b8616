"""Prepares a TFDS dataset once for all processes, and detects failures early."""

import contextlib
import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests  # comes with TFDS
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums, downloader
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from lib.core import datasets
from lib.core.errors import DataError
from lib.core.files import disk, outside_text, reachability
from lib.core.files import lock as file_lock
from lib.core.images import download_status
from lib.core.images.download_status import Progress
from lib.training.sources import http

SECONDS_BETWEEN_NOTES = 0.3
# Seconds between two scans of folders with tens of thousands of files.
SECONDS_BETWEEN_SCANS = 2.0
# Parallel connections; some datasets have thousands of files.
MAX_CONNECTIONS = 8


def is_prepared(builder: tfds.core.DatasetBuilder) -> bool:
    """True once all records of the dataset are on disk."""
    # TFDS moves the folder to its final place when it is complete. builder.is_prepared() returns
    # the same, but logs a warning for every dataset that is not prepared yet.
    return (Path(builder.data_path) / "dataset_info.json").exists()


def prepare(builder: tfds.core.DatasetBuilder) -> None:
    """Write a dataset's records below THAW_HOME, only once for all processes.

    Raises:
        DataError: If it cannot be downloaded or written.
    """
    lock = download_status.lock_file(builder.name)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with file_lock.only_one(lock):
            if not is_prepared(builder):  # another process may have prepared it
                preflight(builder)
                write_records(builder)
    except OSError as error:
        raise _failure(builder, error) from error


def write_records(builder: tfds.core.DatasetBuilder) -> None:
    """The same as `prepare`, for a caller that already holds the lock.

    Raises:
        DataError: If it cannot be downloaded or written.
    """
    download_status.forget_wishes(builder.name)
    # This process holds the lock, so existing files are leftovers of a killed process. Downloaded
    # archives are kept, and the download is resumed.
    download_status.clean_up(builder.name, archives=False)
    meter = _Meter(builder)

    def note() -> None:
        download_status.note(builder.name, Progress(*meter.count()))

    note()
    try:
        with repeated(note, SECONDS_BETWEEN_NOTES):
            _download_and_prepare(builder, meter)
    except http.CancelledError:
        download_status.clean_up(builder.name, archives=True)
        raise
    except Exception as error:
        # Many causes, from a full disk to a moved site; TFDS has no common exception class.
        failure = error if isinstance(error, DataError) else _failure(builder, error)
        download_status.clean_up(builder.name, archives=False)
        download_status.note(
            builder.name,
            Progress(*meter.count(), message=failure.message, next_step=failure.next_step),
        )
        raise failure from error
    download_status.clean_up(builder.name, archives=True)


def _failure(builder: tfds.core.DatasetBuilder, error: Exception) -> DataError:
    if isinstance(error, NonMatchingChecksumError):
        return DataError(
            f"What was downloaded for {builder.name} is not what was published: "
            "its checksum is another.",
            "Download it again; if that happens twice, choose another dataset.",
        )
    return DataError(
        f"{builder.name} could not be prepared in {Path(builder.data_path).parent}: "
        f"{outside_text.first_line(error)}.",
        "Check the network and the free disk space there, or choose an offline dataset: "
        f"{', '.join(_offline())}.",
    )


def _offline() -> list[str]:
    return [spec.id for spec in datasets.DATASETS.values() if spec.offline]


# --- Checks before the download -------------------------------------------------------------------


def preflight(builder: tfds.core.DatasetBuilder) -> None:
    """Detect within seconds problems that TFDS would report after minutes.

    Raises:
        DataError: If the data needs a manual download, is not reachable or does not fit on disk.
    """
    if builder.name in _offline():
        return
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        raise DataError(
            f"{builder.name} has to be downloaded by hand.",
            f"See {builder.info.homepage}, or choose another dataset.",
        )
    # A dataset lists the downloads of all its configurations, so the registry has priority.
    spec = datasets.DATASETS.get(builder.name)
    size_bytes = sum(info.size for info in (builder.url_infos or {}).values())
    size_mb = spec.download_mb if spec else size_bytes // 1_000_000
    needed_mb = datasets.disk_mb(size_mb)
    free_mb = download_status.free_mb(but_for=builder.name)
    if free_mb < needed_mb:
        raise DataError(
            f"{builder.name} takes about {needed_mb / 1e3:.1f} GB while it is prepared, and "
            f"{free_mb / 1e3:.1f} GB are free beside other downloads.",
            "Make room, or set THAW_HOME to a folder on another disk.",
        )
    addresses = {reachability.address(url) for url in builder.url_infos or [builder.info.homepage]}
    if not reachability.reachable(addresses):
        raise DataError(
            f"{builder.name} has to be downloaded first, and "
            f"{' or '.join(sorted({host for host, _ in addresses}))} cannot be reached.",
            f"Connect to the network, or choose an offline dataset: {', '.join(_offline())}.",
        )


# --- The download itself --------------------------------------------------------------------------


class _Meter:
    """Progress of a preparation."""

    def __init__(self, builder: tfds.core.DatasetBuilder) -> None:
        self.name = builder.name
        self._parent = Path(builder.data_path).parent
        self._fetched: dict[str, tuple[int, int]] = {}
        spec = datasets.DATASETS.get(builder.name)
        self._expected = spec.download_mb * 1_000_000 if spec else 0
        self._written, self._look_again = 0, 0.0

    def fetched(self, url: str, done: int, total: int) -> None:
        """Record the downloaded bytes of a file."""
        self._fetched[url] = (done, total)

    def count(self) -> tuple[str, int, int]:
        """Progress in words, downloaded bytes and total bytes."""
        files = list(self._fetched.values())
        done = sum(done for done, _ in files)
        total = max(self._expected, sum(total for _, total in files))
        if time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + SECONDS_BETWEEN_SCANS
            self._written = self._scan()
        if self._written or not total:
            return f"Preparing, {self._written / 1e6:,.0f} MB written", 0, 0
        return f"Downloading, {done / 1e6:,.0f} of {total / 1e6:,.0f} MB", done, total

    def _scan(self) -> int:
        """Bytes of unpacked files and of records, after the download."""
        extracted = download_status.download_folder(self.name) / "extracted"
        return sum(map(disk.folder_bytes, (extracted, *self._parent.glob("incomplete.*"))))


@contextlib.contextmanager
def repeated(action: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call a function every few seconds, in a thread, until the block ends."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Downloader(downloader._Downloader):
    """A TFDS downloader that resumes interrupted files and never hangs.

    TFDS itself waits forever for a silent server, and restarts interrupted downloads.
    """

    def __init__(self, meter: _Meter) -> None:
        super().__init__(max_simultaneous_downloads=MAX_CONNECTIONS)
        self._meter = meter

    def _sync_download(
        self, url: str, destination_path: Any, verify: bool = True
    ) -> downloader.DownloadResult:
        if not url.startswith("http") or url.startswith("https://drive.google.com/"):
            return super()._sync_download(url, destination_path, verify)
        partial = download_status.download_folder(self._meter.name) / "partial"
        partial.mkdir(parents=True, exist_ok=True)
        path = partial / hashlib.sha256(url.encode()).hexdigest()
        response = http.fetch(
            url,
            path,
            report=lambda done, total: self._meter.fetched(url, done, total),
            cancelled=lambda: download_status.is_cancelled(self._meter.name),
            verify=verify,
        )
        name = _file_name(response)
        # TFDS checks the checksum next, and the file is no longer a partial one in either case.
        whole = Path(path.replace(Path(destination_path) / name))
        found = checksums.compute_url_info(whole)
        return downloader.DownloadResult(
            type(destination_path)(whole),
            checksums.UrlInfo(size=found.size, checksum=found.checksum, filename=name),
        )


def _file_name(response: requests.Response) -> str:
    return Path(downloader._get_filename(response)).name


def _download_and_prepare(builder: tfds.core.DatasetBuilder, meter: _Meter) -> None:
    make = builder._make_download_manager

    def make_ours(**options: Any) -> Any:
        manager = make(**options)
        manager._DownloadManager__downloader = _Downloader(meter)
        return manager

    builder._make_download_manager = make_ours
    tfds.disable_progress_bar()
    # TFDS prints to standard output, which is reserved for the result of the command line.
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(download_dir=download_status.download_folder(builder.name))
