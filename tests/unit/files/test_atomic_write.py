"""A file is there whole or not at all."""

import json

import pytest

from lib.core.files import atomic_write


def test_a_file_of_json_is_what_was_written_last(tmp_path):
    path = tmp_path / "about.json"
    for values in ({"b": [1, 2], "a": "猫"}, ["other"]):
        atomic_write.write_json(path, values)
        assert json.loads(path.read_text("utf-8")) == values
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("what", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_stays_where_writing_fails(what, error, tmp_path, monkeypatch):
    path = tmp_path / "about.json"
    atomic_write.write(path, b"before")

    def fails(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(atomic_write.os, what, fails)
        with pytest.raises(type(error)):
            atomic_write.write(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
