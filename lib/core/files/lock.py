"""A lock on a file, between processes. Whatever ends a process gives its locks back."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

POLL_S = 0.1


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Wait until no other process or thread is inside.

    The operating system drops the lock when its process ends, however it ends, so none is ever
    left behind; the empty file stays.

    Args:
        path: Of the file, in a folder that exists.
    """
    with path.open("a+b") as file:
        while not _try_lock(file.fileno()):
            time.sleep(POLL_S)
        yield


def held(path: Path) -> bool:
    """True while somebody is inside; nobody is kept out by asking for longer than a moment."""
    if not path.exists():
        return False
    with contextlib.suppress(OSError), path.open("a+b") as file:
        return not _try_lock(file.fileno())
    return False


def _try_lock(descriptor: int) -> bool:
    """True if this open file now has the lock; closing it gives the lock back."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        # BlockingIOError says that another has it; anything else, that there are no locks here.
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True
