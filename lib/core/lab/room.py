"""How much room there is for more runs: for one reader, and for all readers together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lib.core import limits
from lib.core.errors import StoreError
from lib.core.files import disk
from lib.core.lab.folder import META_FILE, read_meta
from lib.core.lab.owner import OWNER_FILE, read_owner
from lib.core.lab.store import RunStore

# More than the runs of the largest store that the limits allow.
MAX_KEPT = 16_384
ASK_THE_HOST = "Ask whoever has started Thaw to delete some of them, or to raise the limits."


@dataclass(frozen=True)
class Kept:
    """A run that is kept.

    Args:
        reader: Hash of the key of its reader; "" for nobody.
        imported: True if it came as a file.
        size_bytes: On disk.
    """

    reader: str
    imported: bool
    size_bytes: int


def check_waiting(reader: str, waiting: Sequence[str], num_new: int) -> None:
    """Refuse to start more runs than may wait.

    Args:
        reader: Who wants to start them.
        waiting: The reader of each run that has not ended.
        num_new: How many are to be started.

    Raises:
        StoreError: If there is no room.
    """
    figures, own = limits.current(), sum(each == reader for each in waiting)
    if own + num_new > figures.runs_waiting_each:
        raise StoreError(
            f"You have {own} runs that have not ended, and there is room for "
            f"{figures.runs_waiting_each}.",
            "Wait until some have ended, or cancel some.",
        )
    if len(waiting) + num_new > figures.runs_waiting:
        raise StoreError(
            f"{len(waiting)} runs of all readers have not ended, and there is room for "
            f"{figures.runs_waiting}.",
            "Start yours when some of them have ended.",
        )


def check_kept(
    root: Path, reader: str, num_new: int = 1, *, size_bytes: int = 0, imported: bool = False
) -> None:
    """Refuse to keep more runs than there is room for.

    Args:
        root: Folder of the runs.
        reader: Hash of the key of the reader whose runs they would be; "" for nobody.
        num_new: How many there would be.
        size_bytes: Their size on disk, as far as that is known.
        imported: True if they come as files.

    Raises:
        StoreError: If there is no room.
    """
    figures, kept = limits.current(), _kept(root)
    own = [each for each in kept if reader and each.reader == reader]
    if len(own) + num_new > figures.runs_each:
        raise _own(f"You have {len(own):,} runs here, and there is room for {figures.runs_each:,}.")
    if _mb(own, size_bytes) > figures.runs_mb_each:
        raise _own(
            f"With this one, your runs would take {_mb(own, size_bytes):,.0f} MB, and there is "
            f"room for {figures.runs_mb_each:,} MB."
        )
    if len(kept) + num_new > figures.runs:
        raise StoreError(
            f"There are {len(kept):,} runs here, and there is room for {figures.runs:,}.",
            ASK_THE_HOST,
        )
    if _mb(kept, size_bytes) > figures.runs_mb:
        raise StoreError(
            f"With this one, all runs would take {_mb(kept, size_bytes):,.0f} MB, and there is "
            f"room for {figures.runs_mb:,} MB.",
            ASK_THE_HOST,
        )
    if imported:
        _check_imports(own, kept)


def _check_imports(own: Sequence[Kept], kept: Sequence[Kept]) -> None:
    figures = limits.current()
    of_reader, of_all = (sum(each.imported for each in runs) for runs in (own, kept))
    if of_reader >= figures.imports_each:
        raise _own(
            f"You have imported {of_reader:,} runs, and there is room for {figures.imports_each:,}."
        )
    if of_all >= figures.imports:
        raise StoreError(
            f"{of_all:,} runs were imported here, and there is room for {figures.imports:,}.",
            ASK_THE_HOST,
        )


def _own(message: str) -> StoreError:
    return StoreError(message, "Delete some of them.")


def _mb(kept: Sequence[Kept], size_bytes: int) -> float:
    return (sum(each.size_bytes for each in kept) + size_bytes) / limits.MB


def _kept(root: Path) -> list[Kept]:
    """What is known of every run of a store; only what has changed is read again."""
    return [_of(folder, _stamps(folder)) for folder in RunStore(root).folders()]


def _stamps(folder: Path) -> tuple[int, ...]:
    stamps = []
    for name in ("result.json", META_FILE, OWNER_FILE):
        try:
            stat = (folder / name).stat()
            stamps += [stat.st_mtime_ns, stat.st_ino]
        except OSError:
            stamps += [0, 0]
    return tuple(stamps)


@lru_cache(maxsize=MAX_KEPT)
def _of(folder: Path, stamps: tuple[int, ...]) -> Kept:
    """A run as its files were at these stamps."""
    owner = read_owner(folder)
    return Kept(
        reader=owner.reader if owner else "",
        imported=read_meta(folder).imported,
        size_bytes=disk.folder_bytes(folder),
    )
