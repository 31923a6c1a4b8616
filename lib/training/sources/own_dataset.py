"""From what a reader uploaded to a dataset of their own: what a worker does.

Every file is read, decoded and kept as a small JPEG; whatever cannot be is named, and the rest goes
on. All of it happens in a hidden folder, which is renamed at the very end.
"""

import hashlib
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from lib.core import datasets, splits
from lib.core.errors import DataError, ThawError
from lib.core.files import outside_text
from lib.core.uploads import inbox, own_datasets, retention
from lib.core.uploads.inbox import Question
from lib.core.uploads.own_datasets import OwnDataset
from lib.training.images import decode
from lib.training.sources import class_folders, zip_names, zip_reader
from lib.training.sources import folder as image_folder
from lib.training.sources.class_folders import Candidate
from lib.training.sources.zip_reader import Archive

# A question to a worker is given up after 180 s (lib.jobs.connection), some of which may pass
# before it begins.
LIMIT_S = 120.0
SECONDS_BETWEEN_WORDS = 0.3

# Folders that class_folders.PARTS knows again.
PART_FOLDERS = ("train", "validation", "test")
STOPPED = DataError("The upload was taken back.", "Upload the images again.")


def prepare(
    upload: str, reader: str, title: str, encoding: str = "", with_parts: bool | None = None
) -> str:
    """Make a dataset of an upload, all of it or nothing.

    Args:
        upload: From lib.core.uploads.inbox.receive or pack.
        reader: Hash of the reader's key.
        title: What the reader calls it.
        encoding: Of the names in the archive, as the reader chose.
        with_parts: Whether images are in the split that their folder says, as the reader chose.

    Returns:
        What the dataset is called; see lib.core.uploads.own_datasets.get. "" where the reader has
        to be asked first; see lib.core.uploads.inbox.question.

    Raises:
        DataError: If it is not an archive of 2 to 50 classes of images.
        StoreError: If it cannot be stored, or there is no room for it.
    """
    try:
        retention.check_room(reader)
        path = inbox.archive_of(upload)
        with zip_reader.opened(path, encoding, with_parts is not False) as opened:
            question = _question(opened, title, encoding, with_parts)
            if question:
                inbox.ask(upload, question)
                return ""
            with retention.making() as folder:
                made = _Maker(opened, upload, folder).make(reader, title)
                found = retention.publish(folder, made)
    except ThawError as error:
        inbox.refuse(upload, error)
        raise
    except BaseException:
        inbox.discard(upload)
        raise
    inbox.discard(upload)
    return found.id


def _question(
    opened: Archive, title: str, encoding: str, with_parts: bool | None
) -> Question | None:
    """What the reader has to say before; None where that is nothing."""
    parts = opened.layout.parts if with_parts is None else {}
    # Two encodings in which the classes have the same names are one choice.
    choices: dict[tuple[str, ...], str] = {}
    for each in () if encoding else opened.encodings:
        choices.setdefault(opened.class_names(each), each)
    if not parts and len(choices) < 2:
        return None
    return Question(
        title,
        [(each, zip_names.ENCODINGS[each], names) for names, each in choices.items()]
        if len(choices) > 1
        else [],
        {outside_text.shown(name): class_folders.USES[part] for name, part in parts.items()},
    )


class _Maker:
    """One dataset that is being made.

    Args:
        opened: Where the images come from.
        upload: Whose progress is told.
        folder: Folder for the pictures, with one folder per class.
    """

    def __init__(self, opened: Archive, upload: str, folder: Path) -> None:
        self._archive, self._upload, self._folder = opened, upload, folder
        self._layout = opened.layout
        self._end = time.monotonic() + LIMIT_S
        self._next_words = 0.0

    def make(self, owner: str, title: str) -> OwnDataset:
        """Write every usable image once, and say what there is.

        Raises:
            DataError: If there are not 2 to 50 classes, or a class has too few images.
        """
        layout = self._layout
        # Random, so that what the dataset is called says nothing of its content.
        salt = secrets.token_hex(8)
        folder_of = dict(
            zip(layout.class_names, outside_text.folder_names(layout.class_names), strict=True)
        )
        written: list[tuple[int, str, str, bytes, str]] = []
        size_bytes = 0
        for candidate, data in self._kept():
            digest = hashlib.sha256(data).digest()
            if not layout.takes(candidate, digest):
                continue
            class_name, part = candidate.class_name, candidate.part
            above = f"{PART_FOLDERS[part]}/" if layout.with_parts else ""
            folder, name = f"{above}{folder_of[class_name]}", f"{len(written) + 1:05d}.jpg"
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
            (self._folder / folder / f"{salt}-{name}").write_bytes(data)
            written.append((-part, folder, name, digest, class_name))
            size_bytes += len(data)
        # In the order in which they will be found there.
        written.sort()
        fingerprint, content = hashlib.sha256(), hashlib.sha256()
        for _, folder, name, digest, class_name in written:
            image_folder.add(fingerprint, f"{folder}/{salt}-{name}", digest)
            above = folder.removesuffix(folder_of[class_name])
            image_folder.add(content, f"{above}{class_name}/{name}", digest)
        counts = Counter(class_name for *_, class_name in written)
        class_names = tuple(sorted(counts, key=folder_of.__getitem__))
        labels = [class_names.index(class_name) for *_, class_name in written]
        given = [-minus for minus, *_ in written] if layout.with_parts else []
        layout.check("The upload", class_names, labels, given)
        return OwnDataset(
            id=datasets.OWN_PREFIX + fingerprint.hexdigest()[: own_datasets.FINGERPRINT_LENGTH],
            title=outside_text.name_of(title)
            or ", ".join(class_names)[: outside_text.MAX_NAME_LENGTH],
            owner=owner,
            fingerprint=fingerprint.hexdigest(),
            content=content.hexdigest(),
            class_names=class_names,
            counts=tuple(counts[name] for name in class_names),
            size_bytes=size_bytes,
            created=time.time(),
            left_out=layout.left_out[: own_datasets.MAX_LEFT_OUT],
            num_left_out=len(layout.left_out),
            said=tuple(layout.said),
            num_given=splits.counts_of(given),
        )

    def _kept(self) -> Iterator[tuple[Candidate, bytes]]:
        """The usable images in order, as they are kept; decoded by several threads."""
        waiting: deque[tuple[Candidate, Future[bytes]]] = deque()
        candidates = self._layout.candidates
        with ThreadPoolExecutor(decode.NUM_THREADS, "thaw-decode") as threads:
            try:
                for done, candidate in enumerate(candidates):
                    self._say(done, len(candidates))
                    try:
                        data = self._archive.read(candidate.found.entry)
                    except DataError:
                        raise
                    except ValueError as error:
                        self._leave(candidate, error)
                        continue
                    yield from self._finished(waiting, 2 * decode.NUM_THREADS)
                    waiting.append((candidate, threads.submit(decode.kept, data)))
                yield from self._finished(waiting, 0)
            finally:
                for _, future in waiting:
                    future.cancel()

    def _finished(
        self, waiting: deque[tuple[Candidate, "Future[bytes]"]], most: int
    ) -> Iterator[tuple[Candidate, bytes]]:
        """Those that wait, from the first, until no more than so many do."""
        while len(waiting) > most:
            candidate, future = waiting.popleft()
            try:
                yield candidate, future.result()
            except ValueError as error:
                self._leave(candidate, error)

    def _leave(self, candidate: Candidate, error: ValueError) -> None:
        self._layout.leave(candidate.found, str(error), candidate.class_name)

    def _say(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now > self._end:
            raise DataError(
                f"Reading these images takes more than {LIMIT_S:.0f} seconds.",
                "Use fewer or smaller ones: Thaw trains on at most 512 pixels.",
            )
        if now >= self._next_words:
            self._next_words = now + SECONDS_BETWEEN_WORDS
            if not inbox.say_done(self._upload, done, total):
                raise STOPPED
