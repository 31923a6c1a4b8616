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
from lib.core.uploads.own_datasets import OwnDataset
from lib.training.sources import decode, zip_reader
from lib.training.sources import folder as image_folder
from lib.training.sources.zip_reader import Archive, Member

# A question to a worker is given up after 180 s (lib.jobs.connection), some of which may pass
# before it begins.
LIMIT_S = 120.0
SECONDS_BETWEEN_WORDS = 0.3

STOPPED = DataError("The upload was taken back.", "Upload the images again.")


def prepare(upload: str, reader: str, title: str) -> str:
    """Make a dataset of an upload, all of it or nothing.

    Args:
        upload: From lib.core.uploads.inbox.receive or pack.
        reader: Hash of the reader's key.
        title: What the reader calls it.

    Returns:
        What the dataset is called; see lib.core.uploads.own_datasets.get.

    Raises:
        DataError: If it is not an archive of 2 to 20 classes of images.
        StoreError: If it cannot be stored, or there is no room for it.
    """
    try:
        retention.check_room(reader)
        path = inbox.archive_of(upload)
        with zip_reader.opened(path) as opened, retention.making() as folder:
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


class _Maker:
    """One dataset that is being made.

    Args:
        opened: Where the images come from.
        upload: Whose progress is told.
        folder: Where they go, a folder a class.
    """

    def __init__(self, opened: Archive, upload: str, folder: Path) -> None:
        self._archive, self._upload, self._folder = opened, upload, folder
        self._left_out = list(opened.left_out)
        self._end = time.monotonic() + LIMIT_S
        self._next_words = 0.0

    def make(self, owner: str, title: str) -> OwnDataset:
        """Write every usable image once, and say what there is.

        Raises:
            DataError: If there are not 2 to 20 classes, or a class has too few images.
        """
        # Random, so that what the dataset is called says nothing of its content.
        salt = secrets.token_hex(8)
        fingerprint, content = hashlib.sha256(), hashlib.sha256()
        first_with: dict[bytes, str] = {}
        counts: Counter[str] = Counter()
        size_bytes = 0
        for member, data in self._kept():
            digest = hashlib.sha256(data).digest()
            if digest in first_with:
                self._left_out.append(f"{member.name}: the same image as {first_with[digest]}")
                continue
            first_with[digest] = member.name
            name = f"{len(first_with):05d}.jpg"
            folder = self._folder / member.class_name
            folder.mkdir(exist_ok=True)
            (folder / f"{salt}-{name}").write_bytes(data)
            counts[member.class_name] += 1
            size_bytes += len(data)
            for known, start in ((fingerprint, f"{salt}-"), (content, "")):
                image_folder.add(known, f"{member.class_name}/{start}{name}", digest)
        for class_name in self._archive.class_names:
            if class_name not in counts:
                self._left_out.append(f"{class_name}: no usable image in it")
        class_names = tuple(sorted(counts))
        image_folder.check_classes("The upload", class_names)
        labels = [label for label, name in enumerate(class_names) for _ in range(counts[name])]
        # Fails here, in words, where a class is too small to be in every split.
        splits.split(labels, splits.max_train_images(len(labels)), 0, class_names)
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
            left_out=tuple(self._left_out[: own_datasets.MAX_LEFT_OUT]),
            num_left_out=len(self._left_out),
        )

    def _kept(self) -> Iterator[tuple[Member, bytes]]:
        """The usable images in order, as they are kept; decoded by several threads."""
        waiting: deque[tuple[Member, Future[bytes]]] = deque()
        members = self._archive.members
        with ThreadPoolExecutor(decode.NUM_THREADS, "thaw-decode") as threads:
            try:
                for done, member in enumerate(members):
                    self._say(done, len(members))
                    try:
                        data = self._archive.read(member)
                    except DataError:
                        raise
                    except ValueError as error:
                        self._left_out.append(f"{member.name}: {error}")
                        continue
                    yield from self._finished(waiting, 2 * decode.NUM_THREADS)
                    waiting.append((member, threads.submit(decode.kept, data)))
                yield from self._finished(waiting, 0)
            finally:
                for _, future in waiting:
                    future.cancel()

    def _finished(
        self, waiting: deque[tuple[Member, "Future[bytes]"]], most: int
    ) -> Iterator[tuple[Member, bytes]]:
        """Those that wait, from the first, until no more than so many do."""
        while len(waiting) > most:
            member, future = waiting.popleft()
            try:
                yield member, future.result()
            except ValueError as error:
                self._left_out.append(f"{member.name}: {error}")

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
