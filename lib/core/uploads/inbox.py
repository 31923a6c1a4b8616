"""A reader's own images on their way in: from a page, which takes them, to a worker.

A folder `.upload-...` beside the datasets of own_datasets.py. It is deleted when a worker is done
with it, or when its reader has seen why there is no dataset of it.
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
from lib.core.uploads import own_datasets

# What may come in; lib/training/sources/zip_reader.py holds to it while it reads.
MAX_ARCHIVE_BYTES = 200_000_000
CHUNK_BYTES = 1 << 20

# A worker that has said nothing for so long is dead: a question is given up after 180 s
# (lib.jobs.connection).
SECONDS_WITHOUT_WORD = 200

ARCHIVE, OWNER = "archive.zip", "owner.json"
PROGRESS, PROBLEM, QUESTION = "progress.json", "problem.json", "question.json"
_UPLOAD = re.compile(r"\.upload-\d+-[0-9a-f]{8}-[\w-]{22,}")


@dataclass(frozen=True)
class Question:
    """What only the reader knows of an upload.

    Args:
        title: As for the dataset.
        encodings: In which the names in the archive can be read, the likeliest first: each with
            its title and what the classes are called then; empty where the archive says it.
        parts: The folders that say which split an image is in, and which; empty where none do.
    """

    title: str
    encodings: Sequence[tuple[str, str, Sequence[str]]] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


# --- What a page does ---------------------------------------------------------------------


def receive(file: BinaryIO, owner: str = "") -> str:
    """Put an archive where a worker finds it.

    Args:
        file: As it was uploaded, unchecked.
        owner: Whose it is.

    Returns:
        Name of the upload, for `archive_of`.

    Raises:
        DataError: If it is larger than an archive may be.
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
    """Put single files where a worker finds them: as an archive, so that there is one way in.

    Args:
        pictures: Name of a class -> its files, each with its name.
        owner: Whose they are.

    Returns:
        As `receive`.

    Raises:
        DataError: If a class has no name, or all of them together are too large.
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
                for name, data in files:
                    file = f"{number:05d} {outside_text.name_of(name)}"
                    archive.writestr(f"{names[class_name]}/{file}", data)
                    number += 1
        return place.name


def too_large() -> DataError:
    """What to say of an archive that is larger than MAX_ARCHIVE_BYTES."""
    return DataError(
        f"These images take more than {MAX_ARCHIVE_BYTES // 1_000_000} MB.",
        "Leave some out, or make them smaller: Thaw trains on at most 512 pixels.",
    )


@contextmanager
def _upload(owner: str) -> Iterator[Path]:
    """A hidden folder for what comes in; gone again where that fails."""
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
    """What a reader has uploaded and no worker is done with, such as before a reload."""
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
    """How far a worker is with an upload: files looked at, and files in all; 0 of 0 before that."""
    try:
        done, total = json.loads((_place(upload) / PROGRESS).read_text("utf-8"))
    except (OSError, ValueError, TypeError, DataError):
        return 0, 0
    return int(done), int(total)


def problem(upload: str) -> ThawError | None:
    """Why a worker made no dataset of an upload, for a page that was not told; None without one."""
    try:
        message, next_step = json.loads((_place(upload) / PROBLEM).read_text("utf-8"))
    except (OSError, ValueError, TypeError, DataError):
        return None
    return DataError(str(message), str(next_step))


def question(upload: str) -> Question | None:
    """What a worker has to know before it makes a dataset of an upload; None where nothing."""
    try:
        return Question(**json.loads((_place(upload) / QUESTION).read_text("utf-8")))
    except (OSError, ValueError, TypeError, DataError):
        return None


def answer(upload: str) -> None:
    """The reader has said what was asked."""
    with suppress(DataError):
        (_place(upload) / QUESTION).unlink(missing_ok=True)


def discard(upload: str) -> None:
    """Forget an upload; a worker that is busy with it stops."""
    with suppress(DataError):
        scratch_dirs.remove(_place(upload))


# --- What a worker does -------------------------------------------------------------------


def archive_of(upload: str) -> Path:
    """The file of an upload.

    Raises:
        DataError: If it is not here: discarded, or on another machine.
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
    """Tell the page how far it is; False once the upload was discarded."""
    place = _place(upload)
    if not (place / ARCHIVE).is_file():
        return False
    with suppress(OSError):
        atomic_write.write_json(place / PROGRESS, [done, total], durable=False)
    return True


def ask(upload: str, question: Question) -> None:
    """Keep what the reader has to say before there is a dataset."""
    atomic_write.write_json(_place(upload) / QUESTION, asdict(question))


def refuse(upload: str, error: ThawError) -> None:
    """Keep of an upload only why there is no dataset of it, until its reader has seen that."""
    with suppress(OSError, DataError):
        place = _place(upload)
        atomic_write.write_json(place / PROBLEM, [error.message, error.next_step])
        (place / ARCHIVE).unlink(missing_ok=True)


def _place(upload: str) -> Path:
    if not _UPLOAD.fullmatch(upload):
        raise DataError("There is no such upload.", "Upload the images again.")
    return own_datasets.root() / upload
