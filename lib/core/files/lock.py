"""Advisory file locks between processes; the operating system releases them at process exit."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

POLL_S = 0.1
# Whoever only looks whether a lock is held is in its way for less than a millisecond.
LOOKS, SECONDS_BETWEEN_LOOKS = 5, 0.01


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold an exclusive lock; wait until no other process or thread holds it.

    The operating system releases the lock when the process exits, however it exits, so no stale
    lock remains; the empty file stays.

    Args:
        path: Path of the lock file, in an existing folder.
    """
    while (file := _taken(path)) is None:
        time.sleep(POLL_S)
    with file:
        yield


@contextlib.contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Hold an exclusive lock if nobody else does, without waiting; its file is removed at the end.

    Args:
        path: Path of the lock file, in an existing folder.

    Yields:
        True if the lock is held now.

    Raises:
        OSError: If the file cannot be made.
    """
    file = _taken(path)
    for _ in range(LOOKS):
        if file is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            file = _taken(path)
    try:
        yield file is not None
    finally:
        if file is not None:
            # Windows keeps a file that is open; it is then empty, and nobody holds it.
            with contextlib.suppress(OSError):
                path.unlink()
            file.close()


def held(path: Path) -> bool:
    """Return True while the lock is held; many may look at the same time."""
    with contextlib.suppress(OSError), path.open("r+b") as file:
        return not _try_lock(file.fileno(), shared=True)
    return False


def _taken(path: Path) -> BinaryIO | None:
    """The open file whose lock this thread now has; None if another has it."""
    file = path.open("a+b")
    if _try_lock(file.fileno()):
        # The one before may have removed the file after this one had opened it.
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
    file.close()
    return None


def _try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Return True if this open file now has the lock; closing the file releases it.

    Args:
        shared: Beside others who also ask for a shared lock; Windows has only exclusive ones.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        # BlockingIOError means that another process has it; other errors, that locks are missing.
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True
