"""A zip archive of a folder of images per class, read without trusting anything it says of itself.

Nothing is unpacked to disk: one file after the other is read into memory, counted as it comes, and
handed on. So there is no path that could lead out of a folder, and no link that could be followed.
"""

import io
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.uploads import inbox
from lib.training.sources.folder import JUNK, MAX_FILE_BYTES

MAX_FILES = 10_000
MAX_UNPACKED_BYTES = 500_000_000
# Photographs are compressed already; even a drawing hardly comes to 50:1.
MAX_RATIO = 100
# Python reads the list of files in one piece: MAX_FILES of them with long names take 3 MB, and as
# many leftovers of macOS as much again.
MAX_DIRECTORY_BYTES = 8_000_000
CHUNK_BYTES = 1 << 16
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
# How archives begin, whatever they are called: zip, gzip, bzip2, xz, 7z, RAR, Zstandard.
ARCHIVES = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
TAR_MARK, TAR_MARK_AT = b"ustar", 257

PACK_AGAIN = "Pack a folder that holds one folder of images per class, and upload that."


@dataclass(frozen=True)
class Member:
    """A file of an archive that may be an image.

    Args:
        class_name: Of the folder it is in; text from outside.
        name: As the archive calls it, to be shown; text from outside.
        entry: Where it is.
    """

    class_name: str
    name: str
    entry: zipfile.ZipInfo = field(repr=False)


class Archive:
    """An archive that is open: `members`, `class_names` of all its folders, and `left_out`.

    Args:
        file: Of a zip archive.
        size_bytes: Of the file.

    Raises:
        DataError: If it cannot be read, or is not what Thaw takes.
    """

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        if size_bytes > inbox.MAX_ARCHIVE_BYTES:
            raise inbox.too_large()
        self._size_bytes = size_bytes
        self._unpacked_bytes = 0
        self.left_out: list[str] = []
        self.class_names: tuple[str, ...] = ()
        try:
            self._zip = zipfile.ZipFile(_Careful(file))
        except DataError:
            raise
        except Exception as error:  # zipfile and struct raise nearly anything for a damaged one
            raise _damaged() from error
        self.members = self._chosen()

    def _chosen(self) -> tuple[Member, ...]:
        """The files in the folders of classes, in order; what else there is goes to left_out."""
        found: list[tuple[tuple[str, ...], zipfile.ZipInfo]] = []
        folders = []
        for entry in self._zip.infolist():
            path = _path(entry)
            if not path or _is_junk(path):
                continue
            if entry.is_dir():
                folders.append(path)
                continue
            if len(found) == MAX_FILES:
                raise DataError(
                    f"The archive holds more than {MAX_FILES:,} files.", "Use fewer images."
                )
            found.append((path, entry))
        self._check_sizes([entry for _, entry in found])
        num_wrapping = _num_wrapping([path for path, _ in found])
        members = []
        classes = {path[num_wrapping] for path in folders if len(path) == num_wrapping + 1}
        for path, entry in found:
            shown, within = outside_text.shown("/".join(path)), path[num_wrapping:]
            if len(within) > 1:
                classes.add(within[0])
            problem = _not_taken(entry, within)
            if problem:
                self.left_out.append(f"{shown}: {problem}")
            else:
                members.append(Member(outside_text.name_of(within[0]), shown, entry))
        self.class_names = tuple(sorted({outside_text.name_of(name) for name in classes} - {""}))
        return tuple(sorted(members, key=lambda each: (each.class_name, each.name)))

    def _check_sizes(self, entries: Sequence[zipfile.ZipInfo]) -> None:
        """What the list of files says; a lie is found out when they are read."""
        if any(entry.flag_bits & ENCRYPTED_FLAG for entry in entries):
            raise DataError("The archive is protected by a password.", "Pack it without one.")
        total = sum(entry.file_size for entry in entries)
        self._check_unpacked(total)
        for entry in entries:
            _check_ratio(entry, entry.file_size)

    def _check_unpacked(self, total: int) -> None:
        if total > MAX_UNPACKED_BYTES:
            raise DataError(
                f"The archive unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB.",
                "Leave some images out, or make them smaller: Thaw trains on at most 512 pixels.",
            )
        if total > MAX_RATIO * self._size_bytes:
            raise _bomb("The archive")

    def read(self, member: Member) -> bytes:
        """The bytes of a file, counted while they come.

        Raises:
            DataError: If the archive goes beyond what it may hold.
            ValueError: If this file cannot be used, in the middle of a sentence.
        """
        data = bytearray()
        try:
            with self._zip.open(member.entry) as file:
                while len(data) <= MAX_FILE_BYTES and (chunk := file.read(CHUNK_BYTES)):
                    data += chunk
                    self._unpacked_bytes += len(chunk)
                    self._check_unpacked(self._unpacked_bytes)
                    _check_ratio(member.entry, len(data))
        except DataError:
            raise
        except Exception as error:  # as above
            raise ValueError("damaged or cut off") from error
        if len(data) > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES // 1_000_000} MB")
        if not data:
            raise ValueError("empty")
        is_tar = data[TAR_MARK_AT:].startswith(TAR_MARK)
        if is_tar or data.startswith(ARCHIVES):
            raise ValueError("an archive inside the archive, which is not opened")
        return bytes(data)

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """An archive on disk.

    Raises:
        DataError: If it cannot be read, or is not what Thaw takes.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _damaged() from error
    with file:
        archive = Archive(file, path.stat().st_size)
        try:
            yield archive
        finally:
            archive.close()


class _Careful(io.BufferedIOBase):
    """A file of which nobody reads much at once: so no list of files can fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        size = MAX_DIRECTORY_BYTES if size is None or size < 0 else size
        if size > MAX_DIRECTORY_BYTES:
            raise DataError("The list of files in the archive is too long.", "Use fewer images.")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _path(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    """The folders and the name of a file.

    Raises:
        DataError: If it leads out of the folder it would be unpacked to.
    """
    name = entry.filename
    if not entry.flag_bits & UTF8_FLAG:
        # Many programs write UTF-8 and do not say so; zipfile then takes it for an old code page.
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise DataError(
            f"The archive holds a file that leads out of it: {outside_text.shown(name)}.",
            PACK_AGAIN,
        )
    return tuple(parts)


def _is_junk(path: Sequence[str]) -> bool:
    """What file managers and archivers leave behind."""
    return any(part.startswith(".") or part.lower() in JUNK for part in path)


def _num_wrapping(paths: Sequence[Sequence[str]]) -> int:
    """How many folders are around those of the classes: as often as not, one."""
    in_folders = [path for path in paths if len(path) > 1]
    alone = len({path[0] for path in in_folders}) == 1
    return int(alone and any(len(path) > 2 for path in in_folders))


def _not_taken(entry: zipfile.ZipInfo, within: Sequence[str]) -> str:
    """Why a file is left out unread, in words; "" where it is not."""
    # The upper half has the mode of the file, where the archive was made on Unix.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a link, which is not followed"
    if kind not in (0, stat.S_IFREG):
        return "not a file"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in a way Thaw does not read"
    if len(within) < 2 or not outside_text.name_of(within[0]):
        return "not in the folder of a class"
    if len(within) > 2:
        return "in a folder inside that of a class"
    return ""


def _check_ratio(entry: zipfile.ZipInfo, size_bytes: int) -> None:
    if size_bytes > MAX_RATIO * max(1, entry.compress_size):
        raise _bomb(outside_text.shown(entry.filename))


def _bomb(what: str) -> DataError:
    return DataError(
        f"{what} unpacks to more than {MAX_RATIO} times its size, as no photographs do.",
        PACK_AGAIN,
    )


def _damaged() -> DataError:
    return DataError("This file is not a whole zip archive.", PACK_AGAIN)
