"""How long Thaw has been running, by clocks that can be wrong.

What is deleted for good must not depend on the clock of the wall alone: it jumps when a battery is
empty or a time server is wrong. Here time passes only as far as the clock of the wall and the one
of this process agree.
"""

import json
import math
import time
from contextlib import suppress
from pathlib import Path

from lib.core.files import atomic_write

# While nothing ran, nobody can tell a long pause from a jump.
MAX_UNSEEN_S = 86_400.0

_last_look: dict[Path, float] = {}


def look(path: Path) -> float:
    """Note that Thaw runs, and return for how long it has been running, in seconds.

    Several processes can look: each second counts once. A pause between two starts counts as at
    most a day.

    Args:
        path: File of what was last seen, in an existing folder.
    """
    now, steady = time.time(), time.monotonic()
    seen, running = _read(path)
    before = _last_look.get(path)
    most = MAX_UNSEEN_S if before is None else steady - before
    if seen is not None:
        running += max(0.0, min(now - seen, most))
    _last_look[path] = steady
    with suppress(OSError):
        atomic_write.write_json(path, {"seen": now, "running_s": running}, durable=False)
    return running


def _read(path: Path) -> tuple[float | None, float]:
    """The clock of the wall when somebody last looked, and how long Thaw had been running."""
    try:
        values = json.loads(path.read_text("utf-8"))
        seen, running = float(values["seen"]), float(values["running_s"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None, 0.0
    known = math.isfinite(seen) and math.isfinite(running) and running >= 0
    return (seen, running) if known else (None, 0.0)
