"""A reader's own images: where they are kept, and whose they are.

Under THAW_HOME/images:

    owners/images-<12 hex>.json    whose a dataset is, who may look, and the folder it is in
    <unguessable id>/about.json    what is in it
    <unguessable id>/pictures/     one folder of pictures a class
    .making-..., .upload-...       scratch directories: never listed, always cleaned up

A reader is known by the hash of a key that only their browser has (lib/ui/uploads/reader.py).
What a dataset is called in a run comes from its pictures and from their names, which begin with a
random number: the same pictures of two readers are two datasets, and neither says anything of the
other.
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
        said: What its reader has to hear of how it was understood, in sentences.
        num_given: Pictures that their folders put into training, validation and test; empty where
            Thaw splits.
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
        """Pictures of all classes together."""
        return sum(self.counts)

    @property
    def max_train_images(self) -> int:
        """Pictures left for training once validation and test have theirs."""
        return splits.max_train_images(self.num_images, self.num_given)

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
            num_given=self.num_given,
        )


def root() -> Path:
    """Where own images are kept: `images` under THAW_HOME."""
    return thaw_home() / "images"


def hashed(key: str) -> str:
    """One-way hash of a reader's key: enough to know the reader again, no use for posing as them.

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
    record = record_of(dataset)
    return read(dataset, record) if record else None


def owned_by(owner: str) -> tuple[OwnDataset, ...]:
    """The datasets of a reader, newest first.

    Args:
        owner: From `hashed`; "" owns nothing.
    """
    if not owner:
        return ()
    found = [each for each in all_datasets() if each.owner == owner]
    return tuple(sorted(found, key=lambda each: -each.created))


def folder(dataset: str) -> Path | None:
    """Where the pictures of a dataset are, a folder a class; None where they are not here.

    Asking counts as using it, and puts off its end.
    """
    found = record_of(dataset)
    if found is None or read(dataset, found) is None:
        return None
    home = root() / found["folder"]
    with suppress(OSError):
        os.utime(home / ABOUT)
    return home / PICTURES


def owns(dataset: str, owner: str) -> bool:
    """True where a dataset, there or deleted, is this reader's; so are the runs made from it."""
    record = record_of(dataset)
    return bool(record and owner and record["owner"] == owner)


def may_see(dataset: str, owner: str) -> bool:
    """True where a reader may see the pictures of a dataset, and models and answers made from them.

    Anybody may where they are no reader's own, their owner does, and others where the owner shares
    them.
    """
    if not datasets.is_own(dataset):
        return True
    record = record_of(dataset)
    return bool(record and (record["shared"] or (owner and record["owner"] == owner)))


def all_datasets() -> Iterator[OwnDataset]:
    """The datasets of all readers."""
    for path in (root() / OWNERS).glob(f"{datasets.OWN_PREFIX}*.json"):
        record = record_of(path.stem)
        found = read(path.stem, record) if record else None
        if found:
            yield found


def record_of(dataset: str) -> dict[str, Any] | None:
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


def read(dataset: str, record: Mapping[str, Any]) -> OwnDataset | None:
    """What about.json says; None where the dataset was deleted or has expired."""
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


# --- What its owner does to it ----------------------------------------------------------------


def share(dataset: str, owner: str, shared: bool) -> None:
    """Let whoever has the link of a run see its pictures, or nobody else any more.

    Raises:
        StoreError: If it is not this reader's, or cannot be written.
    """
    record = owned_record(dataset, owner)
    write_record(dataset, {**record, "shared": shared})


def claim(dataset: str, owner: str) -> None:
    """Take the runs of a dataset that nobody here has said to be theirs: they came as a file.

    Raises:
        StoreError: If they are another reader's.
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
    """Whose a dataset is, for its owner.

    Raises:
        StoreError: If it is not this reader's.
    """
    record = record_of(dataset)
    if record is None or not owner or record["owner"] != owner:
        # The same words for what is another's and what is not there.
        raise StoreError("These images are not among yours.", "Choose one of your own datasets.")
    return record


def write_record(dataset: str, record: Mapping[str, Any]) -> None:
    """Say whose a dataset is.

    Raises:
        StoreError: If it cannot be written.
    """
    path = root() / OWNERS / f"{dataset}.json"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_write.write_json(path, record)
    except OSError as error:
        raise cannot_store(error) from error
