"""A reader's own datasets: where they are stored, and to whom they belong.

Under THAW_HOME/images:

    owners/images-<12 hex>.json    owner of a dataset, whether it is shared, and its folder
    <unguessable id>/about.json    description of the dataset
    <unguessable id>/pictures/     one folder of pictures per class
    .making-..., .upload-...       scratch directories: never listed, always cleaned up

A reader is identified by the hash of a key that only their browser has (lib/ui/uploads/reader.py).
The id of a dataset is derived from its pictures and from their names, which begin with a random
number. So the same pictures of two readers are two datasets, and neither reveals the other.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lib.core import datasets, splits
from lib.core.datasets import DatasetSpec
from lib.core.errors import StoreError
from lib.core.files import atomic_write
from lib.core.files.home import thaw_home

FINGERPRINT_LENGTH = 12
MIN_CLASSES, MAX_CLASSES = 2, 50
DAYS_KEPT = 7
# A longer list would not help; the total number is shown.
MAX_LEFT_OUT = 1_000

ABOUT, PICTURES, OWNERS = "about.json", "pictures", "owners"
_NAME = re.compile(rf"{datasets.OWN_PREFIX}[0-9a-f]{{{FINGERPRINT_LENGTH}}}")


@dataclass(frozen=True)
class OwnSpec(DatasetSpec):
    """A reader's own dataset in the form of all datasets; its version is its fingerprint."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names and bytes of the pictures, hex; part of the identity of a run."""
        return self.version


@dataclass(frozen=True)
class OwnDataset:
    """A reader's own dataset, as it is stored.

    Args:
        id: Id in configurations: "images-" and the beginning of the fingerprint.
        title: Title that the reader gave; text from outside.
        owner: Hash of the reader's key.
        fingerprint: SHA-256, hex, over names and bytes of the pictures.
        content: The same without the random number in the names, to recognise the same pictures.
        class_names: Names of the classes in label order; text from outside.
        counts: Number of pictures of each class.
        size_bytes: Size on disk.
        created: Time of creation, in seconds since 1970.
        used: Time of the last use, in seconds since 1970.
        shared: True if everybody who has the link of a run may see the pictures.
        left_out: Files that were left out, each with the reason in words; only the first ones.
        num_left_out: Number of all files that were left out.
        said: Sentences for the reader about how the upload was interpreted.
        num_given: Number of pictures in the reader's own training, validation and test folders;
            empty if Thaw makes the split.
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
    said: tuple[str, ...] = ()
    num_given: tuple[int, ...] = ()

    @property
    def num_images(self) -> int:
        """Number of pictures in all classes together."""
        return sum(self.counts)

    @property
    def max_train_images(self) -> int:
        """Number of pictures that remain for training after validation and test."""
        return splits.max_train_images(self.num_images, self.num_given)

    @property
    def expires(self) -> float:
        """Time of deletion, in seconds since 1970; each use postpones it."""
        return self.used + DAYS_KEPT * 86_400

    @property
    def spec(self) -> OwnSpec:
        """The dataset in the form that all datasets have."""
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
            num_given=self.num_given,
        )


def root() -> Path:
    """Return the folder of readers' own images: `images` under THAW_HOME."""
    return thaw_home() / "images"


def hashed(key: str) -> str:
    """Return the one-way hash of a reader's key, which identifies the reader but is no key.

    Example:

    >>> len(hashed("a key"))
    64
    """
    return hashlib.sha256(f"thaw reader {key}".encode()).hexdigest()


def cannot_store(error: OSError) -> StoreError:
    """Make the error for a `root` that cannot be written."""
    return StoreError(
        f"The images could not be stored in {root()}: {error.strerror or error}.",
        "Make room or give write permission there, or set THAW_HOME to another folder.",
    )


# --- Reading ------------------------------------------------------------------------------


def get(dataset: str) -> OwnDataset | None:
    """Return a dataset of any reader; None if it does not exist or was deleted.

    Args:
        dataset: Id, "images-...", from a configuration or a link.
    """
    record = record_of(dataset)
    return read(dataset, record) if record else None


def owned_by(owner: str) -> tuple[OwnDataset, ...]:
    """Return the datasets of a reader, newest first.

    Args:
        owner: Hash of the reader's key, from `hashed`; "" owns nothing.
    """
    if not owner:
        return ()
    found = [each for each in all_datasets() if each.owner == owner]
    return tuple(sorted(found, key=lambda each: -each.created))


def folder(dataset: str) -> Path | None:
    """Return the folder of a dataset's pictures, with one folder per class; None if it is gone.

    Each call counts as a use of the dataset and postpones its deletion.
    """
    found = record_of(dataset)
    if found is None or read(dataset, found) is None:
        return None
    home = root() / found["folder"]
    with suppress(OSError):
        os.utime(home / ABOUT)
    return home / PICTURES


def owns(dataset: str, owner: str) -> bool:
    """Return True if a dataset, existing or deleted, and the runs on it belong to this reader."""
    record = record_of(dataset)
    return bool(record and owner and record["owner"] == owner)


def may_see(dataset: str, owner: str) -> bool:
    """Return True if a reader may see the pictures of a dataset and what was made from them.

    Everybody may see the datasets of the registry. A reader's own dataset may be seen by its owner
    and, if it is shared, by others.
    """
    if not datasets.is_own(dataset):
        return True
    record = record_of(dataset)
    return bool(record and (record["shared"] or (owner and record["owner"] == owner)))


def all_datasets() -> Iterator[OwnDataset]:
    """Yield the datasets of all readers."""
    for path in (root() / OWNERS).glob(f"{datasets.OWN_PREFIX}*.json"):
        record = record_of(path.stem)
        found = read(path.stem, record) if record else None
        if found:
            yield found


def record_of(dataset: str) -> dict[str, Any] | None:
    """Read the record of a dataset (owner, folder, shared); None if there is none."""
    if not _NAME.fullmatch(dataset):
        return None
    try:
        record = json.loads((root() / OWNERS / f"{dataset}.json").read_text("utf-8"))
        if set(record) != {"owner", "folder", "shared"}:
            return None
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return dict(record)


def read(dataset: str, record: Mapping[str, Any]) -> OwnDataset | None:
    """Read about.json; return None if the dataset was deleted or has expired."""
    if not record["folder"]:
        return None
    path = root() / record["folder"] / ABOUT
    try:
        about = json.loads(path.read_text("utf-8"))
        known = {field.name for field in fields(OwnDataset)}
        values = {name: value for name, value in about.items() if name in known}
        for name in ("class_names", "counts", "left_out", "said", "num_given"):
            values[name] = tuple(values.get(name, ()))
        values |= {"used": path.stat().st_mtime, "shared": record["shared"]}
        found = OwnDataset(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if found.id == dataset and time.time() < found.expires else None


# --- Changes by the owner ---------------------------------------------------------------------


def share(dataset: str, owner: str, shared: bool) -> None:
    """Let everybody who has the link of a run see the pictures, or only the owner again.

    Raises:
        StoreError: If the dataset belongs to another reader, or cannot be written.
    """
    record = owned_record(dataset, owner)
    write_record(dataset, {**record, "shared": shared})


def claim(dataset: str, owner: str) -> None:
    """Make a reader the owner of a dataset that has no owner here, because its run was imported.

    Raises:
        StoreError: If the dataset belongs to another reader.
    """
    if not _NAME.fullmatch(dataset):
        raise StoreError("This run names its images as Thaw does not.", "Export it again.")
    record = record_of(dataset)
    if record is None:
        write_record(dataset, {"owner": owner, "folder": "", "shared": False})
    elif record["owner"] != owner:
        raise StoreError(
            "This run was made from images of another reader here.", "Ask them for its link."
        )


def owned_record(dataset: str, owner: str) -> dict[str, Any]:
    """Return the record of a reader's own dataset.

    Raises:
        StoreError: If the dataset does not exist or belongs to another reader.
    """
    record = record_of(dataset)
    if record is None or not owner or record["owner"] != owner:
        # The same words in both cases, so that nobody learns which datasets exist.
        raise StoreError("These images are not among yours.", "Choose one of your own datasets.")
    return record


def write_record(dataset: str, record: Mapping[str, Any]) -> None:
    """Write the record of a dataset: owner, folder, shared.

    Raises:
        StoreError: If it cannot be written.
    """
    path = root() / OWNERS / f"{dataset}.json"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_write.write_json(path, record)
    except OSError as error:
        raise cannot_store(error) from error
