"""How much of the machine one reader may take, and all readers together.

All figures are here, with their defaults: for a laptop, on which its owner is the only reader, and
for a room of readers who do not know each other. `THAW_LIMITS` changes them.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

from lib.core.errors import ConfigError, EngineError, StoreError

VARIABLE = "THAW_LIMITS"
MB = 1_000_000
# The rest is for the operating system, the browser and the web process.
MEMORY_SHARE = 3 / 4
# Files in which a container finds how much memory it may use (cgroups, versions 2 and 1).
CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Limits:
    """Figures from which a request is refused with a sentence.

    A name that ends in `_each` is for one reader, by the key in the browser; the same name without
    it is for all readers together.

    Args:
        runs_waiting: Runs that have been started and have not ended.
        runs: Runs that are kept, however they ended, and imported ones.
        runs_mb: Their size on disk in megabytes.
        imports: Imported runs among them.
        questions: Questions to a worker that wait for their turn, such as predictions.
        questions_mb: The images in these questions.
        datasets: Datasets of own images.
        datasets_mb: Their size on disk.
        free_mb: Free disk space below which nothing is taken in.
        memory_mb: Memory that a run may use, in megabytes; 0: a share of the machine's.
        uploads_mb_each: Uploaded files that one tab of a browser may have in memory, in megabytes.
        uploads_mb: The same for all tabs together.
        preparing: Readers whose next run is prepared before they start it; 0: none is prepared.
        tabs: Tabs that are open at the same time, of all readers; one address may have half.
        rooms: Rooms that vote at the same time; one address may have half.
        voters: Browsers in one of them.
    """

    runs_waiting_each: int
    runs_waiting: int
    runs_each: int
    runs: int
    runs_mb_each: int
    runs_mb: int
    imports_each: int
    imports: int
    questions_each: int
    questions: int
    questions_mb_each: int
    questions_mb: int
    datasets_each: int
    datasets: int
    datasets_mb_each: int
    datasets_mb: int
    free_mb: int = 1_000
    memory_mb: int = 0
    # Two archives of the largest size (.streamlit/config.toml), one after the other.
    uploads_mb_each: int = 420
    uploads_mb: int = 1_200
    preparing: int = 3
    tabs: int = 300
    rooms: int = 20
    voters: int = 500


# One reader has the machine: the figures only stop what has gone wrong.
LAPTOP = Limits(
    runs_waiting_each=200,
    runs_waiting=200,
    runs_each=10_000,
    runs=10_000,
    runs_mb_each=200_000,
    runs_mb=200_000,
    imports_each=1_000,
    imports=1_000,
    questions_each=100,
    questions=100,
    questions_mb_each=500,
    questions_mb=500,
    datasets_each=100,
    datasets=200,
    datasets_mb_each=10_000,
    datasets_mb=10_000,
)
# A course of fifty readers: none of them comes near to these in an afternoon, and ten who try to
# take everything leave room for the others.
ROOM = Limits(
    runs_waiting_each=12,
    runs_waiting=200,
    runs_each=200,
    runs=4_000,
    runs_mb_each=2_000,
    runs_mb=40_000,
    imports_each=20,
    imports=400,
    questions_each=8,
    questions=100,
    questions_mb_each=40,
    questions_mb=500,
    datasets_each=10,
    datasets=200,
    datasets_mb_each=1_000,
    datasets_mb=10_000,
)
DEFAULTS = {"laptop": LAPTOP, "room": ROOM}


def current() -> Limits:
    """The limits of this process, from `THAW_LIMITS`; those of a laptop where it is not set.

    Raises:
        ConfigError: If `THAW_LIMITS` cannot be read.
    """
    return read(os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=8)
def read(text: str) -> Limits:
    """Read limits: "laptop" or "room", then figures that differ.

    Raises:
        ConfigError: If a name or a figure cannot be used.

    Example:

    >>> read("room, runs_each=50").runs_each
    50
    """
    first, *others = [part.strip() for part in text.split(",")]
    if first not in ("", *DEFAULTS):
        first, others = "", [first, *others]
    found, names = DEFAULTS[first or "laptop"], {field.name for field in fields(Limits)}
    for other in others:
        name, _, figure = other.partition("=")
        if name.strip() not in names or not figure.strip().isdecimal():
            raise ConfigError(
                f"{VARIABLE} holds {other!r}.",
                f"It is {' or '.join(DEFAULTS)}, then figures such as runs_each=50, with commas "
                "between them (docs/security.md).",
            )
        found = replace(found, **{name.strip(): int(figure)})
    return found


def use_for(address: str) -> None:
    """Choose the limits of a room where a server can be reached from other machines.

    What `THAW_LIMITS` says goes before. The engine and its workers inherit it.

    Args:
        address: On which the server listens; "" for all addresses of the machine.
    """
    own = address in ("localhost", "::1") or address.startswith("127.")
    os.environ.setdefault(VARIABLE, "laptop" if own else "room")


# --- Disk -----------------------------------------------------------------------------------------


def check_disk(folder: Path, size_bytes: int = 0) -> None:
    """Refuse to store more where the disk is nearly full.

    Args:
        folder: An existing folder on that disk.
        size_bytes: What is to be stored, as far as that is known.

    Raises:
        StoreError: If less than `free_mb` would be left.
        OSError: If the folder cannot be looked at.
    """
    floor = current().free_mb * MB
    free = shutil.disk_usage(folder).free
    if free < floor + size_bytes:
        raise StoreError(
            f"The disk of {folder} has {free / MB:,.0f} MB left, and Thaw leaves {floor / MB:,.0f} "
            "MB of it free.",
            "Delete something, or set THAW_HOME to a folder on another disk.",
        )


# --- Memory ---------------------------------------------------------------------------------------


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this process is in, in bytes."""
    return min(_installed(), *_of_container(), sys.maxsize)


def run_bytes(num_workers: int = 1) -> int:
    """The memory that a run may use, in bytes.

    A share of all memory and not of what is free: what is free now says little about the time when
    a queued run begins, and the same run is accepted or refused at any time.

    Args:
        num_workers: Number of runs at the same time.
    """
    chosen = current().memory_mb * MB
    return chosen or int(machine_bytes() * MEMORY_SHARE) // num_workers


def num_workers() -> int:
    """Number of parallel runs: THAW_WORKERS, or 1.

    Raises:
        EngineError: If THAW_WORKERS is not a whole number from 1.
    """
    text = os.environ.get("THAW_WORKERS") or "1"
    if not text.isdecimal() or int(text) < 1:
        raise EngineError(f"THAW_WORKERS is {text!r}.", "Set it to a whole number from 1.")
    return int(text)


def _installed() -> int:
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            """MEMORYSTATUSEX of the Windows API."""

            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *((name, ctypes.c_ulonglong) for name in ("total", *"abcdef")),
            )

        status = Status(length=ctypes.sizeof(Status))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total)
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_container() -> Iterator[int]:
    for path in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # no such file, or "max": no limit
            yield int(path.read_text("ascii"))
