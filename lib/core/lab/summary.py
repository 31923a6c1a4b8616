"""A line for each run in a list, read again only where something of the run has changed."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lib.core.lab.folder import META_FILE, RunMeta, read_meta, read_named
from lib.core.lab.owner import OWNER_FILE, RunOwner, read_owner
from lib.core.runs import TrainConfig

# Several times the runs a store of a course holds; a summary takes about 1 kB.
MAX_SUMMARIES = 4_096


@dataclass(frozen=True)
class RunSummary:
    """A line in a list of runs.

    Args:
        id: Its name in the store and in links.
        config: What was asked for.
        status: As in Run.
        meta: What a reader says of it.
        num_epochs: How many it had.
        val_accuracy: Of the last epoch; None without one.
        test_accuracy: None where it did not finish.
        wall_time_s: None where that is not known.
        ended: When its result was written, seconds since 1970.
        recorded: True where it ships with Thaw.
        owner: Whose it is; None where nobody has said so.
    """

    id: str
    config: TrainConfig
    status: str
    meta: RunMeta
    num_epochs: int
    val_accuracy: float | None
    test_accuracy: float | None
    wall_time_s: float | None
    ended: float
    recorded: bool
    owner: RunOwner | None = None


def of(folder: Path, *, recorded: bool = False) -> RunSummary | None:
    """A line for the run in a folder; None where it has not ended or cannot be read."""
    stamps = []
    for name in ("result.json", META_FILE, OWNER_FILE):
        try:
            stat = (folder / name).stat()
            stamps.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            stamps.append((0, 0, 0))
    # result.json is written last and once, so without it there is nothing to list.
    return _summary(folder, tuple(stamps), recorded) if stamps[0][1] else None


@lru_cache(maxsize=MAX_SUMMARIES)
def _summary(
    folder: Path, stamps: tuple[tuple[int, int, int], ...], recorded: bool
) -> RunSummary | None:
    """The line as the files had it at these stamps, which are there to be told apart by."""
    run = read_named(folder, recorded=recorded)
    if run is None:
        return None
    return RunSummary(
        id=run.id,
        config=run.config,
        status=run.status,
        meta=read_meta(folder),
        num_epochs=len(run.history),
        val_accuracy=run.final.val_accuracy if run.final else None,
        test_accuracy=_number(run.result.get("test_accuracy")),
        wall_time_s=_number(run.result.get("wall_time_s")),
        ended=stamps[0][0] / 1e9,
        recorded=recorded,
        owner=read_owner(folder),
    )


def _number(value: object) -> float | None:
    """What a damaged result.json may hold in place of a number is none."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
