"""The reader's own images: a folder that holds one folder of images per class."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.core import datasets, splits
from lib.core.errors import DataError
from lib.core.uploads import own_datasets
from lib.core.uploads.own_datasets import MAX_CLASSES, MIN_CLASSES
from lib.training.sources import decode
from lib.training.sources.decode import ImageSource

# What the largest image takes as an uncompressed BMP, with room for its header.
MAX_FILE_BYTES = 4 * decode.MAX_PIXELS + 10_000
# What file managers and archivers leave behind, beside everything that begins with a dot.
JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class FolderDescription:
    """What a folder with one folder of images per class holds.

    Args:
        class_names: Names of the folders, sorted.
        files: Usable images, relative to the folder, in a fixed order.
        labels: Class index of each file.
        fingerprint: SHA-256, hex, over the names and bytes of the files.
        left_out: Files that cannot be used, each with the reason, in words.
    """

    class_names: tuple[str, ...]
    files: tuple[str, ...]
    labels: tuple[int, ...]
    fingerprint: str
    left_out: tuple[str, ...] = ()

    @property
    def num_images(self) -> int:
        """Usable images of all classes together."""
        return len(self.files)

    @property
    def max_train_images(self) -> int:
        """Images left for training once validation and test have theirs."""
        return splits.max_train_images(self.num_images)

    @property
    def dataset(self) -> str:
        """What a run's configuration calls these images."""
        return datasets.OWN_PREFIX + self.fingerprint[: own_datasets.FINGERPRINT_LENGTH]


def describe_folder(folder: Path) -> FolderDescription:
    """Look at a folder that holds one folder of images per class.

    Every file is read once. A file that cannot be used, or is a copy of another, is left out
    and named; links are never followed. Two folders with the same names and bytes in them have
    the same description on every machine.

    Args:
        folder: Holds the folders of the classes.

    Raises:
        DataError: If there is no such folder, or not 2 to 20 classes with images in it, or a
            class has too few images to be in every split.
    """
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}.", "Give a folder that holds one folder per class."
        )
    files: list[str] = []
    labels: list[int] = []
    class_names: list[str] = []
    left_out: list[str] = []
    first_with: dict[bytes, str] = {}
    fingerprint = hashlib.sha256()
    for class_entry in _entries(folder):
        if not class_entry.name.isprintable():
            left_out.append(f"{class_entry.name!a}: a name that cannot be shown")
            continue
        if not class_entry.is_dir(follow_symlinks=False):
            left_out.append(f"{class_entry.name}: not in the folder of a class")
            continue
        found = len(files)
        for entry in _entries(Path(class_entry.path)):
            name = f"{class_entry.name}/{entry.name}"
            try:
                if not name.isprintable():
                    name = ascii(name)
                    raise ValueError("a name that cannot be shown")
                data = _file_bytes(entry)
                decode.check(data)
                digest = hashlib.sha256(data).digest()
                if digest in first_with:
                    raise ValueError(f"the same image as {first_with[digest]}")
            except ValueError as error:
                left_out.append(f"{name}: {error}")
                continue
            first_with[digest] = name
            add(fingerprint, name, digest)
            files.append(name)
            labels.append(len(class_names))
        if len(files) > found:
            class_names.append(class_entry.name)
        else:
            left_out.append(f"{class_entry.name}: no usable image in it")
    check_classes(str(folder), class_names)
    # Fails here, in words, where a class is too small for the split of the run itself.
    splits.split(labels, splits.max_train_images(len(labels)), 0, class_names)
    return FolderDescription(
        tuple(class_names), tuple(files), tuple(labels), fingerprint.hexdigest(), tuple(left_out)
    )


def add(fingerprint: "hashlib._Hash", name: str, digest: bytes) -> None:
    """Take a file into the fingerprint of its folder.

    Args:
        fingerprint: SHA-256, of the files before it.
        name: Relative to the folder.
        digest: SHA-256 of its bytes.
    """
    fingerprint.update(hashlib.sha256(name.encode()).digest())
    fingerprint.update(digest)


def check_classes(where: str, class_names: Sequence[str]) -> None:
    """Refuse what is no 2 to 20 classes.

    Args:
        where: What holds them, to begin a sentence with.
        class_names: Of the classes that have images.

    Raises:
        DataError: If there are too few or too many.
    """
    if len(class_names) < MIN_CLASSES:
        found = f"only {class_names[0]!r}" if class_names else "none"
        raise DataError(
            f"{where} has to hold at least {MIN_CLASSES} folders with images, one per class; "
            f"it holds {found}.",
            "Put the images of each class in a folder of their own, directly inside it.",
        )
    if len(class_names) > MAX_CLASSES:
        raise DataError(
            f"{where} holds {len(class_names)} classes; Thaw trains on at most {MAX_CLASSES}.",
            "Leave out some of the folders.",
        )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, sorted by name, without hidden files and the junk of file managers."""
    try:
        with os.scandir(folder) as entries:
            kept = [e for e in entries if not e.name.startswith(".") and e.name.lower() not in JUNK]
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read: {error.strerror or error}.", "Give permission to read it."
        ) from error
    return sorted(kept, key=lambda entry: entry.name)


def _file_bytes(entry: os.DirEntry[str]) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: If it should not or cannot be read.
    """
    if entry.is_symlink():
        raise ValueError("a link, which is not followed")
    if not entry.is_file(follow_symlinks=False):
        raise ValueError("not a file")
    try:
        size = entry.stat(follow_symlinks=False).st_size
        if not size:
            raise ValueError("empty")
        if size > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES // 1_000_000} MB")
        return Path(entry.path).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror or error})") from error


def source(fingerprint: str, folder: Path) -> ImageSource:
    """The images of a folder.

    Args:
        fingerprint: What its description said when the run was asked for, or how that begins.
        folder: Holds the folders of the classes.

    Raises:
        DataError: If the folder cannot be used, or has changed since.
    """
    description = describe_folder(folder)
    if not description.fingerprint.startswith(fingerprint):
        raise _changed(folder)

    def read(wanted: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        for index in sorted(wanted):
            try:
                data = (folder / description.files[index]).read_bytes()
            except OSError as error:
                raise _changed(folder) from error
            yield index, data

    labels = np.asarray(description.labels, np.int64)
    return ImageSource(description.class_names, labels, read, description.left_out)


def source_of(dataset: str, fingerprint: str = "", folder: Path | None = None) -> ImageSource:
    """The images of a folder, or those a reader uploaded.

    Args:
        dataset: What a run's configuration calls them.
        fingerprint: Of its description, or how that begins; where "", `dataset` says so.
        folder: Holds the folders of the classes; uploaded ones are found without.

    Raises:
        DataError: If they are not here, cannot be used or have changed since.
    """
    folder = folder or own_datasets.folder(dataset)
    if folder is None:
        raise DataError(
            "These images are not on this machine.",
            "They were deleted, or never were here: give their folder, or upload them again.",
        )
    return source(fingerprint or dataset.removeprefix(datasets.OWN_PREFIX), folder)


def _changed(folder: Path) -> DataError:
    return DataError(
        f"The images in {folder} are not those this run was asked for.",
        "They have changed since: start the run again.",
    )
