"""Whose a run is: the hash of the key of the reader who started or imported it.

A file beside those of the run, which is neither exported nor imported. Runs of earlier versions of
Thaw have none, and nor have those of the command line.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lib.core.errors import StoreError
from lib.core.files import atomic_write
from lib.core.lab.folder import META_FILE, cannot_store

OWNER_FILE = "owner.json"


@dataclass(frozen=True)
class RunOwner:
    """Whose a run is.

    Args:
        reader: Hash of the reader's key (lib.core.uploads.own_datasets.hashed).
        shared: True if other readers see its name and note, and an imported run in their lists.
    """

    reader: str
    shared: bool = False


def read_owner(folder: Path) -> RunOwner | None:
    """Whose the run in a folder is; None where nobody has said so, or the file is damaged."""
    try:
        owner = RunOwner(**json.loads((folder / OWNER_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_one = isinstance(owner.reader, str) and owner.reader and isinstance(owner.shared, bool)
    return owner if is_one else None


def write_owner(folder: Path, owner: RunOwner) -> None:
    """Say whose a run is, before it begins or after.

    Raises:
        StoreError: If it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write.write_json(folder / OWNER_FILE, asdict(owner))
    except OSError as error:
        raise cannot_store(folder, error) from error


def give(folder: Path, reader: str) -> None:
    """Make a reader the owner of a run that begins now.

    What another reader said of an earlier run of the same configuration goes with that run.

    Raises:
        StoreError: If it cannot be written.
    """
    before = read_owner(folder)
    if before and before.reader == reader:
        return
    if before:
        with suppress(OSError):
            (folder / META_FILE).unlink()
    write_owner(folder, RunOwner(reader))


def share(folder: Path, shared: bool) -> None:
    """Show the name and the note of a run to other readers too, or no longer.

    Raises:
        StoreError: If nobody has said whose it is, or it cannot be written.
    """
    owner = read_owner(folder)
    if owner is None:
        raise StoreError("This run has no owner: everybody here sees it.", "Train it again.")
    write_owner(folder, RunOwner(owner.reader, shared))


def readers(folders: Iterable[Path]) -> frozenset[str]:
    """Hashes of the keys of all whose runs are in these folders."""
    return frozenset(owner.reader for owner in map(read_owner, folders) if owner)


def hand_over(folders: Iterable[Path], old: str, new: str) -> None:
    """Give all runs of one reader to another: two keys of one browser.

    Args:
        folders: Of runs.
        old: The reader whose they are.
        new: The reader whose they become.
    """
    for folder in folders:
        owner = read_owner(folder)
        if owner and owner.reader == old:
            with suppress(StoreError):
                write_owner(folder, RunOwner(new, owner.shared))
