"""Names in an archive that are no names of classes."""

import re
from collections.abc import Sequence

# What file managers, archivers and editors leave behind: nothing of the reader's, and nothing is
# said of it.
JUNK = frozenset(
    {
        *("__macosx", ".ds_store", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd"),
        *(".directory", "thumbs.db", "desktop.ini", ".git", ".ipynb_checkpoints"),
    }
)
# Where a path begins that is not within another folder.
ROOT = re.compile(r"|[A-Za-z]:")


def is_junk(name: str) -> bool:
    """True for what the reader did not put there.

    Example:

    >>> is_junk("__MACOSX"), is_junk("._cat.png"), is_junk("cat.png")
    (True, True, False)
    """
    return name.lower() in JUNK or name.startswith("._")


def leads_out(parts: Sequence[str]) -> bool:
    """True for a path that does not stay in the folder to which it is unpacked.

    Args:
        parts: What is between its slashes.

    Example:

    >>> leads_out(["", "etc"]), leads_out(["C:", "cat"]), leads_out(["a", ".."])
    (True, True, True)
    >>> leads_out(["cat", "1.png"])
    False
    """
    return ".." in parts or (len(parts) > 1 and bool(ROOT.fullmatch(parts[0])))


def can_name_a_class(name: str) -> bool:
    """True where a folder of that name is taken for a class.

    Example:

    >>> can_name_a_class("cat"), can_name_a_class("Thumbs.db"), can_name_a_class("A:")
    (True, False, False)
    """
    return not is_junk(name) and not leads_out([name, "a file"])
