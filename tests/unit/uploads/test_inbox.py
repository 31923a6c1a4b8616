"""What a reader uploads is bounded, theirs alone, and found by the worker it is for."""

import io
import os
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.uploads import archive_names, inbox, own_datasets
from lib.training.sources import zip_reader

ANNA, BERT = own_datasets.hashed("key of Anna"), own_datasets.hashed("key of Bert")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    return tmp_path


def test_an_upload_is_bounded_while_it_comes(monkeypatch):
    monkeypatch.setattr(inbox, "MAX_ARCHIVE_BYTES", 3 * inbox.CHUNK_BYTES)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return bytes(size)

    endless = Endless()
    with pytest.raises(DataError, match="take more than"):
        inbox.receive(endless, ANNA)
    assert endless.given <= 4 * inbox.CHUNK_BYTES
    assert list(own_datasets.root().iterdir()) == []


def test_single_files_are_packed_by_class_with_names_that_are_only_text():
    upload = inbox.pack({"../Кошка": [("../../x.png", b"1"), ("y.png", b"2")], "b": []}, ANNA)
    with zipfile.ZipFile(inbox.archive_of(upload)) as archive:
        assert archive.namelist() == ["Кошка/00000 x.png", "Кошка/00001 y.png"]
    with pytest.raises(DataError, match="A class has no name"):
        inbox.pack({"/": [("x.png", b"1")]}, ANNA)


def test_an_upload_that_was_taken_back_is_gone_and_its_worker_is_told():
    upload = inbox.receive(io.BytesIO(b"zip"), ANNA)
    assert inbox.say_done(upload, 3, 10)
    assert inbox.num_done(upload) == (3, 10)
    assert inbox.uploads_of(ANNA) == (upload,)
    assert inbox.uploads_of(BERT) == inbox.uploads_of("") == ()
    inbox.discard(upload)
    assert inbox.num_done(upload) == (0, 0)
    assert not inbox.say_done(upload, 4, 10)
    with pytest.raises(DataError, match="not where the worker looks"):
        inbox.archive_of(upload)
    assert list(own_datasets.root().iterdir()) == []


def test_an_upload_whose_worker_died_is_not_waited_for_for_ever():
    upload = inbox.receive(io.BytesIO(b"zip"), ANNA)
    place = own_datasets.root() / upload
    long_ago = time.time() - inbox.SECONDS_WITHOUT_WORD
    os.utime(place, (long_ago, long_ago))
    assert inbox.uploads_of(ANNA) == ()
    inbox.say_done(upload, 3, 10)
    assert inbox.uploads_of(ANNA) == (upload,)
    inbox.refuse(upload, DataError("No archive.", "Another."))
    os.utime(place, (long_ago, long_ago))
    assert inbox.uploads_of(ANNA) == (upload,)


def test_why_there_is_no_dataset_waits_for_its_reader_and_the_archive_does_not():
    upload = inbox.receive(io.BytesIO(b"zip"), ANNA)
    assert inbox.problem(upload) is None
    inbox.refuse(upload, DataError("No archive.", "Another."))
    found = inbox.problem(upload)
    assert (found.message, found.next_step) == ("No archive.", "Another.")
    assert inbox.uploads_of(ANNA) == (upload,)
    with pytest.raises(DataError, match="not where the worker looks"):
        inbox.archive_of(upload)
    inbox.discard(upload)
    inbox.refuse(upload, found)
    assert inbox.problem(upload) is None
    assert inbox.problem("../../etc") is None
    assert list(own_datasets.root().iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "../../etc", ".upload-1-00000000-", "owners"])
def test_only_an_upload_can_be_named_as_one(name):
    own_datasets.root().mkdir()
    with pytest.raises(DataError, match="no such upload"):
        inbox.archive_of(name)
    inbox.discard(name)
    assert own_datasets.root().is_dir()


@pytest.mark.parametrize("name", ["__MACOSX", "Desktop.ini", "C:", "C:/"])
def test_a_name_that_an_archive_uses_for_something_else_is_refused_and_not_left_out(name):
    with pytest.raises(DataError, match="A class cannot be called") as told:
        inbox.pack({name: [("x.png", b"1")], "cat": [("x.png", b"2")]}, ANNA)
    assert "another one" in told.value.next_step
    assert inbox.uploads_of(ANNA) == ()


TYPED = st.lists(st.text(max_size=70), min_size=1, max_size=5, unique=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TYPED)
def test_the_classes_of_single_files_are_those_of_the_archive_they_are_packed_in(names):
    kept = {name: outside_text.name_of(name) for name in names}
    names = [name for name in names if kept[name] and archive_names.can_name_a_class(kept[name])]
    upload = inbox.pack({name: [("x.png", b"1"), ("x.png", b"2")] for name in names}, ANNA)
    archive = inbox.archive_of(upload)
    with zip_reader.opened(archive) as opened:
        found = opened.layout
        assert opened.encodings == ("utf-8",)
        assert set(found.class_names) == set(outside_text.names_of(names).values())
        assert len(found.candidates) == 2 * len(names)
        assert found.left_out == ()
        assert found.said == []
    inbox.discard(upload)
