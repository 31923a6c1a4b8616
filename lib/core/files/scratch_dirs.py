"""Scratch directories for incomplete or deleted data: never listed, always cleaned up.

The name of a scratch directory contains its process, so that directories left behind by dead
processes can be found and removed. Listings of the parent folder skip names that start with a dot.
"""

import hashlib
import os
import secrets
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

# A scratch directory without changes for so long has been abandoned.
SECONDS_TO_MAKE = 1_800
GONE = ".gone-"


def make(parent: Path, what: str) -> Path:
    """Make a scratch directory of this process that other users cannot read.

    Args:
        parent: The parent folder, which is made if it is missing.
        what: A word for its content, without "-".

    Returns:
        Its path; the name cannot be guessed.

    Raises:
        OSError: If it cannot be made.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = parent / f".{what}-{os.getpid()}-{_machine()}-{secrets.token_urlsafe(24)}"
    path.mkdir(mode=0o700)
    return path


def move_away(path: Path) -> Path:
    """Rename a folder to a hidden name in one step: of many who do, one succeeds.

    Args:
        path: Path of the folder.

    Returns:
        Where it is now; to be removed.

    Raises:
        OSError: If it cannot be renamed, or is gone.
    """
    out_of_sight = path.with_name(f"{GONE}{secrets.token_hex(8)}")
    os.rename(path, out_of_sight)
    return out_of_sight


def remove(path: Path) -> None:
    """Rename a folder to a hidden name in one step, then remove it.

    Args:
        path: Path of the folder. Files that cannot be removed now are removed later.
    """
    with suppress(OSError):
        shutil.rmtree(move_away(path), ignore_errors=True)


def is_left_behind(path: Path) -> bool:
    """Return True if the process that made a scratch directory is dead, or the directory old.

    Args:
        path: A path from `make`, or one that `remove` left.
    """
    if path.name.startswith(GONE):
        return True
    _, pid, machine, *_ = [*path.name.split("-"), "", ""]
    dead = machine == _machine() and pid.isdecimal() and not _is_alive(int(pid))
    return dead or is_old(path)


def is_old(path: Path) -> bool:
    """Return True if a file or folder has not changed for SECONDS_TO_MAKE.

    Args:
        path: Its path; a missing one is not old.
    """
    try:
        return time.time() - path.stat().st_mtime > SECONDS_TO_MAKE
    except OSError:
        return False


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # on Windows, this signal would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        return True
    return True
