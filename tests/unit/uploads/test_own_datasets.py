"""A reader's own images are theirs alone, bounded, and gone when they say so or after a time."""

import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lib.core import datasets, limits, runs
from lib.core.errors import StoreError
from lib.core.files import lock, scratch_dirs
from lib.core.lab.folder import RunWriter
from lib.core.lab.store import RunStore
from lib.core.uploads import clock, inbox, own_datasets, retention
from lib.core.uploads.own_datasets import OwnDataset

PROJECT = Path(__file__).resolve().parents[3]
ANNA, BERT = own_datasets.hashed("key of Anna"), own_datasets.hashed("key of Bert")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    return tmp_path


class Clocks:
    """The clock of the wall and the one of the process, set by a test."""

    def __init__(self):
        self.wall, self.steady = time.time(), 1_000.0

    def run(self, days):
        self.wall += days * 86_400
        self.steady += days * 86_400

    def jump(self, days):
        self.wall += days * 86_400

    def restart(self):
        clock._last_look.clear()
        self.steady = 5.0


@pytest.fixture
def clocks(monkeypatch):
    made = Clocks()
    monkeypatch.setattr(time, "time", lambda: made.wall)
    monkeypatch.setattr(time, "monotonic", lambda: made.steady)
    return made


def make(owner=ANNA, number=1, content="c", **changes) -> OwnDataset:
    """A dataset of two classes, as a worker would make it."""
    fingerprint = f"{number:02x}" * 32
    with retention.making() as pictures:
        for name in ("cat", "dog"):
            (pictures / name).mkdir()
            (pictures / name / "1.jpg").write_bytes(b"picture")
        dataset = OwnDataset(
            id=datasets.OWN_PREFIX + fingerprint[:12],
            title="pets",
            owner=owner,
            fingerprint=fingerprint,
            content=content + str(number),
            class_names=("cat", "dog"),
            counts=(12, 12),
            size_bytes=100,
            created=time.time(),
        )
        return retention.publish(pictures, replace(dataset, **changes))


def left() -> set[str]:
    """What there is under THAW_HOME/images besides whose things are."""
    return {path.name for path in own_datasets.root().iterdir()} - {"owners"}


def use_long_ago(dataset: str, days: float) -> None:
    long_ago = time.time() - days * 86_400
    path = own_datasets.folder(dataset).parent / own_datasets.ABOUT
    os.utime(path, (long_ago, long_ago))


# --- Whose they are -------------------------------------------------------------------------------


def test_a_dataset_is_its_owners_and_says_what_a_run_needs():
    made = make()
    assert [each.id for each in own_datasets.owned_by(ANNA)] == [made.id]
    assert own_datasets.get(made.id) == made
    spec = made.spec
    assert (spec.id, spec.num_images, spec.num_classes) == (made.id, 24, 2)
    config = runs.make_config(
        dataset=spec.id,
        data_fingerprint=spec.fingerprint,
        max_train_images=spec.max_train_images,
        head_epochs=1,
    )
    assert (config.data_fingerprint, config.num_images) == (made.fingerprint, 16)
    assert sorted(path.name for path in own_datasets.folder(made.id).iterdir()) == ["cat", "dog"]


def test_another_reader_cannot_list_see_share_or_delete_it():
    made = make()
    assert own_datasets.owned_by(BERT) == own_datasets.owned_by("") == ()
    for stranger in (BERT, "", "0" * 64):
        assert not own_datasets.owns(made.id, stranger)
        assert not own_datasets.may_see(made.id, stranger)
        for action in (retention.delete, lambda *who: own_datasets.share(*who, True)):
            with pytest.raises(StoreError, match="not among yours"):
                action(made.id, stranger)
    assert own_datasets.get(made.id) == made
    assert own_datasets.owns(made.id, ANNA)
    assert own_datasets.may_see(made.id, ANNA)


def test_what_is_anothers_and_what_is_not_there_are_refused_in_the_same_words():
    made = make()
    said = []
    for dataset in (made.id, "images-ffffffffffff", "images-../../x", "elpv", ""):
        with pytest.raises(StoreError) as error:
            retention.delete(dataset, BERT)
        said.append(error.value.in_words())
    assert len(set(said)) == 1


def test_sharing_shows_it_to_others_without_making_it_theirs():
    made = make()
    own_datasets.share(made.id, ANNA, True)
    assert own_datasets.may_see(made.id, BERT)
    assert own_datasets.may_see(made.id, "")
    assert not own_datasets.owns(made.id, BERT)
    assert own_datasets.owned_by(BERT) == ()
    own_datasets.share(made.id, ANNA, False)
    assert not own_datasets.may_see(made.id, BERT)


def test_datasets_of_nobody_are_everybodys_and_unknown_own_ones_nobodys():
    assert own_datasets.may_see("elpv", "")
    assert not own_datasets.may_see("images-0123456789ab", ANNA)
    assert not own_datasets.may_see("images-nonsense", ANNA)


def test_neither_the_name_nor_the_place_of_a_dataset_can_be_guessed():
    make()
    (place,) = left()
    assert len(place) >= 22
    assert "pets" not in place
    assert ANNA not in place
    stored = (own_datasets.root() / place / own_datasets.ABOUT).read_text()
    assert "key of Anna" not in stored
    assert (own_datasets.root().stat().st_mode & 0o077) == 0


def test_a_link_never_leads_out_of_the_folder(home):
    outside = home / "outside"
    outside.mkdir()
    for dataset in ("images-../outside", "../outside", "images-", "images-0123456789AB", "\0"):
        assert own_datasets.folder(dataset) is None
        assert own_datasets.get(dataset) is None


def test_the_same_reader_gets_the_same_content_once():
    made = make(number=1, content="same")
    assert make(number=1, content="same").id == made.id
    with retention.making() as pictures:
        again = retention.publish(pictures, replace(made, id="images-ffffffffffff"))
    assert again.id == made.id
    assert len(own_datasets.owned_by(ANNA)) == 1


def test_a_run_that_came_as_a_file_is_its_importers_until_then_nobodys():
    own_datasets.claim("images-0123456789ab", ANNA)
    assert own_datasets.owns("images-0123456789ab", ANNA)
    own_datasets.claim("images-0123456789ab", ANNA)
    with pytest.raises(StoreError, match="another reader"):
        own_datasets.claim("images-0123456789ab", BERT)
    with pytest.raises(StoreError, match="as Thaw does not"):
        own_datasets.claim("images-../../../x", BERT)


# --- For how long, and how much -------------------------------------------------------------------


def test_it_is_deleted_when_its_owner_says_so_with_whatever_shows_it(home):
    made = make()
    store = RunStore()
    config = runs.make_config(
        dataset=made.id, data_fingerprint=made.fingerprint, max_train_images=16, head_epochs=1
    )
    writer = RunWriter(store.folder(runs.run_id(config)), config)
    writer.test_images(b"pictures of the reader")
    writer.watched_images(b"more of them")
    writer.finish({"status": "finished"})
    other = runs.make_config(num_images=40)
    others = RunWriter(store.folder(runs.run_id(other)), other)
    others.test_images(b"drawings")
    features = home / "features" / "abc"
    features.mkdir(parents=True)
    (features / "manifest.json").write_text(json.dumps({"dataset": made.id}))
    place = own_datasets.folder(made.id)
    retention.delete(made.id, ANNA)
    assert not place.exists()
    assert left() == set()
    assert not features.exists()
    assert not (writer.folder / runs.TEST_IMAGES_FILE).exists()
    assert not (writer.folder / runs.WATCHED_IMAGES_FILE).exists()
    assert (others.folder / runs.TEST_IMAGES_FILE).exists()
    # The run is still its owner's, and nobody else's.
    assert store.open(runs.run_id(config)).status == "finished"
    assert own_datasets.owns(made.id, ANNA)
    assert not own_datasets.may_see(made.id, BERT)
    assert own_datasets.get(made.id) is None
    assert own_datasets.folder(made.id) is None


def test_it_is_gone_after_the_days_that_are_stated_counted_from_its_last_use(clocks):
    kept, gone = make(number=1), make(number=2)
    use_long_ago(kept.id, own_datasets.DAYS_KEPT - 0.1)
    use_long_ago(gone.id, own_datasets.DAYS_KEPT + 0.1)
    assert [each.id for each in own_datasets.owned_by(ANNA)] == [kept.id]
    assert own_datasets.folder(gone.id) is None
    retention.tidy()
    assert len(left()) == 2
    use_long_ago(kept.id, -retention.DAYS_HIDDEN)
    clocks.run(days=retention.DAYS_HIDDEN + 0.1)
    retention.tidy()
    assert len(left()) == 1
    assert own_datasets.folder(kept.id) is not None  # which is a use
    use_long_ago(kept.id, 0)
    assert own_datasets.get(kept.id).expires > time.time() + 86_400 * (own_datasets.DAYS_KEPT - 0.1)


@pytest.mark.parametrize("restarts", [True, False], ids=["with restarts", "in one process"])
def test_a_clock_that_jumps_forward_hides_images_and_deletes_none(clocks, restarts):
    made = make()
    retention.tidy()
    clocks.jump(days=400)
    for _ in range(20):
        if restarts:
            clocks.restart()
        clocks.run(days=0.01)
        retention.tidy()
        assert own_datasets.get(made.id) is None
        assert own_datasets.owned_by(ANNA) == ()
    clocks.jump(days=-400)
    retention.tidy()
    assert own_datasets.get(made.id)
    assert own_datasets.folder(made.id).is_dir()
    # And what was hidden then is hidden for its own time when it does expire.
    clocks.run(days=own_datasets.DAYS_KEPT + 0.1)
    retention.tidy()
    assert left()
    clocks.run(days=retention.DAYS_HIDDEN + 0.1)
    retention.tidy()
    assert left() == set()


def test_a_clock_that_goes_to_and_fro_counts_as_no_time(clocks):
    path = own_datasets.root().parent / "clock.json"
    began = clock.look(path)
    for _ in range(50):
        clocks.jump(days=30)
        clock.look(path)
        clocks.jump(days=-30)
        clock.look(path)
    assert clock.look(path) == began
    clocks.run(days=0.5)
    assert clock.look(path) == pytest.approx(began + 0.5 * 86_400)
    # A pause between two starts is a day at most.
    clocks.restart()
    clocks.jump(days=300)
    assert clock.look(path) == pytest.approx(began + 1.5 * 86_400)


@pytest.mark.parametrize("text", ["", "[]", '{"seen": 1e999, "running_s": 1e999}', "{}", "null"])
def test_a_damaged_clock_begins_anew(clocks, tmp_path, text):
    path = tmp_path / "clock.json"
    path.write_text(text)
    assert clock.look(path) == 0
    clocks.run(days=1)
    assert clock.look(path) == pytest.approx(86_400)


def test_pictures_whose_owner_cannot_be_read_for_a_while_are_not_lost(clocks):
    made = make()
    record = own_datasets.root() / "owners" / f"{made.id}.json"
    said = record.read_text()
    record.write_text("{")
    clocks.run(days=0.5)
    retention.tidy()
    clocks.run(days=0.5)
    retention.tidy()
    assert own_datasets.get(made.id) is None
    record.write_text(said)
    retention.tidy()
    assert own_datasets.get(made.id)
    record.write_text("{")
    retention.tidy()
    clocks.run(days=retention.DAYS_HIDDEN + 0.1)
    retention.tidy()
    assert left() == set()


def test_a_process_does_not_tidy_while_another_one_does(clocks):
    made = make()
    clocks.run(days=own_datasets.DAYS_KEPT + 1)
    retention.tidy()
    clocks.run(days=retention.DAYS_HIDDEN + 1)
    with lock.if_free(own_datasets.root() / "owners" / retention.TIDYING) as is_free:
        assert is_free
        retention.tidy()
        assert left()
    retention.tidy()
    assert left() == set()
    assert own_datasets.get(made.id) is None


def test_a_reader_keeps_a_bounded_number_and_all_together_too(monkeypatch):
    monkeypatch.setenv(limits.VARIABLE, "datasets_each=2, datasets=3")
    make(number=1)
    make(number=2)
    with pytest.raises(StoreError, match="You have 2 datasets"):
        make(number=3)
    make(owner=BERT, number=4)
    with pytest.raises(StoreError, match="no room for more images on this machine"):
        make(owner=BERT, number=5)
    assert len(left()) == 3


def test_a_reader_keeps_a_bounded_number_of_bytes(monkeypatch):
    make(number=1)
    monkeypatch.setenv(limits.VARIABLE, "datasets_mb_each=0")
    with pytest.raises(StoreError, match="You have 1 dataset of your own"):
        make(number=2)


def test_a_full_disk_is_told_in_words(monkeypatch):
    monkeypatch.setenv(limits.VARIABLE, f"free_mb={10**12}")
    with pytest.raises(StoreError, match="MB left"):
        retention.check_room(ANNA)


def test_a_folder_that_cannot_be_written_is_told_in_words(home, monkeypatch):
    (home / "file").write_text("")
    monkeypatch.setenv("THAW_HOME", str(home / "file"))
    with pytest.raises(StoreError, match="could not be stored"):
        inbox.receive(io.BytesIO(b"zip"), ANNA)
    with pytest.raises(StoreError, match="could not be stored"), retention.making():
        pass


# --- Half-made things -----------------------------------------------------------------------------


UPLOADING = """
import sys
from lib.core.uploads import inbox
class Slow:
    def read(self, size):
        print("coming", flush=True)
        return bytes(size) if next(self.first, False) else sys.stdin.buffer.read(1)
    first = iter([True])
inbox.receive(Slow(), "anna")
"""
MAKING = """
import sys
from lib.core.uploads import retention
with retention.making() as pictures:
    (pictures / "cat").mkdir()
    (pictures / "cat" / "1.jpg").write_bytes(b"half")
    print("half", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows keeps a scratch directory until it is old"
)
@pytest.mark.parametrize(("code", "what"), [(UPLOADING, ".upload-"), (MAKING, ".making-")])
def test_what_a_killed_process_left_half_made_is_gone_with_the_next_start(code, what, home):
    environment = os.environ | {"THAW_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        process.stdout.readline()
        (half,) = left()
        assert half.startswith(what)
        # While it is at work, nobody takes it away.
        retention.tidy()
        assert left() == {half}
        assert own_datasets.owned_by(ANNA) == ()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    retention.tidy()
    assert left() == set()


def test_a_kill_before_the_last_rename_leaves_no_dataset(monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(own_datasets.os, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        make()
    monkeypatch.undo()


def test_what_is_young_and_of_another_machine_is_left_alone_and_old_is_not():
    own_datasets.root().mkdir()
    elsewhere = own_datasets.root() / ".making-1-ffffffff-abc"
    gone = own_datasets.root() / ".gone-abc"
    for path in (elsewhere, gone):
        path.mkdir()
    retention.tidy()
    assert left() == {elsewhere.name}
    long_ago = time.time() - scratch_dirs.SECONDS_TO_MAKE - 1
    os.utime(elsewhere, (long_ago, long_ago))
    retention.tidy()
    assert left() == set()


def test_whose_a_deleted_dataset_was_is_forgotten_with_its_last_run():
    made = make()
    retention.delete(made.id, ANNA)
    record = own_datasets.root() / "owners" / f"{made.id}.json"
    retention.tidy()
    assert record.exists()
    os.utime(record, (0, 0))
    config = runs.make_config(
        dataset=made.id, data_fingerprint=made.fingerprint, max_train_images=16, head_epochs=1
    )
    RunWriter(RunStore().folder(runs.run_id(config)), config).finish({"status": "finished"})
    retention.tidy()
    assert record.exists()
    RunStore().delete(runs.run_id(config))
    retention.tidy()
    assert not record.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"owner": 1}', "[" * 100_000])
def test_damaged_files_are_as_if_they_were_not_there(content):
    made = make()
    about = own_datasets.folder(made.id).parent / own_datasets.ABOUT
    about.write_text(content)
    assert own_datasets.get(made.id) is None
    (own_datasets.root() / "owners" / f"{made.id}.json").write_text(content)
    assert own_datasets.get(made.id) is None
    assert not own_datasets.may_see(made.id, ANNA)
    retention.tidy()
