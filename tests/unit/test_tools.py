"""`python -m lib.tools` lists the tools."""

import subprocess
import sys
from pathlib import Path

import lib.tools
from lib.tools import __main__

FOLDER = Path(lib.tools.__file__).parent


def test_every_tool_is_listed_with_one_whole_sentence() -> None:
    known = __main__.tools()
    packages = {path.parent.name for path in FOLDER.glob("*/__main__.py")}
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "__main__"}
    assert set(known) == modules | packages
    for name, line in known.items():
        assert line.endswith("."), name
        assert "python -m" not in line, name  # the command follows from the name


def test_the_list_is_printed_one_line_a_tool() -> None:
    command = [sys.executable, "-m", "lib.tools"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    for name, line in __main__.tools().items():
        assert sum(each.startswith(f"{name} ") and each.endswith(line) for each in lines) == 1, name
