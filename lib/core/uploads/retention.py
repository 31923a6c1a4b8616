"""How long a reader's own images are kept, and how many: taking in, deleting, tidying."""

import json
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from lib.core import datasets
from lib.core.errors import StoreError
from lib.core.files import atomic_write, scratch_dirs
from lib.core.files.home import thaw_home
from lib.core.lab.store import RunStore
from lib.core.uploads import own_datasets
from lib.core.uploads.own_datasets import OwnDataset

# Ten classes of a hundred pictures take about 100 MB.
MAX_DATASETS_EACH, MAX_DATASETS = 10, 200
MAX_BYTES_EACH, MAX_BYTES = 1_000_000_000, 10_000_000_000
# Below this much free disk nothing is taken in: runs have to be stored as well.
MIN_FREE_BYTES = 1_000_000_000
SECONDS_BETWEEN_TIDYING = 600


@contextmanager
def making() -> Iterator[Path]:
    """A hidden folder for the pictures of a dataset; gone again where it was not published.

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
    """Refuse what would go beyond what a reader, or all of them together, may keep.

    Args:
        owner: Whose it would be.
        size_bytes: What it would take on disk, as far as that is known.

    Raises:
        StoreError: If there is no room for another dataset.
    """
    known = list(own_datasets.all_datasets())
    own = [each for each in known if each.owner == owner]
    if len(own) >= MAX_DATASETS_EACH or _size(own) + size_bytes > MAX_BYTES_EACH:
        raise StoreError(
            f"You have {len(own)} dataset{'s' * (len(own) != 1)} of your own, "
            f"{_size(own) / 1e6:,.0f} MB; there is room for {MAX_DATASETS_EACH} and "
            f"{MAX_BYTES_EACH / 1e6:,.0f} MB.",
            "Delete one of them.",
        )
    own_datasets.root().mkdir(mode=0o700, parents=True, exist_ok=True)
    full = len(known) >= MAX_DATASETS or _size(known) + size_bytes > MAX_BYTES
    if full or shutil.disk_usage(own_datasets.root()).free < MIN_FREE_BYTES + size_bytes:
        raise StoreError(
            "There is no room for more images on this machine.",
            f"Images nobody uses are deleted after {own_datasets.DAYS_KEPT} days; try again, or "
            "make room.",
        )


def publish(pictures: Path, dataset: OwnDataset) -> OwnDataset:
    """Make a dataset of what is in the folder of `making`: from here on it is there, and whole.

    Args:
        pictures: That folder.
        dataset: What is in it.

    Returns:
        The dataset; the one the reader has already, where it has the same content.

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
        # Whose it is first: no picture is ever there that nobody owns.
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
    """Remove the pictures of a dataset and whatever else shows them.

    Its runs keep their numbers and their models, and that they are this reader's.

    Raises:
        StoreError: If it is not this reader's, or cannot be removed.
    """
    record = own_datasets.owned_record(dataset, owner)
    own_datasets.write_record(dataset, {**record, "folder": "", "shared": False})
    if record["folder"]:
        scratch_dirs.remove(own_datasets.root() / record["folder"])
    forget_traces([dataset])


def forget_traces(deleted: Collection[str]) -> None:
    """Remove what shows the pictures elsewhere: test images of runs, maps of frozen layers.

    Args:
        deleted: Names of the datasets whose pictures are gone.
    """
    RunStore().forget_images(deleted)
    for path in (thaw_home() / "features").glob("*/manifest.json"):
        with suppress(OSError, ValueError, TypeError, AttributeError):
            if json.loads(path.read_text("utf-8")).get("dataset") in deleted:
                shutil.rmtree(path.parent, ignore_errors=True)


def tidy() -> None:
    """Remove what has expired, and what a process left that ended in the middle of something."""
    root, kept = own_datasets.root(), {own_datasets.OWNERS}
    forgotten = []
    for path in (root / own_datasets.OWNERS).glob(f"{datasets.OWN_PREFIX}*.json"):
        record = own_datasets.record_of(path.stem)
        if record is None or not record["folder"] or not (root / record["folder"]).is_dir():
            forgotten.append(path)
        elif own_datasets.read(path.stem, record) is None:
            with suppress(StoreError):
                delete(path.stem, record["owner"])
        else:
            kept.add(record["folder"])
    if forgotten:  # What a run wrote that went on meanwhile, and was killed.
        forget_traces([path.stem for path in forgotten])
    _forget_owners(forgotten)
    with suppress(OSError):
        for path in root.iterdir():
            # One that is just being renamed is young, and listed with the next look.
            hidden = path.name.startswith(".")
            unwanted = scratch_dirs.is_left_behind if hidden else scratch_dirs.is_old
            if path.name not in kept and unwanted(path):
                scratch_dirs.remove(path)


def _forget_owners(paths: Sequence[Path]) -> None:
    """Forget whose a deleted dataset was, once no run on it is left."""
    old = [path for path in paths if scratch_dirs.is_old(path)]
    if old:
        with_runs = {summary.config.dataset for summary in RunStore().summaries()}
        for path in old:
            if path.stem not in with_runs:
                path.unlink(missing_ok=True)


_last_tidied = 0.0


def tidy_now_and_then() -> None:
    """Tidy, unless that was done a few minutes ago."""
    global _last_tidied
    if time.monotonic() - _last_tidied > SECONDS_BETWEEN_TIDYING or not _last_tidied:
        _last_tidied = time.monotonic()
        tidy()
