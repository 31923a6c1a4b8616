"""What happens inside a worker, without one: events, exceptions into threads, run folders."""

import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lib.core.errors import DataError
from lib.core.lab.folder import RunWriter, read_run, writing
from lib.core.lab.owner import read_owner
from lib.core.lab.store import RunStore
from lib.core.runs import EpochRecord, run_id
from lib.jobs import endings, folders, interrupting, worker
from tests.unit.jobs_support import config, until

RECORD = EpochRecord(1, "feature_extraction", 1.0, 0.5, 1.0, 0.5, 1e-3, 0.1)
CANCELLED = {"state": "cancelled"}


class Listener:
    """Stands for the Dask worker that sends events."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, dict[str, Any]]] = []

    def log_event(self, topic: Any, message: dict[str, Any]) -> None:
        self.sent.append((topic, message))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time_s = [100.0]
    monkeypatch.setattr(worker.time, "monotonic", lambda: time_s[0])
    return time_s


def test_at_most_ten_steps_a_second_are_sent(listener: Listener, clock: list[float]) -> None:
    report = worker._Report(listener, "0" * 16, "1")
    report({"state": "training", "done": 0, "total": 1000})
    for step in range(1000):
        report({"state": "training", "done": step, "total": 1000})
        clock[0] += 0.001
    steps = [message for topic, message in listener.sent if topic == worker.STEPS_TOPIC]
    assert len(steps) == 10
    assert len(listener.sent) == 11


def test_epochs_changes_of_state_and_ends_are_never_held_back(
    listener: Listener, clock: list[float]
) -> None:
    report = worker._Report(listener, "0" * 16, "1")
    events: list[dict[str, Any]] = [
        {"state": "training", "done": 0, "total": 2},
        {"epoch": vars(RECORD), "done": 2, "total": 2},
        {"epoch": vars(RECORD)},
        {"num_epochs": 7},
        {"state": "computing_features", "done": 0, "total": 9},
        {"state": "finished"},
    ]
    for event in events:
        report(event)
    assert [message for _, message in listener.sent] == [
        {"run": "0" * 16, "attempt": "1", **event} for event in events
    ]
    assert all(topic == [worker.RUNS_TOPIC, "run-" + "0" * 16] for topic, _ in listener.sent)


def test_an_exception_that_comes_as_a_run_ends_hits_nothing_but_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inside, over = threading.Event(), threading.Event()
    outcome = []

    def train(*_: Any, **__: Any) -> Any:
        inside.set()
        over.wait()
        raise DataError("It is over.")

    def task() -> None:
        report = worker._Report(Listener(), "0" * 16, "1")
        event = worker._train(config("fast"), "late", "", RunStore(tmp_path), report)
        outcome.append(event["state"])
        outcome.append(sum(1 for _ in range(1_000)))  # byte code, in which it would be raised

    monkeypatch.setattr(worker, "_resolve", lambda _: train)
    thread = threading.Thread(target=task)
    thread.start()
    inside.wait()
    # Python 3.11 may collect within sys._current_frames, while it holds what every thread needs to
    # end (python/cpython issue 106883): clients of earlier tests would wait for theirs for ever.
    gc.collect()
    gc.disable()
    try:
        with worker._lock:
            over.set()
            assert thread.ident
            ident = thread.ident
            until(lambda: sys._current_frames()[ident].f_code.co_name == "_leave")
            interrupting.set_exception(ident, interrupting.Stop)
    finally:
        gc.enable()
    thread.join()
    assert outcome == ["cancelled", 1_000]
    assert not worker._threads


def test_a_run_is_cancelled_while_its_trainer_is_still_being_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    imported = threading.Event()
    monkeypatch.setattr(worker, "_resolve", lambda _: imported.wait())
    # This process runs further tests, and must not be ended for their memory.
    monkeypatch.setattr(worker.memory, "watch", lambda *_: None)
    monkeypatch.setenv(worker.TRAINER_VARIABLE, "slow")
    worker.dask_setup(None)
    worker.ask_to_stop("early")
    report = worker._Report(Listener(), "0" * 16, "1")
    event = worker._train(config("fast"), "early", "slow", RunStore(tmp_path), report)
    assert event == {"state": "cancelled"}
    imported.set()
    assert worker._warm.wait(5)


def test_an_end_keeps_the_epochs_that_are_stored(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.folder(run_id(config("fast")))
    RunWriter(folder, config("fast")).add(RECORD)
    folders.mark_ended(store, config("fast"), CANCELLED)
    run = read_run(folder)
    assert run
    assert (run.status, run.history) == ("cancelled", (RECORD,))


def test_an_end_of_a_run_that_has_no_folder_here_writes_the_epochs_that_were_told(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path)
    folders.mark_ended(store, config("fast"), CANCELLED, [RECORD])
    run = store.open(run_id(config("fast")))
    assert run
    assert (run.status, run.history) == ("cancelled", (RECORD,))


def test_an_end_that_is_written_already_stands(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folders.mark_ended(store, config("fast"), {"state": "failed", "message": "No room."})
    folders.mark_ended(store, config("fast"), CANCELLED)
    run = store.open(run_id(config("fast")))
    assert run
    assert (run.status, run.result["message"]) == ("failed", "No room.")


def test_an_end_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    root = tmp_path / "a file"
    root.write_text("", "utf-8")
    folders.mark_ended(RunStore(root), config("fast"), CANCELLED)
    assert root.read_text("utf-8") == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_worker_closes_its_own_home_when_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "thaw"))
    monkeypatch.setattr(worker, "_resolve", lambda trainer: None)
    (tmp_path / "thaw" / "runs").mkdir(parents=True)
    (tmp_path / "thaw" / "runs").chmod(0o755)
    before = os.umask(0o022)
    try:
        worker._warm_up(worker.TRAINER)
    finally:
        os.umask(before)
    assert (tmp_path / "thaw" / "runs").stat().st_mode & 0o077 == 0


def test_the_end_of_a_run_is_not_written_where_another_process_trains_it(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.folder(run_id(config("fast")))
    with writing(folder):
        writer = RunWriter(folder, config("fast"))
        writer.add(RECORD)
        folders.mark_ended(store, config("fast"), CANCELLED)
        folders.prepare(store, folder.name, "bert")
        writer.finish({"status": "finished"})
    run = store.open(folder.name)
    assert run
    assert (run.status, run.history) == ("finished", (RECORD,))
    assert read_owner(folder) is None


def test_a_run_that_another_process_trains_goes_on_here(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.folder(run_id(config("fast")))
    with writing(folder):
        RunWriter(folder, config("fast")).add(RECORD)
        run = store.open(folder.name)
        assert run
        there = endings.stored_progress(run)
        assert (there.state, there.elsewhere, there.history) == ("training", True, (RECORD,))
    assert endings.stored_progress(run).state == "interrupted"


def test_only_what_ended_without_finishing_is_cleared_away(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    for seed, result in enumerate(({"status": "finished"}, {"status": "failed"}, None)):
        writer = RunWriter(store.folder(run_id(config("fast", seed))), config("fast", seed))
        if result:
            writer.finish(result)
        folders.prepare(store, run_id(config("fast", seed)), "anna")
    left = [store.open(run_id(config("fast", seed))) is not None for seed in range(3)]
    assert left == [True, False, True]


def test_a_run_folder_travels_with_its_model_unless_that_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, id_ = RunStore(tmp_path / "a"), RunStore(tmp_path / "b"), run_id(config("fast"))
    writer = RunWriter(here.folder(id_), config("fast"))
    writer.add(RECORD)
    (here.folder(id_) / "model").mkdir()
    (here.folder(id_) / "model" / "weights").write_bytes(b"12345")
    writer.finish({"status": "finished"})
    folders.write_files(there, id_, folders.read_folder(here.folder(id_)))
    assert folders.read_folder(there.folder(id_)) == folders.read_folder(here.folder(id_))
    run = there.open(id_)
    assert run
    assert run.history == (RECORD,)
    monkeypatch.setattr(folders, "MODEL_LIMIT_BYTES", 4)
    assert set(folders.read_folder(here.folder(id_))) == {
        "config.json",
        "history.jsonl",
        "result.json",
    }
