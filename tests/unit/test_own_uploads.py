"""What a reader uploads is bounded, theirs alone, and found by the worker it is for."""

import io
import os
import time
import zipfile

import pytest

from lib.core import own_images, own_uploads
from lib.core.errors import DataError

ANNA, BERT = own_images.hashed("key of Anna"), own_images.hashed("key of Bert")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    return tmp_path


def test_an_upload_is_bounded_while_it_comes(monkeypatch):
    monkeypatch.setattr(own_uploads, "MAX_ARCHIVE_BYTES", 3 * own_uploads.CHUNK_BYTES)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return bytes(size)

    endless = Endless()
    with pytest.raises(DataError, match="take more than"):
        own_uploads.receive(endless, ANNA)
    assert endless.given <= 4 * own_uploads.CHUNK_BYTES
    assert list(own_images.root().iterdir()) == []


def test_single_files_are_packed_by_class_with_names_that_are_only_text():
    upload = own_uploads.pack({"../Кошка": [("../../x.png", b"1"), ("y.png", b"2")], "b": []}, ANNA)
    with zipfile.ZipFile(own_uploads.archive_of(upload)) as archive:
        assert archive.namelist() == ["Кошка/00000 x.png", "Кошка/00001 y.png"]
    with pytest.raises(DataError, match="A class has no name"):
        own_uploads.pack({"/": [("x.png", b"1")]}, ANNA)


def test_an_upload_that_was_taken_back_is_gone_and_its_worker_is_told():
    upload = own_uploads.receive(io.BytesIO(b"zip"), ANNA)
    assert own_uploads.say_done(upload, 3, 10)
    assert own_uploads.num_done(upload) == (3, 10)
    assert own_uploads.uploads_of(ANNA) == (upload,)
    assert own_uploads.uploads_of(BERT) == own_uploads.uploads_of("") == ()
    own_uploads.discard(upload)
    assert own_uploads.num_done(upload) == (0, 0)
    assert not own_uploads.say_done(upload, 4, 10)
    with pytest.raises(DataError, match="not where the worker looks"):
        own_uploads.archive_of(upload)
    assert list(own_images.root().iterdir()) == []


def test_an_upload_whose_worker_died_is_not_waited_for_for_ever():
    upload = own_uploads.receive(io.BytesIO(b"zip"), ANNA)
    place = own_images.root() / upload
    long_ago = time.time() - own_uploads.SECONDS_WITHOUT_WORD
    os.utime(place, (long_ago, long_ago))
    assert own_uploads.uploads_of(ANNA) == ()
    own_uploads.say_done(upload, 3, 10)
    assert own_uploads.uploads_of(ANNA) == (upload,)
    own_uploads.refuse(upload, DataError("No archive.", "Another."))
    os.utime(place, (long_ago, long_ago))
    assert own_uploads.uploads_of(ANNA) == (upload,)


def test_why_there_is_no_dataset_waits_for_its_reader_and_the_archive_does_not():
    upload = own_uploads.receive(io.BytesIO(b"zip"), ANNA)
    assert own_uploads.problem(upload) is None
    own_uploads.refuse(upload, DataError("No archive.", "Another."))
    found = own_uploads.problem(upload)
    assert (found.message, found.next_step) == ("No archive.", "Another.")
    assert own_uploads.uploads_of(ANNA) == (upload,)
    with pytest.raises(DataError, match="not where the worker looks"):
        own_uploads.archive_of(upload)
    own_uploads.discard(upload)
    own_uploads.refuse(upload, found)
    assert own_uploads.problem(upload) is None
    assert own_uploads.problem("../../etc") is None
    assert list(own_images.root().iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "../../etc", ".upload-1-00000000-", "owners"])
def test_only_an_upload_can_be_named_as_one(name):
    own_images.root().mkdir()
    with pytest.raises(DataError, match="no such upload"):
        own_uploads.archive_of(name)
    own_uploads.discard(name)
    assert own_images.root().is_dir()
