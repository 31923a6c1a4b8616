"""Where Thaw keeps what it made: the folder behind THAW_HOME."""

import os
import sys
from pathlib import Path


def thaw_home() -> Path:
    """The folder for runs and caches: THAW_HOME, else the platform's user cache folder.

    The folder is not created here. Everything in it can be made again, except the runs.

    Reference:
        XDG Base Directory Specification; Apple File System Programming Guide;
        Windows known folder LocalAppData.
    """
    chosen = os.environ.get("THAW_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "thaw"
