"""Preparing a TFDS dataset: once for all processes, and with quick answers where it cannot be."""

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
# Of folders with tens of thousands of files.
SECONDS_BETWEEN_SCANS = 2.0
# At once; some datasets have thousands of files.
MAX_CONNECTIONS = 8


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
    lock = download_status.lock_file(builder.name)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with file_lock.only_one(lock):
            if not is_prepared(builder):  # nor by whoever had the lock before
                preflight(builder)
                write_records(builder)
    except OSError as error:
        raise _failure(builder, error) from error


def write_records(builder: tfds.core.DatasetBuilder) -> None:
    """Do what `prepare` does, for whoever holds the lock already.

    Raises:
        DataError: If it cannot be fetched or written.
    """
    download_status.forget_wishes(builder.name)
    # Nobody else is writing now, so these are leftovers of a process that was killed. What it
    # has fetched stays: the download goes on there.
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
        # Anything between a full disk and a site that has moved; TFDS names no common class.
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


# --- Before anything is fetched -------------------------------------------------------------------


def preflight(builder: tfds.core.DatasetBuilder) -> None:
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
    # A dataset in several configurations lists what all of them download; the registry knows.
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
    """How far a preparation is."""

    def __init__(self, builder: tfds.core.DatasetBuilder) -> None:
        self.name = builder.name
        self._parent = Path(builder.data_path).parent
        self._fetched: dict[str, tuple[int, int]] = {}
        spec = datasets.DATASETS.get(builder.name)
        self._expected = spec.download_mb * 1_000_000 if spec else 0
        self._written, self._look_again = 0, 0.0

    def fetched(self, url: str, done: int, total: int) -> None:
        """So many bytes of a file are here."""
        self._fetched[url] = (done, total)

    def count(self) -> tuple[str, int, int]:
        """In words, bytes fetched and bytes to fetch."""
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
        """Bytes of what TFDS has unpacked, and of its records, once the files are here."""
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
    """Downloads as TFDS does, but a file goes on where it was left, and never hangs.

    TFDS itself waits for ever for a server that has gone silent, and begins anew.
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
        # TFDS compares the checksum and keeps the file, or not: either way it is no part any more.
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
    # TFDS prints to standard output, where the command line puts its result.
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(download_dir=download_status.download_folder(builder.name))
