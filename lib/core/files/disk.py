"""How much of a disk a folder takes."""

import os
from contextlib import suppress
from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Size of all files below a folder in bytes; 0 where there is no folder.

    What disappears meanwhile, because somebody moves or removes it, does not count.
    """
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.path.getsize(os.path.join(parent, name))
    return total
