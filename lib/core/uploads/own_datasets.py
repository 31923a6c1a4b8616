"""A reader's own images: where they are kept, whose they are, and for how long.

Under THAW_HOME/images:

    owners/images-<12 hex>.json    whose a dataset is, who may look, and the folder it is in
    <unguessable id>/about.json    what is in it
    <unguessable id>/pictures/     one folder of pictures a class
    .making-..., .upload-...       what is not whole yet; out of sight (own_uploads.py)

A reader is known by the hash of a key that only their browser has (lib/ui/uploads/reader.py).
What a dataset is called in a run comes from its pictures and from their names, which begin with a
random number: the same pictures of two readers are two datasets, and neither says anything of the
other.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from lib.core import datasets, splits
from lib.core.datasets import DatasetSpec
from lib.core.errors import StoreError
from lib.core.files import atomic_write, scratch_dirs
from lib.core.files.home import thaw_home
from lib.core.lab.store import RunStore

FINGERPRINT_LENGTH = 12
MIN_CLASSES, MAX_CLASSES = 2, 20
# What stays: ten classes of a hundred pictures take about 100 MB.
DAYS_KEPT = 7
MAX_DATASETS_EACH, MAX_DATASETS = 10, 200
MAX_BYTES_EACH, MAX_BYTES = 1_000_000_000, 10_000_000_000
# Below this much free disk nothing is taken in: runs have to be stored as well.
MIN_FREE_BYTES = 1_000_000_000
SECONDS_BETWEEN_TIDYING = 600
# A longer list helps nobody, and its number is said.
MAX_LEFT_OUT = 1_000

ABOUT, PICTURES, OWNERS = "about.json", "pictures", "owners"
_NAME = re.compile(rf"{datasets.OWN_PREFIX}[0-9a-f]{{{FINGERPRINT_LENGTH}}}")


@dataclass(frozen=True)
class OwnSpec(DatasetSpec):
    """A dataset of a reader's own, as pages know any other: its version is its fingerprint."""

    @property
    def fingerprint(self) -> str:
        """What a run's identity says of its data: SHA-256 over names and bytes, hex."""
        return self.version


@dataclass(frozen=True)
class OwnDataset:
    """A dataset of a reader's own, as it is stored.

    Args:
        id: What a run's configuration calls it: "images-" and how its fingerprint begins.
        title: As its reader called it; text from outside.
        owner: Hash of the key of the reader.
        fingerprint: SHA-256, hex, over the names and bytes of its pictures.
        content: The same without the random number in the names, to know it again.
        class_names: In label order; text from outside.
        counts: Pictures of each class.
        size_bytes: On disk.
        created: Seconds since 1970.
        used: When somebody last trained on it or looked at it, seconds since 1970.
        shared: True where whoever has the link of a run may see its pictures.
        left_out: Files that were not taken, each with the reason, in words; the first of them.
        num_left_out: How many there were.
    """

    id: str
    title: str
    owner: str
    fingerprint: str
    content: str
    class_names: tuple[str, ...]
    counts: tuple[int, ...]
    size_bytes: int
    created: float
    used: float = 0.0
    shared: bool = False
    left_out: tuple[str, ...] = ()
    num_left_out: int = 0

    @property
    def num_images(self) -> int:
        """Pictures of all classes together."""
        return sum(self.counts)

    @property
    def max_train_images(self) -> int:
        """Pictures left for training once validation and test have theirs."""
        return splits.max_train_images(self.num_images)

    @property
    def expires(self) -> float:
        """When it is deleted, seconds since 1970; each use puts that off."""
        return self.used + DAYS_KEPT * 86_400

    @property
    def spec(self) -> OwnSpec:
        """The same, as pages know any dataset."""
        return OwnSpec(
            id=self.id,
            title=self.title,
            version=self.fingerprint,
            num_images=self.num_images,
            class_names=self.class_names,
            licence="They stay on this machine",
            attribution="Your own images.",
            source="",
            about=f"{self.num_images:,} images of your own, {len(self.class_names)} classes.",
            offline=True,
        )


def root() -> Path:
    """Where own images are kept: `images` under THAW_HOME."""
    return thaw_home() / "images"


def hashed(key: str) -> str:
    """What is stored of a reader's key: enough to know the reader again, no use for posing as them.

    Example:

    >>> len(hashed("a key"))
    64
    """
    return hashlib.sha256(f"thaw reader {key}".encode()).hexdigest()


def cannot_store(error: OSError) -> StoreError:
    """What to say where nothing can be written to `root`."""
    return StoreError(
        f"The images could not be stored in {root()}: {error.strerror or error}.",
        "Make room or give write permission there, or set THAW_HOME to another folder.",
    )


# --- Looking ------------------------------------------------------------------------------


def get(dataset: str) -> OwnDataset | None:
    """A dataset that is there, whoever's it is; None where it is not, or not any more.

    Args:
        dataset: "images-..." of a configuration, perhaps from a link.
    """
    record = _record(dataset)
    return _read(dataset, record) if record else None


def owned_by(owner: str) -> tuple[OwnDataset, ...]:
    """The datasets of a reader, newest first.

    Args:
        owner: From `hashed`; "" owns nothing.
    """
    _tidy_now_and_then()
    if not owner:
        return ()
    found = [each for each in _all() if each.owner == owner]
    return tuple(sorted(found, key=lambda each: -each.created))


def folder(dataset: str) -> Path | None:
    """Where the pictures of a dataset are, a folder a class; None where they are not here.

    Asking counts as using it, and puts off its end.
    """
    found = _record(dataset)
    if found is None or _read(dataset, found) is None:
        return None
    home = root() / found["folder"]
    with suppress(OSError):
        os.utime(home / ABOUT)
    return home / PICTURES


def owns(dataset: str, owner: str) -> bool:
    """True where a dataset, there or deleted, is this reader's; so are the runs made from it."""
    record = _record(dataset)
    return bool(record and owner and record["owner"] == owner)


def may_see(dataset: str, owner: str) -> bool:
    """True where a reader may see the pictures of a dataset, and models and answers made from them.

    Anybody may where they are no reader's own, their owner does, and others where the owner shares
    them.
    """
    if not datasets.is_own(dataset):
        return True
    record = _record(dataset)
    return bool(record and (record["shared"] or (owner and record["owner"] == owner)))


def _all() -> Iterator[OwnDataset]:
    for path in (root() / OWNERS).glob(f"{datasets.OWN_PREFIX}*.json"):
        record = _record(path.stem)
        found = _read(path.stem, record) if record else None
        if found:
            yield found


def _record(dataset: str) -> dict[str, Any] | None:
    """Whose a dataset is; None where nobody has said so."""
    if not _NAME.fullmatch(dataset):
        return None
    try:
        record = json.loads((root() / OWNERS / f"{dataset}.json").read_text("utf-8"))
        if set(record) != {"owner", "folder", "shared"}:
            return None
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return dict(record)


def _read(dataset: str, record: Mapping[str, Any]) -> OwnDataset | None:
    """What about.json says; None where the dataset was deleted or has expired."""
    if not record["folder"]:
        return None
    path = root() / record["folder"] / ABOUT
    try:
        about = json.loads(path.read_text("utf-8"))
        known = {field.name for field in fields(OwnDataset)}
        values = {name: value for name, value in about.items() if name in known}
        for name in ("class_names", "counts", "left_out"):
            values[name] = tuple(values[name])
        values |= {"used": path.stat().st_mtime, "shared": record["shared"]}
        found = OwnDataset(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if found.id == dataset and time.time() < found.expires else None


# --- What its owner does to it ----------------------------------------------------------------


def share(dataset: str, owner: str, shared: bool) -> None:
    """Let whoever has the link of a run see its pictures, or nobody else any more.

    Raises:
        StoreError: If it is not this reader's, or cannot be written.
    """
    record = _owned_record(dataset, owner)
    _write_record(dataset, {**record, "shared": shared})


def delete(dataset: str, owner: str) -> None:
    """Remove the pictures of a dataset and whatever else shows them.

    Its runs keep their numbers and their models, and that they are this reader's.

    Raises:
        StoreError: If it is not this reader's, or cannot be removed.
    """
    record = _owned_record(dataset, owner)
    _write_record(dataset, {**record, "folder": "", "shared": False})
    if record["folder"]:
        scratch_dirs.remove(root() / record["folder"])
    forget_traces([dataset])


def forget_traces(datasets: Collection[str]) -> None:
    """Remove what shows the pictures elsewhere: test images of runs, maps of frozen layers.

    Args:
        datasets: Those whose pictures are gone.
    """
    RunStore().forget_images(datasets)
    for path in (thaw_home() / "features").glob("*/manifest.json"):
        with suppress(OSError, ValueError, TypeError, AttributeError):
            if json.loads(path.read_text("utf-8")).get("dataset") in datasets:
                shutil.rmtree(path.parent, ignore_errors=True)


def claim(dataset: str, owner: str) -> None:
    """Take the runs of a dataset that nobody here has said to be theirs: they came as a file.

    Raises:
        StoreError: If they are another reader's.
    """
    if not _NAME.fullmatch(dataset):
        raise StoreError("This run names its images as Thaw does not.", "Export it again.")
    record = _record(dataset)
    if record is None:
        _write_record(dataset, {"owner": owner, "folder": "", "shared": False})
    elif record["owner"] != owner:
        raise StoreError(
            "This run was made from images of another reader here.", "Ask them for its link."
        )


def _owned_record(dataset: str, owner: str) -> dict[str, Any]:
    record = _record(dataset)
    if record is None or not owner or record["owner"] != owner:
        # The same words for what is another's and what is not there.
        raise StoreError("These images are not among yours.", "Choose one of your own datasets.")
    return record


def _write_record(dataset: str, record: Mapping[str, Any]) -> None:
    path = root() / OWNERS / f"{dataset}.json"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_write.write_json(path, record)
    except OSError as error:
        raise cannot_store(error) from error


# --- Making: what a worker does --------------------------------------------------------------


@contextmanager
def making() -> Iterator[Path]:
    """A hidden folder for the pictures of a dataset; gone again where it was not published.

    Raises:
        StoreError: If it cannot be written.
    """
    place = None
    try:
        place = scratch_dirs.make(root(), "making")
        (place / PICTURES).mkdir()
        yield place / PICTURES
    except OSError as error:
        raise cannot_store(error) from error
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
    known = list(_all())
    own = [each for each in known if each.owner == owner]
    if len(own) >= MAX_DATASETS_EACH or _size(own) + size_bytes > MAX_BYTES_EACH:
        raise StoreError(
            f"You have {len(own)} dataset{'s' * (len(own) != 1)} of your own, "
            f"{_size(own) / 1e6:,.0f} MB; there is room for {MAX_DATASETS_EACH} and "
            f"{MAX_BYTES_EACH / 1e6:,.0f} MB.",
            "Delete one of them.",
        )
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    full = len(known) >= MAX_DATASETS or _size(known) + size_bytes > MAX_BYTES
    if full or shutil.disk_usage(root()).free < MIN_FREE_BYTES + size_bytes:
        raise StoreError(
            "There is no room for more images on this machine.",
            f"Images nobody uses are deleted after {DAYS_KEPT} days; try again, or make room.",
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
    for known in owned_by(dataset.owner):
        if known.content == dataset.content:
            return known
    check_room(dataset.owner, dataset.size_bytes)
    name = secrets.token_urlsafe(24)
    try:
        atomic_write.write_json(pictures.parent / ABOUT, asdict(dataset))
        # Whose it is first: no picture is ever there that nobody owns.
        _write_record(dataset.id, {"owner": dataset.owner, "folder": name, "shared": False})
        os.rename(pictures.parent, root() / name)
    except OSError as error:
        raise cannot_store(error) from error
    found = get(dataset.id)
    if found is None:
        raise StoreError("The images cannot be read back.", "Upload them again.")
    return found


def _size(known: Sequence[OwnDataset]) -> int:
    return sum(each.size_bytes for each in known)


# --- Tidying ------------------------------------------------------------------------------


def tidy() -> None:
    """Remove what has expired, and what a process left that ended in the middle of something."""
    kept = {OWNERS}
    forgotten = []
    for path in (root() / OWNERS).glob(f"{datasets.OWN_PREFIX}*.json"):
        record = _record(path.stem)
        if record is None or not record["folder"] or not (root() / record["folder"]).is_dir():
            forgotten.append(path)
        elif _read(path.stem, record) is None:
            with suppress(StoreError):
                delete(path.stem, record["owner"])
        else:
            kept.add(record["folder"])
    if forgotten:  # What a run wrote that went on meanwhile, and was killed.
        forget_traces([path.stem for path in forgotten])
    _forget_owners(forgotten)
    with suppress(OSError):
        for path in root().iterdir():
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


def _tidy_now_and_then() -> None:
    global _last_tidied
    if time.monotonic() - _last_tidied > SECONDS_BETWEEN_TIDYING or not _last_tidied:
        _last_tidied = time.monotonic()
        tidy()
