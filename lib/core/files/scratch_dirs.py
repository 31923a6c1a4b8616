"""Folders of what is not whole yet, or not wanted any more: nobody sees them, and none stays.

The name of one says which process it belongs to, so that whoever tidies knows what a process left
that ended in the middle of something. What lists the folder around it leaves names with a dot out.
"""

import hashlib
import os
import secrets
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

# Nobody waits so long for a dataset: what is older and not whole belongs to nobody.
SECONDS_TO_MAKE = 1_800
GONE = ".gone-"


def make(parent: Path, what: str) -> Path:
    """A new hidden folder of this process, which nobody else can read.

    Args:
        parent: The folder to be in; made where it is not there.
        what: A word for what is in it, without "-".

    Returns:
        Where it is; its name cannot be guessed.

    Raises:
        OSError: If it cannot be made.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = parent / f".{what}-{os.getpid()}-{_machine()}-{secrets.token_urlsafe(24)}"
    path.mkdir(mode=0o700)
    return path


def remove(path: Path) -> None:
    """Take a folder, hidden or not, out of sight in one step, then remove it.

    Args:
        path: Of the folder. What of it cannot be removed now goes another time.
    """
    out_of_sight = path.with_name(f"{GONE}{secrets.token_hex(8)}")
    with suppress(OSError):
        os.rename(path, out_of_sight)
        shutil.rmtree(out_of_sight, ignore_errors=True)


def is_left_behind(path: Path) -> bool:
    """True where the process that made a hidden folder is no more, or nobody waits for it.

    Args:
        path: From `make`, or what `remove` left.
    """
    if path.name.startswith(GONE):
        return True
    _, pid, machine, *_ = [*path.name.split("-"), "", ""]
    dead = machine == _machine() and pid.isdecimal() and not _is_alive(int(pid))
    return dead or is_old(path)


def is_old(path: Path) -> bool:
    """True where nothing was written to a file or a folder for longer than anybody waits.

    Args:
        path: Of either; what is not there is not old.
    """
    try:
        return time.time() - path.stat().st_mtime > SECONDS_TO_MAKE
    except OSError:
        return False


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there, this signal would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
