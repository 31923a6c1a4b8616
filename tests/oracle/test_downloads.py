"""Downloads through TFDS from a server that is slow, stalls, breaks off, lies or is not there."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib.core import datasets
from lib.core.errors import DataError
from lib.core.files import lock as file_lock
from lib.core.images import download_status
from lib.training.sources import download_process as worker_downloads
from lib.training.sources import http, pipeline, tfds, tfds_prepare
from tests import tiny_builder, tiny_web
from tests.speeds import thorough_beyond
from tests.tiny_web import ARCHIVE, SPEC, Behaviour
from tests.unit.jobs_support import PATIENCE_S, until

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.tiny_builder")


@pytest.fixture(autouse=True)
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behaviour]:
    """A THAW_HOME of one's own, and a server of which the registry knows."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(datasets.DATASETS, SPEC.id, SPEC)
    monkeypatch.setattr(http, "PAUSE_S", 0.01)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with tiny_web.server() as (url, behaviour):
        monkeypatch.setenv(tiny_web.URL_VARIABLE, url)
        yield behaviour


def standing() -> download_status.Standing:
    return download_status.standing(SPEC)


def prepare() -> None:
    """As a run does it that finds its dataset is not there."""
    assert tfds.describe_dataset(SPEC.id).num_images == tiny_web.NUM_IMAGES


def refused() -> DataError:
    with pytest.raises(DataError) as error:
        prepare()
    assert standing().state == "missing"
    assert not file_lock.held(download_status.lock_file(SPEC.id))
    return error.value


def left() -> list[str]:
    """Names of what is left of a download."""
    folder = download_status.download_folder(SPEC.id)
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# --- In the process of a run ----------------------------------------------------------------------


def test_a_dataset_that_was_downloaded_is_ready_and_leaves_no_archive(web):
    assert standing() == download_status.Standing("missing")
    prepare()
    assert standing() == download_status.Standing("ready")
    assert web.asked == [""]
    assert not download_status.download_folder(SPEC.id).exists()
    assert len(pipeline.load_data(SPEC.id, num_images=4, image_size=16, seed=1).test) > 0


def test_a_connection_that_breaks_off_goes_on_where_it_ended(web):
    web.breaks = 3
    prepare()
    assert web.asked[0] == ""
    starts = [int(asked[6:-1]) for asked in web.asked[1:]]
    assert len(starts) == 3
    assert sorted(starts) == starts
    assert starts[-1] > 2 * web.piece
    assert standing().state == "ready"


def test_a_server_that_goes_silent_is_asked_again(web, monkeypatch):
    monkeypatch.setattr(http, "STALL_S", 1.0)
    web.stalls = 1
    prepare()
    assert len(web.asked) >= 2
    assert web.asked[-1].startswith("bytes=")


def test_a_server_that_cannot_begin_in_the_middle_begins_anew(web):
    web.ranges, web.breaks = False, 1
    prepare()
    assert len(web.asked) == 2
    assert standing().state == "ready"


@pytest.mark.parametrize(("extra", "num_asked"), [(b"", 1), (b"and more", 2)])
def test_a_beginning_as_long_as_the_file_is_the_file_and_a_longer_one_is_not(web, extra, num_asked):
    url = os.environ[tiny_web.URL_VARIABLE]
    partial = download_status.download_folder(SPEC.id) / "partial"
    partial.mkdir(parents=True)
    (partial / hashlib.sha256(url.encode()).hexdigest()).write_bytes(ARCHIVE + extra)
    prepare()
    assert web.asked[0] == f"bytes={len(ARCHIVE + extra)}-"
    assert len(web.asked) == num_asked
    assert standing().state == "ready"


def test_a_wish_to_cancel_ends_the_download_of_a_run_too(web):
    web.piece, web.pause_s = 70_000, 0.2
    errors: list[DataError] = []

    def run() -> None:
        try:
            prepare()
        except DataError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: (said := standing().progress) and said.done)
    download_status.ask_to_cancel(SPEC.id)
    thread.join()
    assert "was cancelled" in errors[0].message
    assert left() == []
    assert standing() == download_status.Standing("missing")


def test_whoever_waited_for_another_process_does_not_fetch_it_again(web, monkeypatch):
    looked: list[object] = []
    monkeypatch.setattr(tfds_prepare, "preflight", looked.append)
    lock = download_status.lock_file(SPEC.id)
    lock.parent.mkdir(parents=True)
    with file_lock.only_one(lock):
        waiting = threading.Thread(target=prepare)
        waiting.start()
        tfds_prepare.write_records(tfds.open_builder(SPEC.id)[0])
        assert waiting.is_alive()
    waiting.join()
    assert web.asked == [""]
    assert looked == []


def test_a_file_that_never_comes_whole_is_given_up_and_its_beginning_kept(web, monkeypatch):
    monkeypatch.setattr(http, "STALL_S", 1.0)
    web.piece, web.stalls = 300_000, 1
    monkeypatch.setattr(http, "MAX_ATTEMPTS", 1)
    error = refused()
    assert "broke off after 0." in error.message
    assert "resumes where it stopped" in error.next_step
    said = standing().progress
    assert said is not None
    assert said.message == error.message
    assert said.done > 0
    assert not web.stalls
    prepare()
    assert web.asked[-1].startswith("bytes=")
    assert standing() == download_status.Standing("ready")


def test_something_else_than_was_published_is_refused_and_not_kept(web):
    web.content = ARCHIVE[:-1] + b"x"
    error = refused()
    assert "its checksum is another" in error.message
    assert left() == [download_status.NOTE]
    web.content = ARCHIVE
    prepare()
    assert web.asked == ["", ""]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_has_moved_is_refused_at_once(web, status):
    web.status = status
    assert f"it answered {status}" in refused().message
    assert len(web.asked) == 1


def test_a_server_in_trouble_is_asked_four_times(web):
    web.status = 503
    assert "it answered 503" in refused().message
    assert len(web.asked) == 4


def test_an_archive_that_is_none_is_told_in_words(web, monkeypatch):
    web.content = b"no zip at all"
    monkeypatch.setenv(tiny_web.SHA_VARIABLE, hashlib.sha256(web.content).hexdigest())
    monkeypatch.setattr(tiny_builder, "ARCHIVE", web.content)
    assert "could not be prepared in" in refused().message


def test_without_enough_space_nothing_is_fetched(web, monkeypatch):
    monkeypatch.setattr(download_status, "free_mb", lambda but_for: SPEC.disk_mb - 1)
    assert "are free" in refused().message
    assert web.asked == []
    monkeypatch.setattr(download_status, "free_mb", lambda but_for: SPEC.disk_mb)
    prepare()


def test_without_a_network_nothing_is_tried(web, monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/tiny.zip"
        monkeypatch.setenv(tiny_web.URL_VARIABLE, address)
        error = refused()
    assert "127.0.0.1 cannot be reached" in error.message
    assert web.asked == []


def test_a_disk_that_fills_up_meanwhile_is_told_in_words(web, monkeypatch):
    def no_space(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(http, "fetch", no_space)
    assert "No space left on device" in refused().message


def test_the_picture_of_a_dataset_shows_its_classes_in_turn():
    tfds.source(SPEC.id)
    with Image.open(download_status.picture_file(SPEC)) as image:
        assert image.size == (384, 192)
        pixels = np.asarray(image.convert("RGB"), float)
    tiles = [pixels[:96, left : left + 96].mean() for left in range(0, 384, 96)]
    # Light noise, dark noise, and so on.
    assert [tile > 80 for tile in tiles] == [True, False, True, False]


# --- In a process of its own ----------------------------------------------------------------------


@pytest.fixture
def download() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the process that a worker would start."""
    started: list[subprocess.Popen[bytes]] = []

    def start(parent: int | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*COMMAND, SPEC.id, str(parent or os.getpid())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for_bytes(process: subprocess.Popen[bytes]) -> None:
    """Until some of the archive is here."""

    def some() -> bool:
        assert process.poll() is None
        progress = standing().progress
        return bool(progress and progress.done)

    until(some)
    assert standing().state == "downloading"


@pytest.mark.thorough
def test_a_second_reader_sees_the_same_download_and_its_words(web, download):
    web.pause_s = 5
    process = download()
    wait_for_bytes(process)
    progress = standing().progress
    assert progress is not None
    assert 0 < progress.share < 1
    assert progress.words.startswith("Downloading, 0 of 1 MB")
    # Whoever asks for it meanwhile starts no second one.
    tfds_prepare_calls = len(web.asked)
    worker_downloads.start(SPEC.id)
    assert worker_downloads.main([SPEC.id, "1"]) == 0
    assert len(web.asked) == tfds_prepare_calls
    web.pause_s = 0
    assert process.wait(PATIENCE_S) == 0
    assert standing() == download_status.Standing("ready")
    assert download_status.picture_file(SPEC).exists()


# More than once: who notes how far it is must not do so after all is removed.
@pytest.mark.parametrize("_time", thorough_beyond([0], range(3)))
def test_a_download_is_cancelled_while_its_server_is_silent_and_leaves_nothing(
    _time, web, download
):
    web.pause_s = 2 * PATIENCE_S
    process = download()
    wait_for_bytes(process)
    download_status.ask_to_cancel(SPEC.id)
    process.wait(PATIENCE_S)
    assert standing() == download_status.Standing("missing")
    assert left() == []
    # And the wish is not there any more when somebody starts again.
    web.pause_s = 0
    prepare()


@pytest.mark.thorough
def test_a_process_that_is_killed_leaves_no_lock_and_no_half_dataset(web, download):
    web.pause_s = 5
    process = download()
    wait_for_bytes(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    said = standing()
    assert said.state == "missing"
    assert said.progress is not None
    assert said.progress.message == "The download was interrupted."
    assert not tfds_prepare.is_prepared(tfds.open_builder(SPEC.id)[0])
    web.pause_s = 0
    prepare()
    assert web.asked[-1].startswith("bytes=")
    assert standing() == download_status.Standing("ready")
    assert not download_status.download_folder(SPEC.id).exists()


def test_half_written_records_are_removed_by_the_next_start():
    half = download_status.data_folder() / SPEC.id / "incomplete.ABC123_1.0.0"
    extracted = download_status.download_folder(SPEC.id) / "extracted" / "half"
    for folder in (half, extracted):
        folder.mkdir(parents=True)
        (folder / "some").write_bytes(b"1")
    assert standing().state == "missing"
    prepare()
    assert not half.exists()
    assert not extracted.exists()


@pytest.mark.thorough
def test_a_download_ends_with_the_process_that_wanted_it_and_goes_on_later(web, download):
    web.pause_s = 2 * PATIENCE_S
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        process = download(parent.pid)
        wait_for_bytes(process)
    finally:
        parent.kill()
        parent.wait()
    process.wait(PATIENCE_S)
    assert standing().state == "missing"
    web.pause_s = 0
    prepare()
    assert web.asked[-1].startswith("bytes=")


@pytest.mark.thorough
def test_a_worker_starts_the_process_and_is_back_once_it_can_be_seen(web, monkeypatch):
    monkeypatch.setattr(worker_downloads, "COMMAND", COMMAND)
    web.pause_s = 0.3
    worker_downloads.start(SPEC.id)
    assert standing().state == "downloading"
    until(lambda: standing().state == "ready")
