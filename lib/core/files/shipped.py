"""The folder of files that ship with Thaw: layer tables, samples, recorded runs, measurements."""

from importlib import resources
from pathlib import Path

# lib/core/data. Tools write it (CONTRIBUTING.md, "What ships with the app"); pages only read it.
DATA = Path(str(resources.files("lib.core") / "data"))
