"""What of a dataset is here, who is at it, and what a web process remembers of it."""

import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib.core import datasets
from lib.core.datasets import DATASETS
from lib.core.errors import DataError
from lib.core.files import lock as file_lock
from lib.core.files import reachability
from lib.core.images import download_status
from lib.core.images.download_status import Progress, Standing
from lib.core.strategy import kinds
from lib.jobs import downloads as jobs_downloads
from lib.jobs.downloads import Downloads
from lib.jobs.questions import Question
from lib.training.sources import download_process as worker_downloads
from tests.unit.jobs_support import PATIENCE_S, until

ROOT = Path(__file__).parents[3]
CATS, BEANS = DATASETS["cats_vs_dogs"], DATASETS["beans"]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path))


# --- The registry ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.id)
def test_a_dataset_has_a_citation_an_address_and_a_reasoned_similarity(spec):
    assert any(str(year) in spec.citation for year in range(1990, 2027))
    assert spec.address.startswith("https://")
    assert kinds.KINDS[spec.kind] == kinds.kind_of(spec.id)
    assert len(spec.kind_reason) > 40
    assert bool(spec.host) != spec.offline


def test_cats_and_dogs_is_cut_in_slices_as_it_has_no_parts_of_its_own():
    assert CATS.tfds_split == ("train[:80%]", "train[80%:90%]", "train[90%:]")
    assert BEANS.tfds_split == ("train", "validation", "test")
    for spec in DATASETS.values():
        compile(datasets.load_code(spec), spec.id, "exec")


# --- What is here ---------------------------------------------------------------------------------


def test_nothing_is_here_but_what_comes_with_a_package():
    for spec in DATASETS.values():
        assert download_status.standing(spec) == Standing("ready" if spec.offline else "missing")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"words": "x", "other": 1}', "\xff"])
def test_a_note_that_cannot_be_read_says_nothing(text):
    download_status.note(CATS.id, Progress("Downloading", 1, 2))
    (download_status.download_folder(CATS.id) / download_status.NOTE).write_text(text, "latin-1")
    assert download_status.standing(CATS) == Standing("missing")


@pytest.mark.parametrize(
    ("state", "reachable", "free_mb", "expected"),
    [
        ("ready", set(), 0, "ready"),
        ("downloading", set(), 0, "downloading"),
        ("missing", None, CATS.disk_mb, "available"),
        ("missing", {CATS.host}, CATS.disk_mb, "available"),
        ("missing", {CATS.host}, CATS.disk_mb - 1, "no_space"),
        ("missing", {BEANS.host}, CATS.disk_mb, "no_network"),
    ],
)
def test_one_word_says_what_can_be_done(state, reachable, free_mb, expected):
    assert download_status.verdict(CATS, state, reachable, free_mb) == expected


def test_a_share_is_never_more_than_all():
    assert Progress("", 5, 4).share == 1
    assert Progress("", 1, 4).share == 0.25
    assert Progress("", 1, 0).share == 0


def test_a_wish_to_cancel_what_is_not_going_on_is_no_wish():
    download_status.ask_to_cancel(CATS.id)
    assert not download_status.download_folder(CATS.id).exists()


def test_cleaning_up_keeps_archives_unless_they_are_not_wanted():
    folder = download_status.download_folder(CATS.id)
    for name in ("partial/abc", "extracted/x", "cats.tmp.123/half"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"1")
    half = download_status.data_folder() / CATS.id / "incomplete.X_4.0.1"
    half.mkdir(parents=True)
    download_status.clean_up(CATS.id, archives=False)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["abc"]
    assert not half.exists()
    download_status.clean_up(CATS.id, archives=True)
    assert not folder.exists()


def test_free_space_is_asked_where_the_folder_will_be(monkeypatch, tmp_path):
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "not" / "there"))
    assert download_status.free_mb() > 0


def test_what_a_download_will_take_is_not_free_for_another(monkeypatch, tmp_path):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000_000))
    assert download_status.free_mb() == 5_000
    lock = download_status.lock_file(CATS.id)
    lock.parent.mkdir(parents=True)
    with file_lock.only_one(lock):
        assert download_status.free_mb() == 5_000 - CATS.disk_mb
        assert download_status.free_mb(but_for=CATS.id) == 5_000
        download_status.note(CATS.id, Progress("Downloading", done=300_000_000, total=800_000_000))
        assert download_status.free_mb() == 5_300 - CATS.disk_mb
    assert download_status.free_mb() == 5_000


# --- The lock -------------------------------------------------------------------------------------


def test_a_lock_keeps_another_thread_out_until_it_is_given_back(tmp_path):
    order: list[str] = []

    def second() -> None:
        with file_lock.only_one(tmp_path / "lock"):
            order.append("second")

    with file_lock.only_one(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert file_lock.held(tmp_path / "lock")
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert not file_lock.held(tmp_path / "lock")


HOLD = """
import sys
from pathlib import Path
from types import SimpleNamespace
from lib.core.files import lock
with lock.only_one(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def test_a_lock_of_a_dead_process_is_no_lock(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    assert file_lock.held(tmp_path / "lock")
    process.kill()
    process.wait()
    assert not file_lock.held(tmp_path / "lock")


# --- The network ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_of_several_hosts_those_that_answer_are_named():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        here, gone = server.getsockname(), nobody.getsockname()
        assert reachability.reachable([here, gone]) == {here}


def test_hosts_that_never_answer_are_given_up_in_time_and_all_at_once(monkeypatch):
    assert reachability.PREFLIGHT_S < 5
    the_end = threading.Event()
    monkeypatch.setattr(reachability, "PREFLIGHT_S", 0.3)
    asked, answered = [], []

    def never_answer(address: reachability.Address, _timeout: float) -> None:
        asked.append(address)
        the_end.wait(PATIENCE_S)
        answered.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", never_answer)
    try:
        assert reachability.reachable([(f"{number}.example", 443) for number in range(20)]) == set()
        until(lambda: len(asked) == 20)
        assert answered == []
    finally:
        the_end.set()


# --- What a web process remembers -----------------------------------------------------------------


class Worker:
    """Takes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def start(self) -> None:
        pass

    def ask(self, task: str, owner: str = "", **arguments: Any) -> Question:
        self.asked.append(Question(task, owner, arguments=arguments))
        return self.asked[-1]


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def known(worker: Worker) -> Downloads:
    return Downloads(worker)


def test_from_the_first_moment_on_a_download_is_seen_and_asked_for_once(known, worker):
    known.start(CATS)
    assert known.standing(CATS) == Standing("downloading", Progress("Starting"))
    known.start(CATS)
    assert len(worker.asked) == 1
    worker.asked[0].position = "Waiting for 2 others"
    assert known.standing(CATS).progress == Progress("Waiting for 2 others")
    assert known.standing(BEANS) == Standing("missing")


def test_why_it_was_refused_stays_until_it_is_tried_again(known, worker):
    known.start(CATS)
    worker.asked[0].error = DataError("Why.", "What now.")
    worker.asked[0].state = "failed"
    for _ in range(2):
        assert known.standing(CATS) == Standing(
            "missing", Progress("", message="Why.", next_step="What now.")
        )
    known.start(CATS)
    assert known.standing(CATS).state == "downloading"


def test_what_is_cancelled_before_it_began_ends_as_soon_as_it_begins(known, worker):
    known.start(CATS)
    known.cancel(CATS)
    assert known.standing(CATS) == Standing("missing")
    lock = download_status.lock_file(CATS.id)
    lock.parent.mkdir(parents=True)
    with file_lock.only_one(lock):
        assert not download_status.is_cancelled(CATS.id)
        known.standing(CATS)
        assert download_status.is_cancelled(CATS.id)
        worker.asked[0].state = "done"
    download_status.clean_up(CATS.id, archives=True)
    assert known.standing(CATS) == Standing("missing")


def test_it_is_ready_once_it_is_there_whatever_was_asked(known, worker):
    known.start(CATS)
    worker.asked[0].state = "done"
    folder = download_status.data_folder() / CATS.id / CATS.version
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    assert known.standing(CATS) == Standing("ready")
    known.start(CATS)
    assert len(worker.asked) == 1


def test_the_network_is_looked_at_in_the_background_and_not_again_for_a_minute(known, monkeypatch):
    looks: list[set[Any]] = []
    answer = threading.Event()

    def reachable(addresses: Any) -> set[Any]:
        answer.wait()
        looks.append(set(addresses))
        return {(CATS.host, 443)}

    monkeypatch.setattr(jobs_downloads.reachability, "reachable", reachable)
    assert known.reachable([CATS.host, BEANS.host]) is None
    assert known.reachable([CATS.host, BEANS.host]) is None
    answer.set()
    until(lambda: known.reachable([CATS.host]) == {CATS.host})
    assert looks == [{(CATS.host, 443), (BEANS.host, 443)}]
    monkeypatch.setattr(jobs_downloads, "NETWORK_LOOK_S", 0.0)
    known.reachable([CATS.host])
    until(lambda: len(looks) == 2)


def test_of_another_machine_a_worker_says_what_is_there(worker, monkeypatch):
    monkeypatch.setenv("THAW_SCHEDULER", "tls://example:8786")
    known = Downloads(worker)
    assert known.standing(CATS) == Standing("missing")
    assert known.standing(DATASETS["elpv"]) == Standing("ready")
    assert known.reachable([CATS.host]) == {CATS.host}
    assert known.free_mb() >= CATS.disk_mb
    (look,) = worker.asked
    assert look.task == jobs_downloads.LOOK_TASK
    download_status.note(CATS.id, Progress("Downloading", 1, 2))
    lock = download_status.lock_file(CATS.id)
    lock.parent.mkdir(parents=True)
    with file_lock.only_one(lock):  # as if this were the other machine
        look.answer = worker_downloads.look()
    look.state = "done"
    assert known.standing(CATS) == Standing("downloading", Progress("Downloading", 1, 2))
    assert known.free_mb() == look.answer["free_mb"]
    known.cancel(CATS)
    assert (worker.asked[-1].task, worker.asked[-1].arguments) == (
        jobs_downloads.CANCEL_TASK,
        {"dataset": CATS.id},
    )


def test_a_dataset_of_no_registry_fits_the_spec_of_one():
    own = replace(CATS, id="images-0123456789ab", offline=True, kind="", host="")
    assert download_status.standing(own).state == "ready"
