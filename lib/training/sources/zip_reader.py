"""A zip archive of a folder of images per class, read without trusting anything it says of itself.

Nothing is unpacked to disk: one file after the other is read into memory, counted as it comes, and
handed on. So there is no path that could lead out of a folder, and no link that could be followed.
"""

import io
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.uploads import archive_names, inbox
from lib.training.sources import class_folders, zip_names
from lib.training.sources.class_folders import Found, Layout
from lib.training.sources.folder import MAX_FILE_BYTES

MAX_FILES = 10_000
MAX_UNPACKED_BYTES = 500_000_000
# Photographs are compressed already, and a drawing hardly comes to 50:1. A bitmap of one colour
# goes far beyond, so what takes little room is no matter: one of 12 megapixels, and 40 of a screen.
MAX_RATIO = 100
MIN_SUSPICIOUS_BYTES, MIN_SUSPICIOUS_ARCHIVE_BYTES = 50_000_000, 250_000_000
# Python reads the list of files in one piece: MAX_FILES of them with long names take 3 MB, and as
# many leftovers of macOS as much again.
MAX_DIRECTORY_BYTES = 8_000_000
CHUNK_BYTES = 1 << 16
ENCRYPTED_FLAG = 0x1
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

TOO_DENSE = f"unpacks to more than {MAX_RATIO} times its size, as no photographs do"
PACK_AGAIN = "Pack a folder that holds one folder of images per class, and upload that."


class Archive:
    """An archive that is open: `layout` has its images, `encodings` how its names can be read.

    Args:
        file: Of a zip archive.
        size_bytes: Of the file.
        encoding: Of names of which the archive does not say it, as their reader chose; where "",
            the likeliest.
        with_parts: As for Layout.

    Raises:
        DataError: If it cannot be read, or is not what Thaw takes.
    """

    def __init__(
        self, file: BinaryIO, size_bytes: int, encoding: str = "", with_parts: bool = True
    ) -> None:
        if size_bytes > inbox.MAX_ARCHIVE_BYTES:
            raise inbox.too_large()
        self._size_bytes = size_bytes
        self._unpacked_bytes = 0
        try:
            self._zip = zipfile.ZipFile(_Careful(file))
        except DataError:
            raise
        except Exception as error:  # zipfile and struct raise nearly anything for a damaged one
            raise _damaged() from error
        entries = self._zip.infolist()
        self.encodings = zip_names.guesses(entries)
        if encoding and encoding not in self.encodings:
            raise DataError("The names are not in this encoding.", "Choose another.")
        self.layout = _layout(entries, encoding or self.encodings[0], with_parts)
        self._check_unpacked(sum(each.found.entry.file_size for each in self.layout.candidates))

    def class_names(self, encoding: str) -> tuple[str, ...]:
        """What the classes are called if names are in one of the encodings."""
        return _layout(self._zip.infolist(), encoding, with_parts=True).class_names

    def _check_unpacked(self, total: int) -> None:
        if total > MAX_UNPACKED_BYTES:
            raise DataError(
                f"The archive unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB.",
                "Leave some images out, or make them smaller: Thaw trains on at most 512 pixels.",
            )
        if total > max(MAX_RATIO * self._size_bytes, MIN_SUSPICIOUS_ARCHIVE_BYTES):
            raise DataError(f"The archive {TOO_DENSE}.", PACK_AGAIN)

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """The bytes of a file, counted while they come.

        Args:
            entry: Of one of the candidates of `layout`.

        Raises:
            DataError: If the archive goes beyond what it may hold.
            ValueError: If this file cannot be used, in the middle of a sentence.
        """
        data = bytearray()
        try:
            with self._zip.open(entry) as file:
                while not (problem := _too_much(entry, len(data))) and (
                    chunk := file.read(CHUNK_BYTES)
                ):
                    data += chunk
                    self._unpacked_bytes += len(chunk)
                    self._check_unpacked(self._unpacked_bytes)
        except DataError:
            raise
        except Exception as error:  # as above
            raise ValueError("damaged or cut off") from error
        if problem:
            raise ValueError(problem)
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
def opened(path: Path, encoding: str = "", with_parts: bool = True) -> Iterator[Archive]:
    """An archive on disk; see Archive.

    Raises:
        DataError: If it cannot be read, or is not what Thaw takes.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _damaged() from error
    with file:
        archive = Archive(file, path.stat().st_size, encoding, with_parts)
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


def _layout(entries: Sequence[zipfile.ZipInfo], encoding: str, with_parts: bool) -> Layout:
    """What the files are, if names are in this encoding."""
    found: list[Found] = []
    folders = []
    for entry in entries:
        # Decoded first: in some code pages a "\\" is half of a character.
        name = zip_names.decoded(entry, encoding).replace("\\", "/")
        path = _path(name)
        if name.endswith("/"):
            folders.append(path)
        elif path and not any(map(archive_names.is_junk, path)):
            if len(found) == MAX_FILES:
                raise DataError(
                    f"The archive holds more than {MAX_FILES:,} files.", "Use fewer images."
                )
            found.append(Found(path, _problem(entry), entry))
    return Layout(found, filter(None, folders), with_parts)


def _path(name: str) -> tuple[str, ...]:
    """The folders and the name of a file.

    Raises:
        DataError: If it leads out of the folder it would be unpacked to.
    """
    parts = name.split("/")
    if archive_names.leads_out(parts):
        raise DataError(
            f"The archive holds a file that leads out of it: {outside_text.shown(name)}.",
            PACK_AGAIN,
        )
    return tuple(part for part in parts if part not in ("", "."))


def _problem(entry: zipfile.ZipInfo) -> str:
    """Why a file is left out unread, in words; "" where it is not.

    Raises:
        DataError: If it is encrypted, and so are the others.
    """
    if entry.flag_bits & ENCRYPTED_FLAG:
        raise DataError("The archive is protected by a password.", "Pack it without one.")
    # The upper half has the mode of the file, where the archive was made on Unix.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return class_folders.LINK
    if kind not in (0, stat.S_IFREG):
        return class_folders.NO_FILE
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in a way Thaw does not read"
    # What the list of files says; a lie is found out when they are read.
    return _too_much(entry, entry.file_size)


def _too_much(entry: zipfile.ZipInfo, size_bytes: int) -> str:
    """Why a file of this size is not read any further, in words; "" where it is."""
    if size_bytes > MAX_FILE_BYTES:
        return f"larger than {MAX_FILE_BYTES // 1_000_000} MB"
    if size_bytes > max(MAX_RATIO * entry.compress_size, MIN_SUSPICIOUS_BYTES):
        return f"a file that {TOO_DENSE}"
    return ""


def _damaged() -> DataError:
    return DataError("This file is not a whole zip archive.", PACK_AGAIN)
