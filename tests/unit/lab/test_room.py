"""How many runs a reader may start, keep and import, and all readers together."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from lib.core import limits
from lib.core.errors import StoreError
from lib.core.lab import owner, room
from lib.core.lab.folder import META_FILE, RunMeta
from lib.core.lab.owner import RunOwner

ANNA, BERT = "a" * 64, "b" * 64


def keep(
    root: Path, number: int, reader: str = "", *, imported: bool = False, mb: float = 0
) -> Path:
    """What is on disk of a run, as far as it counts."""
    folder = root / f"{number:016x}"
    (folder / "model").mkdir(parents=True)
    (folder / "result.json").write_text("{}", "utf-8")
    (folder / "model" / "model.npz").write_bytes(bytes(int(mb * limits.MB)))
    (folder / META_FILE).write_text(json.dumps(asdict(RunMeta(imported=imported))), "utf-8")
    if reader:
        owner.write_owner(folder, RunOwner(reader))
    return folder


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = "runs_waiting_each=2, runs_waiting=3, runs_each=3, runs=5, runs_mb_each=2, runs_mb=3"
    monkeypatch.setenv(limits.VARIABLE, f"{figures}, imports_each=1, imports=2")


@pytest.mark.usefixtures("few")
def test_a_reader_starts_a_bounded_number_of_runs_and_all_together_too() -> None:
    room.check_waiting(ANNA, [ANNA], 1)
    with pytest.raises(StoreError, match="You have 1 runs that have not ended") as caught:
        room.check_waiting(ANNA, [ANNA], 2)
    assert "cancel some" in caught.value.next_step
    room.check_waiting(BERT, [ANNA, ANNA], 1)
    with pytest.raises(StoreError, match="3 runs of all readers have not ended"):
        room.check_waiting(BERT, [ANNA, ANNA, BERT], 1)


@pytest.mark.usefixtures("few")
def test_a_reader_keeps_a_bounded_number_of_runs_and_all_together_too(tmp_path: Path) -> None:
    room.check_kept(tmp_path / "no store yet", ANNA)
    for number in range(3):
        room.check_kept(tmp_path, ANNA)
        keep(tmp_path, number, ANNA)
    with pytest.raises(StoreError, match="You have 3 runs here, and there is room for 3"):
        room.check_kept(tmp_path, ANNA)
    room.check_kept(tmp_path, BERT, 2)
    keep(tmp_path, 3, BERT)
    keep(tmp_path, 4)  # nobody's, of the command line
    for reader in (BERT, ""):
        with pytest.raises(StoreError, match="There are 5 runs here, and there is room for 5"):
            room.check_kept(tmp_path, reader)


@pytest.mark.usefixtures("few")
def test_their_size_on_disk_is_bounded(tmp_path: Path) -> None:
    keep(tmp_path, 1, ANNA, mb=1.5)
    room.check_kept(tmp_path, ANNA, size_bytes=limits.MB // 4)
    with pytest.raises(StoreError, match="your runs would take 3 MB, and there is room for 2 MB"):
        room.check_kept(tmp_path, ANNA, size_bytes=limits.MB)
    keep(tmp_path, 2, mb=1)
    with pytest.raises(StoreError, match="all runs would take 4 MB, and there is room for 3 MB"):
        room.check_kept(tmp_path, BERT, size_bytes=limits.MB)


@pytest.mark.usefixtures("few")
def test_imported_runs_are_bounded_on_their_own(tmp_path: Path) -> None:
    keep(tmp_path, 1, ANNA, imported=True)
    room.check_kept(tmp_path, ANNA)
    with pytest.raises(StoreError, match="You have imported 1 runs"):
        room.check_kept(tmp_path, ANNA, imported=True)
    keep(tmp_path, 2, imported=True)
    with pytest.raises(StoreError, match="2 runs were imported here"):
        room.check_kept(tmp_path, BERT, imported=True)


@pytest.mark.usefixtures("few")
def test_a_run_that_was_deleted_or_handed_over_counts_no_longer(tmp_path: Path) -> None:
    folders = [keep(tmp_path, number, ANNA) for number in range(3)]
    with pytest.raises(StoreError):
        room.check_kept(tmp_path, ANNA)
    folders[0].rename(tmp_path / ".deleted-1")
    room.check_kept(tmp_path, ANNA)
    keep(tmp_path, 5, ANNA)
    owner.write_owner(folders[1], RunOwner(BERT))
    room.check_kept(tmp_path, ANNA)
