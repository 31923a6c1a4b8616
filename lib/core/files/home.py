"""The folder in which Thaw stores its files: THAW_HOME."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

# What Thaw makes in its folder. Whatever else is there is not Thaw's to change.
PARTS = ("datasets", "engine", "features", "images", "runs")
OTHERS = 0o077


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


def keep_private() -> None:
    """See that only its owner can read the folder of Thaw, and all that Thaw has in it.

    From now on this process and those that it starts make files for their owner alone. What earlier
    versions of Thaw have left readable for others is mended.

    On Windows nothing is done: the user's cache folder is closed to other users there.
    """
    if os.name == "nt":
        return
    os.umask(OTHERS)
    close()
    home = thaw_home()
    for part in PARTS:
        # The folder first: from then on nobody else comes to what is in it.
        _close(home / part)
        for parent, folders, files in os.walk(home / part):
            for name in (*folders, *files):
                _close(Path(parent) / name)


def close() -> None:
    """Close the folder of Thaw to other users; it is made if it is missing.

    It stays as it is if something else than Thaw's is in it: THAW_HOME may name a folder with other
    things. On Windows nothing is done.
    """
    home = thaw_home()
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        names = {each.name for each in home.iterdir() if not each.name.startswith(".")}
        if os.name != "nt" and names <= set(PARTS):
            _close(home)


def _close(path: Path) -> None:
    """Take from others what they may do with a file or a folder; not with what a link points to."""
    with suppress(OSError):  # It was removed meanwhile, or belongs to somebody else.
        mode = path.lstat().st_mode
        if mode & OTHERS and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
