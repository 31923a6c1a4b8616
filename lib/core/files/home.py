"""The folder in which Thaw stores its files: THAW_HOME."""

import os
import sys
from pathlib import Path


def thaw_home() -> Path:
    """Return the folder for runs and caches: THAW_HOME, or else the platform's user cache folder.

    The folder is not created here. Everything in it except the runs can be made again.

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
