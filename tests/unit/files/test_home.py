"""What Thaw stores is for its owner alone, also what earlier versions have stored."""

import os
import stat

import pytest

from lib.core import runs
from lib.core.files import home
from lib.core.lab.folder import RunWriter
from lib.core.lab.store import RunStore

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")


@pytest.fixture
def thaw(tmp_path, monkeypatch):
    """A THAW_HOME that is not there yet; the umask of most systems, and afterwards that of now."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "thaw"))
    before = os.umask(0o022)
    yield tmp_path / "thaw"
    os.umask(before)


def readable_for_others(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    }


def test_a_home_of_before_is_closed_with_all_that_is_in_it(thaw):
    folder = thaw / "runs" / ("0" * 16)
    for path in (folder / "model", thaw / "images" / "owners", thaw / "datasets" / "beans"):
        path.mkdir(parents=True)
    for path in (folder / "test_images.webp", folder / "model" / "weights.npz"):
        path.write_bytes(b"picture")
    assert readable_for_others(thaw)
    home.keep_private()
    assert readable_for_others(thaw) == set()
    assert (folder / "test_images.webp").read_bytes() == b"picture"


def test_what_is_stored_from_then_on_is_closed_too(thaw):
    home.keep_private()
    config = runs.make_config(num_images=40, head_epochs=1)
    RunWriter(RunStore().folder(runs.run_id(config)), config).finish({"status": "finished"})
    RunStore().rename(runs.run_id(config), name="mine")
    assert readable_for_others(thaw) == set()


def test_what_is_not_thaws_is_left_as_it_is(thaw, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("of somebody")
    (thaw / "runs").mkdir(parents=True)
    (thaw / "thesis").mkdir()
    (thaw / "thesis" / "chapter").write_text("1")
    (thaw / "runs" / "link").symlink_to(outside)
    (thaw / "runs" / "file").symlink_to(outside / "file")
    home.keep_private()
    assert readable_for_others(thaw) == {".", "thesis", "thesis/chapter"}
    assert readable_for_others(outside) == {".", "file"}


def test_a_home_that_cannot_be_made_stops_nobody(tmp_path, monkeypatch):
    before = os.umask(0o022)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "file"))
    home.keep_private()
    os.umask(before)
    assert (tmp_path / "file").read_text() == ""
