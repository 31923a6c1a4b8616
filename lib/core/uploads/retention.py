"""How long and how many of a reader's own images are kept: publishing, deleting, cleaning up."""

import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from lib.core import datasets, limits
from lib.core.errors import StoreError
from lib.core.files import atomic_write, lock, scratch_dirs
from lib.core.files.home import thaw_home
from lib.core.lab.store import RunStore
from lib.core.uploads import clock, own_datasets
from lib.core.uploads.own_datasets import OwnDataset

SECONDS_BETWEEN_TIDYING = 600
# What has expired is out of sight at once, and is removed after so many days of running.
DAYS_HIDDEN = 2
# In the folder of a dataset that is out of sight: how long Thaw had been running then.
HIDDEN = "hidden.json"
# Beside the owners: what was last seen of the clock, and the lock of the process that tidies.
CLOCK, TIDYING = "clock.json", ".tidying"


@contextmanager
def making() -> Iterator[Path]:
    """Make a scratch directory for the pictures of a dataset; it is removed if not published.

    Raises:
        StoreError: If it cannot be written.
    """
    place = None
    try:
        place = scratch_dirs.make(own_datasets.root(), "making")
        (place / own_datasets.PICTURES).mkdir()
        yield place / own_datasets.PICTURES
    except OSError as error:
        raise own_datasets.cannot_store(error) from error
    finally:
        if place:
            scratch_dirs.remove(place)


def check_room(owner: str, size_bytes: int = 0) -> None:
    """Check the limits for one reader and for all readers together.

    Args:
        owner: Hash of the key of the reader who wants another dataset.
        size_bytes: Size of that dataset on disk, if it is known.

    Raises:
        StoreError: If there is no room for another dataset.
    """
    figures, known = limits.current(), list(own_datasets.all_datasets())
    own = [each for each in known if each.owner == owner]
    mb_each = figures.datasets_mb_each
    if len(own) >= figures.datasets_each or _size(own) + size_bytes > mb_each * limits.MB:
        raise StoreError(
            f"You have {len(own)} dataset{'s' * (len(own) != 1)} of your own, "
            f"{_size(own) / limits.MB:,.0f} MB; there is room for {figures.datasets_each} and "
            f"{mb_each:,} MB.",
            "Delete one of them.",
        )
    all_bytes = figures.datasets_mb * limits.MB
    if len(known) >= figures.datasets or _size(known) + size_bytes > all_bytes:
        raise StoreError(
            "There is no room for more images on this machine.",
            f"Images nobody uses are deleted after {own_datasets.DAYS_KEPT} days; try again, or "
            "make room.",
        )
    own_datasets.root().mkdir(mode=0o700, parents=True, exist_ok=True)
    limits.check_disk(own_datasets.root(), size_bytes)


def publish(pictures: Path, dataset: OwnDataset) -> OwnDataset:
    """Publish the pictures in the folder of `making` as a dataset, in one step.

    Args:
        pictures: The folder from `making`.
        dataset: Description of its content.

    Returns:
        The new dataset, or the reader's existing one with the same content.

    Raises:
        StoreError: If there is no room, or it cannot be written.
    """
    tidy_now_and_then()
    for known in own_datasets.owned_by(dataset.owner):
        if known.content == dataset.content:
            return known
    check_room(dataset.owner, dataset.size_bytes)
    name = secrets.token_urlsafe(24)
    try:
        atomic_write.write_json(pictures.parent / own_datasets.ABOUT, asdict(dataset))
        # The owner is stored first, so that no pictures ever exist without an owner.
        record = {"owner": dataset.owner, "folder": name, "shared": False}
        own_datasets.write_record(dataset.id, record)
        os.rename(pictures.parent, own_datasets.root() / name)
    except OSError as error:
        raise own_datasets.cannot_store(error) from error
    found = own_datasets.get(dataset.id)
    if found is None:
        raise StoreError("The images cannot be read back.", "Upload them again.")
    return found


def _size(known: Sequence[OwnDataset]) -> int:
    return sum(each.size_bytes for each in known)


def delete(dataset: str, owner: str) -> None:
    """Delete the pictures of a dataset and everything else that shows them.

    Its runs keep their numbers, their models and their owner.

    Raises:
        StoreError: If the dataset belongs to another reader, or cannot be deleted.
    """
    record = own_datasets.owned_record(dataset, owner)
    own_datasets.write_record(dataset, {**record, "folder": "", "shared": False})
    if record["folder"]:
        scratch_dirs.remove(own_datasets.root() / record["folder"])
    forget_traces([dataset])


def forget_traces(deleted: Collection[str]) -> None:
    """Remove what shows the pictures elsewhere: test images of runs, cached features.

    Args:
        deleted: Ids of the datasets whose pictures were deleted.
    """
    RunStore().forget_images(deleted)
    for path in (thaw_home() / "features").glob("*/manifest.json"):
        with suppress(OSError, ValueError, TypeError, AttributeError):
            if json.loads(path.read_text("utf-8")).get("dataset") in deleted:
                shutil.rmtree(path.parent, ignore_errors=True)


def tidy() -> None:
    """Hide and remove datasets that have expired, and remove files that dead processes left behind.

    Only one process does this at a time; another one has nothing to do then.
    """
    root = own_datasets.root()
    with suppress(OSError):
        (root / own_datasets.OWNERS).mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock.if_free(root / own_datasets.OWNERS / TIDYING) as is_free:
            if is_free:
                _tidy(root, clock.look(root / own_datasets.OWNERS / CLOCK))


def _tidy(root: Path, running_s: float) -> None:
    kept, forgotten = {own_datasets.OWNERS}, []
    for path in (root / own_datasets.OWNERS).glob(f"{datasets.OWN_PREFIX}*.json"):
        record = own_datasets.record_of(path.stem)
        if record is None:  # Its pictures are nobody's; see below.
            continue
        if not record["folder"] or not (root / record["folder"]).is_dir():
            forgotten.append(path)
            continue
        kept.add(record["folder"])
        if own_datasets.read(path.stem, record):
            (root / record["folder"] / HIDDEN).unlink(missing_ok=True)
        elif _was_hidden_long(root / record["folder"], running_s):
            with suppress(StoreError):
                delete(path.stem, record["owner"])
    if forgotten:  # a run may have written features after its dataset was deleted
        forget_traces([path.stem for path in forgotten])
    _forget_owners(forgotten)
    for path in root.iterdir():
        if path.name in kept:
            continue
        if path.name.startswith("."):
            if scratch_dirs.is_left_behind(path):
                scratch_dirs.remove(path)
        # One that is just being renamed is young, and listed with the next look.
        elif scratch_dirs.is_old(path) and _was_hidden_long(path, running_s):
            _remove_stray(path)


def _remove_stray(folder: Path) -> None:
    """Remove pictures that are nobody's, and whatever else shows them."""
    try:
        dataset = str(json.loads((folder / own_datasets.ABOUT).read_text("utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        dataset = ""
    scratch_dirs.remove(folder)
    if dataset and own_datasets.get(dataset) is None:
        forget_traces([dataset])


def _was_hidden_long(folder: Path, running_s: float) -> bool:
    """Return True at the second look, DAYS_HIDDEN of running after the first.

    The clock of the wall has said that a dataset has expired, or its owner could not be read. Both
    can be wrong for a while; what is removed does not come back.

    Args:
        running_s: From `clock.look`.
    """
    mark = folder / HIDDEN
    try:
        since = float(json.loads(mark.read_text("utf-8")))
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        since = math.nan
    if since <= running_s:
        return running_s - since >= DAYS_HIDDEN * 86_400
    with suppress(OSError):  # The first look, or the file of the clock was lost.
        atomic_write.write_json(mark, running_s)
    return False


def _forget_owners(paths: Sequence[Path]) -> None:
    """Remove the owner of a deleted dataset when there are no more runs on it."""
    old = [path for path in paths if scratch_dirs.is_old(path)]
    if old:
        with_runs = {summary.config.dataset for summary in RunStore().summaries()}
        for path in old:
            if path.stem not in with_runs:
                path.unlink(missing_ok=True)


_last_tidied = 0.0


def tidy_now_and_then() -> None:
    """Call `tidy`, unless that was done a few minutes ago."""
    global _last_tidied
    if time.monotonic() - _last_tidied > SECONDS_BETWEEN_TIDYING or not _last_tidied:
        _last_tidied = time.monotonic()
        tidy()
