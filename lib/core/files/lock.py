"""Advisory file locks between processes; the operating system releases them at process exit."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

POLL_S = 0.1


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold an exclusive lock; wait until no other process or thread holds it.

    The operating system releases the lock when the process exits, however it exits, so no stale
    lock remains; the empty file stays.

    Args:
        path: Path of the lock file, in an existing folder.
    """
    with path.open("a+b") as file:
        while not _try_lock(file.fileno()):
            time.sleep(POLL_S)
        yield


def held(path: Path) -> bool:
    """Return True while the lock is held; the check itself holds it only for a moment."""
    if not path.exists():
        return False
    with contextlib.suppress(OSError), path.open("a+b") as file:
        return not _try_lock(file.fileno())
    return False


def _try_lock(descriptor: int) -> bool:
    """Return True if this open file now has the lock; closing the file releases it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        # BlockingIOError means that another process has it; other errors, that locks are missing.
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True
