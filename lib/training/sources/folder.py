"""The reader's own images: a folder that holds one folder of images per class."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.core import datasets, splits
from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.uploads import own_datasets
from lib.training.images import decode
from lib.training.images.decode import ImageSource
from lib.training.sources import class_folders
from lib.training.sources.class_folders import Candidate, Found, Layout

# What the largest image takes as an uncompressed BMP, with room for its header.
MAX_FILE_BYTES = 4 * decode.MAX_PIXELS + 10_000


@dataclass(frozen=True)
class FolderDescription:
    """What a folder with one folder of images per class holds.

    Args:
        class_names: In the order of their folders.
        files: Usable images, relative to the folder, in a fixed order.
        labels: Class index of each file.
        fingerprint: SHA-256, hex, over the names and bytes of the files, and which of them are
            converted to sRGB.
        left_out: What cannot be used, each with the reason, in words.
        given: Split of each file, as in lib.core.splits; empty where Thaw splits.
        said: What its reader has to hear: what was left out, and how the folder was understood.
    """

    class_names: tuple[str, ...]
    files: tuple[str, ...]
    labels: tuple[int, ...]
    fingerprint: str
    left_out: tuple[str, ...] = ()
    given: tuple[int, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def num_images(self) -> int:
        """Usable images of all classes together."""
        return len(self.files)

    @property
    def max_train_images(self) -> int:
        """Images left for training once validation and test have theirs."""
        return splits.max_train_images(self.num_images, splits.counts_of(self.given))

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
        folder: Holds the folders of the classes, perhaps deeper; see class_folders.

    Raises:
        DataError: If there is no such folder, or not 2 to 50 classes with images in it, or a
            class has too few images to be in every split, or none that can be used.
    """
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}.", "Give a folder that holds one folder per class."
        )
    layout = Layout(*_walk(folder))
    chosen: list[Candidate] = []
    fingerprint = hashlib.sha256()
    for candidate in layout.candidates:
        try:
            data = _file_bytes(candidate.found.entry)
            converted = decode.check(data)
        except ValueError as error:
            layout.leave(candidate.found, str(error), candidate.class_name)
            continue
        digest = hashlib.sha256(data).digest()
        if layout.takes(candidate, digest):
            add(fingerprint, "/".join(candidate.within), digest)
            if converted:
                # Other pixels than Thaw once made of the same bytes: another run.
                fingerprint.update(b"converted to sRGB")
            chosen.append(candidate)
    there = {each.class_name for each in chosen}
    class_names = tuple(name for name in layout.class_names if name in there)
    labels = tuple(class_names.index(each.class_name) for each in chosen)
    given = tuple(each.part for each in chosen) if layout.with_parts else ()
    layout.check(str(folder), class_names, labels, given)
    return FolderDescription(
        class_names,
        tuple("/".join(each.found.path) for each in chosen),
        labels,
        fingerprint.hexdigest(),
        layout.left_out,
        given,
        tuple(filter(None, (layout.sentence(), *layout.said))),
    )


def add(fingerprint: "hashlib._Hash", name: str, digest: bytes) -> None:
    """Take a file into the fingerprint of its folder.

    Args:
        fingerprint: SHA-256, of the files before it.
        name: Relative to the folder.
        digest: SHA-256 of its bytes.
    """
    # A name that is no Unicode has lone surrogates.
    fingerprint.update(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
    fingerprint.update(digest)


def _walk(folder: Path) -> tuple[list[Found], list[tuple[str, ...]]]:
    """Every file and every folder in a folder, at any depth; what nobody wants is not opened."""
    files: list[Found] = []
    folders: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        above = waiting.pop()
        try:
            with os.scandir(folder.joinpath(*above)) as entries:
                for entry in entries:
                    path, problem = (*above, entry.name), ""
                    if entry.is_symlink():
                        problem = class_folders.LINK
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                        if not class_folders.is_unwanted(entry.name):
                            waiting.append(path)
                        continue
                    elif not entry.is_file(follow_symlinks=False):
                        problem = class_folders.NO_FILE
                    files.append(Found(path, problem, Path(entry.path)))
        except OSError as error:
            where = outside_text.shown(str(folder.joinpath(*above)))
            raise DataError(
                f"{where} cannot be read: {error.strerror or error}.",
                "Give permission to read it.",
            ) from error
    return files, folders


def _file_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: If it should not or cannot be read.
    """
    try:
        size = path.stat(follow_symlinks=False).st_size
        if not size:
            raise ValueError("empty")
        if size > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror or error})") from error


def source(fingerprint: str, folder: Path, class_names: tuple[str, ...] = ()) -> ImageSource:
    """The images of a folder.

    Args:
        fingerprint: What its description said when the run was asked for, or how that begins.
        folder: Holds the folders of the classes.
        class_names: Where the folders cannot be called what the classes are.

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

    return ImageSource(
        class_names or description.class_names,
        np.asarray(description.labels, np.int64),
        read,
        description.left_out,
        np.asarray(description.given, np.int64),
    )


def source_of(dataset: str, fingerprint: str = "", folder: Path | None = None) -> ImageSource:
    """The images of a folder, or those a reader uploaded.

    Args:
        dataset: What a run's configuration calls them.
        fingerprint: Of its description, or how that begins; where "", `dataset` says so.
        folder: Holds the folders of the classes; uploaded ones are found without.

    Raises:
        DataError: If they are not here, cannot be used or have changed since.
    """
    stored, own = own_datasets.folder(dataset), own_datasets.get(dataset)
    folder = folder or stored
    if folder is None:
        raise DataError(
            "These images are not on this machine.",
            "They were deleted, or never were here: give their folder, or upload them again.",
        )
    class_names = own.class_names if own and folder == stored else ()
    return source(fingerprint or dataset.removeprefix(datasets.OWN_PREFIX), folder, class_names)


def _changed(folder: Path) -> DataError:
    return DataError(
        f"The images in {folder} are not those this run was asked for.",
        "They have changed since: start the run again.",
    )
