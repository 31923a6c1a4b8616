"""Uploads of a reader's own images: a page receives them, and a worker makes a dataset.

An upload is a folder `.upload-...` beside the datasets of own_datasets.py. It is deleted when the
dataset is made, or when the reader has seen the reason why there is none.
"""

import json
import re
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from lib.core.errors import DataError, ThawError
from lib.core.files import atomic_write, outside_text, scratch_dirs
from lib.core.uploads import archive_names, own_datasets

# Size limit of an upload; lib/training/sources/zip_reader.py checks it while it reads.
MAX_ARCHIVE_BYTES = 200_000_000
CHUNK_BYTES = 1 << 20

# A worker that has written nothing for this long is dead: lib.jobs.connection gives a question up
# after 180 s.
SECONDS_WITHOUT_WORD = 200

ARCHIVE, OWNER = "archive.zip", "owner.json"
PROGRESS, PROBLEM, QUESTION = "progress.json", "problem.json", "question.json"
_UPLOAD = re.compile(r"\.upload-\d+-[0-9a-f]{8}-[\w-]{22,}")


@dataclass(frozen=True)
class Question:
    """What only the reader can say about an upload.

    Args:
        title: Title of the dataset.
        encodings: Encodings in which the names in the archive can be read, the most likely first:
            id, title, and names of the classes. Empty if the archive states its encoding.
        parts: Folder -> split, for folders that look like splits; empty if there are none.
    """

    title: str
    encodings: Sequence[tuple[str, str, Sequence[str]]] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


# --- Called by a page ---------------------------------------------------------------------


def receive(file: BinaryIO, owner: str = "") -> str:
    """Store an uploaded archive for a worker.

    Args:
        file: The uploaded file, unchecked.
        owner: Hash of the reader's key.

    Returns:
        Name of the upload, for `archive_of`.

    Raises:
        DataError: If the archive is larger than MAX_ARCHIVE_BYTES.
        StoreError: If there is no room for it.
    """
    with _upload(owner) as place:
        with (place / ARCHIVE).open("xb") as target:
            while chunk := file.read(CHUNK_BYTES):
                if target.tell() + len(chunk) > MAX_ARCHIVE_BYTES:
                    raise too_large()
                target.write(chunk)
        return place.name


def pack(pictures: Mapping[str, Sequence[tuple[str, bytes]]], owner: str = "") -> str:
    """Store single files for a worker, as an archive, so that all uploads are read in one way.

    Args:
        pictures: Name of a class -> its files, each as name and content.
        owner: Hash of the reader's key.

    Returns:
        Name of the upload, for `archive_of`.

    Raises:
        DataError: If a class has no name, or one that no class can have, or if all files together
            are too large.
        StoreError: If there is no room for them.
    """
    if sum(len(data) for files in pictures.values() for _, data in files) > MAX_ARCHIVE_BYTES:
        raise too_large()
    with _upload(owner) as place:
        names, number = outside_text.names_of(pictures), 0
        with zipfile.ZipFile(place / ARCHIVE, "x") as archive:
            for class_name, files in pictures.items():
                if not outside_text.name_of(class_name):
                    raise DataError("A class has no name.", "Say what is in its pictures.")
                if not archive_names.can_name_a_class(names[class_name]):
                    raise DataError(
                        f"A class cannot be called {names[class_name]!r}.",
                        "Computers use that name for something else. Give the class another one.",
                    )
                for name, data in files:
                    file = f"{number:05d} {outside_text.name_of(name)}"
                    archive.writestr(f"{names[class_name]}/{file}", data)
                    number += 1
        return place.name


def too_large() -> DataError:
    """Make the error for an archive that is larger than MAX_ARCHIVE_BYTES."""
    return DataError(
        f"These images take more than {MAX_ARCHIVE_BYTES // 1_000_000} MB.",
        "Leave some out, or make them smaller: Thaw trains on at most 512 pixels.",
    )


@contextmanager
def _upload(owner: str) -> Iterator[Path]:
    """Make a scratch directory for an upload, and remove it again if that fails."""
    try:
        place = scratch_dirs.make(own_datasets.root(), "upload")
    except OSError as error:
        raise own_datasets.cannot_store(error) from error
    try:
        atomic_write.write_json(place / OWNER, owner)
        yield place
    except OSError as error:
        scratch_dirs.remove(place)
        raise own_datasets.cannot_store(error) from error
    except BaseException:
        scratch_dirs.remove(place)
        raise


def uploads_of(owner: str) -> tuple[str, ...]:
    """Return a reader's uploads that are not finished, such as those from before a reload."""
    found = []
    for path in own_datasets.root().glob(".upload-*"):
        with suppress(OSError, ValueError):
            heard_of = time.time() - path.stat().st_mtime < SECONDS_WITHOUT_WORD
            its_owner = json.loads((path / OWNER).read_text("utf-8"))
            waits = problem(path.name) or question(path.name)
            if owner and its_owner == owner and (heard_of or waits):
                found.append(path.name)
    return tuple(found)


def num_done(upload: str) -> tuple[int, int]:
    """Return how many files of an upload a worker has read, and of how many; first 0 of 0."""
    try:
        done, total = json.loads((_place(upload) / PROGRESS).read_text("utf-8"))
    except (OSError, ValueError, TypeError, DataError):
        return 0, 0
    return int(done), int(total)


def problem(upload: str) -> ThawError | None:
    """Return the stored reason why an upload gave no dataset; None if there is none."""
    try:
        message, next_step = json.loads((_place(upload) / PROBLEM).read_text("utf-8"))
    except (OSError, ValueError, TypeError, DataError):
        return None
    return DataError(str(message), str(next_step))


def question(upload: str) -> Question | None:
    """Return what a worker must know before it can make the dataset; None if nothing."""
    try:
        return Question(**json.loads((_place(upload) / QUESTION).read_text("utf-8")))
    except (OSError, ValueError, TypeError, DataError):
        return None


def answer(upload: str) -> None:
    """Remove the question of an upload, which the reader has answered."""
    with suppress(DataError):
        (_place(upload) / QUESTION).unlink(missing_ok=True)


def discard(upload: str) -> None:
    """Delete an upload; a worker that reads it stops."""
    with suppress(DataError):
        scratch_dirs.remove(_place(upload))


# --- Called by a worker -------------------------------------------------------------------


def archive_of(upload: str) -> Path:
    """Return the path of the archive of an upload.

    Raises:
        DataError: If it was deleted, or is on another machine.
    """
    path = _place(upload) / ARCHIVE
    if not path.is_file():
        raise DataError(
            "The upload is not where the worker looks for it.",
            "Upload it again; with workers on other machines THAW_HOME has to be a folder they "
            "share (docs/scaling.md).",
        )
    return path


def say_done(upload: str, done: int, total: int) -> bool:
    """Store the progress for the page; return False if the upload was deleted."""
    place = _place(upload)
    if not (place / ARCHIVE).is_file():
        return False
    with suppress(OSError):
        atomic_write.write_json(place / PROGRESS, [done, total], durable=False)
    return True


def ask(upload: str, question: Question) -> None:
    """Store what the reader must answer before the dataset can be made."""
    atomic_write.write_json(_place(upload) / QUESTION, asdict(question))


def refuse(upload: str, error: ThawError) -> None:
    """Delete the archive of an upload, and store why it gave no dataset."""
    with suppress(OSError, DataError):
        place = _place(upload)
        atomic_write.write_json(place / PROBLEM, [error.message, error.next_step])
        (place / ARCHIVE).unlink(missing_ok=True)


def _place(upload: str) -> Path:
    if not _UPLOAD.fullmatch(upload):
        raise DataError("There is no such upload.", "Upload the images again.")
    return own_datasets.root() / upload
