"""A store keeps what a reader says of a run, loses nothing half-way, and lists quickly."""

import json
import os
import shutil
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lib.core import runs
from lib.core.errors import ConfigError, StoreError
from lib.core.files import lock, scratch_dirs
from lib.core.lab import owner, summary
from lib.core.lab import store as run_store
from lib.core.lab.folder import (
    LOCK_FILE,
    META_FILE,
    BusyError,
    RunMeta,
    RunWriter,
    is_written,
    read_named,
    writing,
)
from lib.core.lab.owner import OWNER_FILE, RunOwner
from lib.core.lab.store import RunStore
from lib.core.runs import EpochRecord

RECORD = EpochRecord(1, "feature_extraction", 0.5, 0.75, 0.6, 0.7, 1e-3, 0.1)
FINISHED = {"status": "finished", "test_accuracy": 0.9, "wall_time_s": 3.5}


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def config(seed=7, **asked):
    return runs.make_config(num_images=40, head_epochs=1, fine_tune_epochs=1, seed=seed, **asked)


def write(store, made=None, result=FINISHED):
    made = made or config()
    writer = RunWriter(store.folder(runs.run_id(made)), made)
    writer.add(RECORD)
    if result:
        writer.finish(result)
    return runs.run_id(made)


def snapshot(store):
    """Every file of a store with its content."""
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in sorted(store.root.rglob("*"))
        if path.is_file()
    }


def local(store):
    return [each for each in store.summaries() if not each.recorded]


# --- Writing --------------------------------------------------------------------------------------


def test_nothing_of_an_earlier_run_is_left_for_a_new_one(store):
    folder = store.folder(write(store))
    writer = RunWriter(folder, config())
    writer.evaluation({"test": {}})
    writer.test_images(b"webp")
    for name in ("weights.npz", "feature_extraction.npz"):
        (folder / "model").mkdir(exist_ok=True)
        (folder / "model" / name).write_bytes(b"npz")
    writer.finish(FINISHED)
    store.rename(folder.name, name="mine")
    RunWriter(folder, config())
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert left == {"config.json", META_FILE}


def test_the_evaluation_is_there_before_the_result(store):
    folder = store.folder(write(store, result=None))
    writer = RunWriter(folder, config())
    writer.evaluation({"test": {"index": [1]}})
    writer.test_images(b"webp")
    assert json.loads((folder / runs.EVALUATION_FILE).read_text()) == {"test": {"index": [1]}}
    writer.watched_images(b"webp")
    for name in (runs.TEST_IMAGES_FILE, runs.WATCHED_IMAGES_FILE):
        assert (folder / name).read_bytes() == b"webp"
    assert not (folder / "result.json").exists()


def test_a_write_that_fails_leaves_what_was_there(store, monkeypatch):
    id_ = write(store)
    store.rename(id_, name="old")
    before = snapshot(store)

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.rename(id_, name="new")
    assert snapshot(store) == before


# --- Two processes --------------------------------------------------------------------------------


def test_of_two_who_write_a_run_folder_the_second_is_refused_and_changes_nothing(store):
    folder = store.folder(runs.run_id(config()))
    with writing(folder):
        RunWriter(folder, config()).add(RECORD)
        before = snapshot(store)
        assert is_written(folder)
        with pytest.raises(BusyError, match="Another process of Thaw is writing"), writing(folder):
            pass
        assert snapshot(store) == before
    assert not is_written(folder)
    assert not (folder / LOCK_FILE).exists()


def test_of_many_who_want_to_write_one_folder_one_does_at_a_time(store):
    folder, inside, most, done = store.folder("0" * 16), [], [], []

    def write_once():
        while True:
            try:
                with writing(folder):
                    inside.append(1)
                    most.append(len(inside))
                    lock.held(folder / LOCK_FILE)
                    inside.pop()
                    done.append(1)
                    return
            except BusyError:
                continue

    threads = [threading.Thread(target=write_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), max(most)) == (8, 1)


def test_a_run_that_is_written_again_is_not_deleted(store):
    id_ = write(store, result={"status": "cancelled"})
    with writing(store.folder(id_)), pytest.raises(StoreError, match="has not ended"):
        store.delete(id_)
    store.delete(id_)


def test_epochs_that_another_process_wrote_between_are_never_stored_as_a_result(store):
    first, second = config(), config(8)
    folder = store.folder(runs.run_id(first))
    writer = RunWriter(folder, first)
    writer.add(RECORD)
    with (folder / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(RECORD)) + "\n")
    with pytest.raises(StoreError, match="do not count up"):
        writer.finish(FINISHED)
    with pytest.raises(StoreError, match="do not count up"):
        RunWriter(store.folder(runs.run_id(second)), second).add(replace(RECORD, epoch=2))
    assert local(store) == []


@pytest.mark.parametrize("epochs", [(1, 1), (1, 1, 2, 2), (2,), (1, 3), (0, 1)])
def test_a_history_whose_epochs_do_not_count_up_is_no_run(store, epochs):
    id_ = write(store)
    lines = [json.dumps(asdict(replace(RECORD, epoch=epoch))) + "\n" for epoch in epochs]
    (store.folder(id_) / "history.jsonl").write_text("".join(lines), "utf-8")
    assert store.open(id_) is None
    assert store.trained(config()) is None
    assert local(store) == []


# --- Name and note --------------------------------------------------------------------------------


def test_a_run_has_no_name_until_it_is_given_one(store):
    id_ = write(store)
    assert store.meta(id_) == RunMeta()
    store.rename(id_, name="  My   first run ")
    store.rename(id_, note="Dropout did\r\nnot help.\n")
    assert store.meta(id_) == RunMeta("My first run", "Dropout did\nnot help.")
    store.rename(id_, name="")
    assert store.meta(id_) == RunMeta("", "Dropout did\nnot help.")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": "x" * 81}, "A run's name of 81 characters is too long. Use at most 80."),
        ({"note": "x" * 2001}, "A run's note of 2,001 characters is too long. Use at most 2,000."),
        ({"name": "a\x00b"}, "A run's name holds a character that cannot be shown."),
        ({"note": "a\x1bb"}, "A run's note holds a character that cannot be shown."),
        ({"name": "\u202eevil"}, "A run's name holds a character that cannot be shown."),
    ],
)
def test_a_name_that_cannot_be_used_changes_nothing(store, asked, words):
    id_ = write(store)
    store.rename(id_, name="old", note="old")
    with pytest.raises(ConfigError) as caught:
        store.rename(id_, **asked)
    assert caught.value.in_words() == words
    assert store.meta(id_) == RunMeta("old", "old")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"name": 5}', '{"name": "a", "note": "b", "imported": 1}', "null"]
)
def test_a_damaged_note_is_none(store, text):
    id_ = write(store)
    (store.folder(id_) / META_FILE).write_text(text)
    assert store.meta(id_) == RunMeta()
    assert [each.id for each in local(store)] == [id_]


def test_a_run_that_is_not_there_or_ships_with_thaw_cannot_be_named_or_deleted(store):
    recorded = next((run.id for run in store if run.recorded), None)
    for change in (store.delete, lambda id_: store.rename(id_, name="x")):
        with pytest.raises(StoreError, match="There is no run 0000000000000000"):
            change("0" * 16)
        with pytest.raises(ConfigError, match="is not the name of a run"):
            change("../../x")
        if recorded:
            with pytest.raises(StoreError, match="ships with Thaw"):
                change(recorded)


# --- Deleting -------------------------------------------------------------------------------------


def test_a_deleted_run_is_gone_and_the_others_are_not(store):
    first, second = write(store), write(store, config(8))
    store.delete(first)
    assert store.open(first) is None
    assert [each.id for each in local(store)] == [second]
    assert {path.name for path in store.root.iterdir()} == {second}


def test_a_run_that_has_not_ended_is_not_deleted(store):
    id_ = write(store, result=None)
    before = snapshot(store)
    with pytest.raises(StoreError) as caught:
        store.delete(id_)
    assert caught.value.in_words() == (
        "This run has not ended, so it cannot be deleted. Cancel it first."
    )
    assert snapshot(store) == before


def test_a_run_is_out_of_sight_before_its_files_are_removed(store, monkeypatch):
    id_ = write(store)
    monkeypatch.setattr(run_store.shutil, "rmtree", lambda *args, **options: None)
    store.delete(id_)
    assert store.open(id_) is None
    assert local(store) == []
    monkeypatch.undo()
    other = write(store, config(8))
    store.delete(other)  # Takes what the first one left with it.
    assert list(store.root.iterdir()) == []


def test_a_deletion_that_fails_leaves_the_run(store, monkeypatch):
    id_ = write(store)
    before = snapshot(store)

    def denied(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(run_store.os, "rename", denied)
    with pytest.raises(StoreError, match="Permission denied"):
        store.delete(id_)
    assert snapshot(store) == before
    assert [each.id for each in local(store)] == [id_]


def test_many_who_delete_at_once_delete_once(store):
    id_ = write(store)
    refused = []

    def delete():
        try:
            store.delete(id_)
        except StoreError as error:
            refused.append(error)

    threads = [threading.Thread(target=delete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize("same", [True, False], ids=["the same run", "another run"])
def test_a_deletion_in_the_middle_of_a_deletion_leaves_nothing_and_spoils_nothing(
    store, monkeypatch, same
):
    first, second = write(store), write(store, config(8))
    rename = os.rename

    def meanwhile(source, target):
        monkeypatch.undo()
        store.delete(first if same else second)
        rename(source, target)

    monkeypatch.setattr(run_store.os, "rename", meanwhile)
    if same:
        with pytest.raises(StoreError, match=f"There is no run {first} in the store"):
            store.delete(first)
    else:
        store.delete(first)
    assert {path.name for path in store.root.iterdir()} == ({second} if same else set())


# --- Taking in ------------------------------------------------------------------------------------


def files_of(store, id_):
    folder = store.folder(id_)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_run_that_is_taken_in_is_there_as_a_whole(store, tmp_path):
    other = RunStore(tmp_path / "other")
    id_ = write(store)
    other.adopt(id_, files_of(store, id_))
    assert files_of(other, id_) == files_of(store, id_)
    assert {path.name for path in other.root.iterdir()} == {id_}


def test_a_run_that_is_there_is_not_replaced(store):
    id_ = write(store)
    before = snapshot(store)
    with pytest.raises(StoreError) as caught:
        store.adopt(id_, {"config.json": b"{}"})
    assert caught.value.in_words() == f"This run is in the store already. Open run {id_}."
    assert snapshot(store) == before


def test_a_disk_that_is_full_takes_nothing_in(store, tmp_path, monkeypatch):
    other = RunStore(tmp_path / "other")
    id_ = write(store)
    written = []
    write_bytes = Path.write_bytes

    def full(path, content):
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="No space left on device"):
        other.adopt(id_, files_of(store, id_))
    assert list(other.root.iterdir()) == []


def test_what_a_killed_import_or_deletion_left_is_tidied_and_what_goes_on_is_not(store):
    store.root.mkdir()
    dead = store.root / f".import-999999999-{scratch_dirs._machine()}-x"
    before = store.root / ".import-of_before"
    other = store.root / ".deleted-0123456789abcdef"
    for path in (dead, before, other):
        (path / "model").mkdir(parents=True)
    for path in (before, other):
        os.utime(path, (1_000, 1_000))
    alive = scratch_dirs.make(store.root, "import")
    id_ = write(store)
    store.tidy()
    assert {path.name for path in store.root.iterdir()} == {alive.name, id_}


# --- Whose a run is, and what came as a file ------------------------------------------------------


def test_a_run_keeps_whose_it_is_until_another_starts_it_anew(store):
    id_ = write(store, result={"status": "cancelled"})
    folder = store.folder(id_)
    assert owner.read_owner(folder) is None
    owner.give(folder, "anna")
    store.rename(id_, name="Anna's", note="private")
    owner.share(folder, True)
    RunWriter(folder, config()).finish({"status": "cancelled"})
    owner.give(folder, "anna")
    (line,) = local(store)
    assert (line.owner, line.meta.name) == (RunOwner("anna", shared=True), "Anna's")
    owner.give(folder, "bert")
    (line,) = local(store)
    assert (line.owner, line.meta) == (RunOwner("bert"), RunMeta())
    assert owner.readers(store.folders()) == {"bert"}
    owner.hand_over(store.folders(), "bert", "berta")
    assert owner.read_owner(folder) == RunOwner("berta")


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"reader": 5}', '{"reader": ""}', '{"reader": "a", "x": 1}']
)
def test_a_damaged_owner_is_none(store, text):
    id_ = write(store)
    (store.folder(id_) / OWNER_FILE).write_text(text)
    (line,) = local(store)
    assert line.owner is None


def imported_before(store, made=None):
    """A run of a file, under the id of its configuration, as earlier versions of Thaw kept it."""
    id_ = write(store, made)
    meta = {"name": "theirs", "note": "", "imported": True}
    (store.folder(id_) / META_FILE).write_text(json.dumps(meta))
    return id_


def test_what_came_as_a_file_is_never_the_run_that_somebody_wants_to_train(store):
    id_ = imported_before(store)
    assert store.open(id_).imported
    assert store.trained(config()) is None
    store.make_way(id_)
    (line,) = local(store)
    assert line.id != id_
    assert (line.meta.name, line.meta.imported) == ("theirs", True)
    assert store.open(line.id).imported
    assert store.open(id_) is None
    store.make_way(id_)
    write(store)
    assert store.trained(config()).id == id_
    assert {each.id for each in local(store)} == {line.id, id_}
    # An import cannot be trained, so it needs not make way.
    store.make_way(line.id)
    assert store.open(line.id)


def test_what_came_as_a_file_does_not_stand_before_a_recorded_run(store, monkeypatch, tmp_path):
    recorded = RunStore(tmp_path / "recorded")
    id_ = write(recorded)
    monkeypatch.setattr(RunStore, "recorded_root", recorded.root)
    imported_before(store)
    assert store.open(id_).recorded
    assert [(each.id, each.recorded) for each in store.summaries()] == [(id_, True)]


# --- The list -------------------------------------------------------------------------------------


def test_a_line_of_the_list_says_what_the_run_says(store):
    id_ = write(store)
    store.rename(id_, name="mine")
    (line,) = local(store)
    run = store.open(id_)
    assert (line.id, line.config, line.status) == (run.id, run.config, "finished")
    assert (line.num_epochs, line.val_accuracy) == (1, 0.7)
    assert (line.test_accuracy, line.wall_time_s, line.meta.name) == (0.9, 3.5, "mine")


def test_the_list_is_what_the_store_iterates_over(store):
    for seed in range(5):
        write(store, config(seed))
    write(store, config(5), result=None)
    write(store, config(6), result={"status": "cancelled"})
    assert {each.id for each in store.summaries()} == {run.id for run in store}


def test_the_newest_run_comes_first_and_the_recorded_ones_last(store):
    ids = [write(store, config(seed)) for seed in (1, 2, 3)]
    for age, id_ in enumerate(ids):
        os.utime(store.folder(id_) / "result.json", (1_000 + age, 1_000 + age))
    summaries = store.summaries()
    assert [each.id for each in summaries[:3]] == ids[::-1]
    assert all(each.recorded for each in summaries[3:])


def test_the_list_sees_a_new_name_a_new_result_and_a_run_that_went(store):
    id_ = write(store)
    assert local(store)[0].meta.name == ""
    store.rename(id_, name="first")
    assert local(store)[0].meta.name == "first"
    store.rename(id_, name="other")
    assert local(store)[0].meta.name == "other"
    write(store, result=FINISHED | {"test_accuracy": 0.5})
    assert local(store)[0].test_accuracy == 0.5
    store.delete(id_)
    assert local(store) == []


def test_numbers_that_are_none_are_not_listed_as_numbers(store):
    write(store, result={"status": "finished", "test_accuracy": "high", "wall_time_s": None})
    (line,) = local(store)
    assert (line.test_accuracy, line.wall_time_s) == (None, None)


@pytest.mark.parametrize("name", ["result.json", "history.jsonl", "config.json"])
def test_a_number_of_four_hundred_digits_breaks_no_list(store, name):
    id_, good = write(store), write(store, config(8))
    path = store.folder(id_) / name
    huge = "1" + "0" * 400
    text = path.read_text("utf-8")
    for number in ("0.9", "0.75", "40"):
        text = text.replace(f": {number}", f": {huge}")
    assert huge in text
    path.write_text(text, "utf-8")
    assert good in [each.id for each in local(store)]
    assert good in [run.id for run in store if not run.recorded]
    run = store.open(id_)
    assert run is None or not run.history


def test_an_infinite_number_is_none(store):
    id_ = write(store)
    path = store.folder(id_) / "result.json"
    path.write_text(path.read_text("utf-8").replace("0.9", "1e999"), "utf-8")
    (line,) = local(store)
    assert line.test_accuracy is None


def test_a_list_of_five_hundred_runs_reads_a_run_again_only_where_it_changed(store, monkeypatch):
    first = write(store)
    for seed in range(500):
        made = replace(config(), seed=1_000 + seed)
        folder = store.folder(runs.run_id(made))
        shutil.copytree(store.folder(first), folder)
        (folder / "config.json").write_text(made.to_json())
    assert len(local(store)) == 501
    reads = []
    monkeypatch.setattr(
        summary,
        "read_named",
        lambda folder, **options: reads.append(folder) or read_named(folder, **options),
    )
    assert len(local(store)) == 501
    assert reads == []
    store.rename(first, name="one")
    assert len(local(store)) == 501
    assert len(reads) == 1
