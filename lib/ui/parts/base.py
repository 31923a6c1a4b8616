"""Inline components: parts of a page that the browser draws and updates at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from lib.ui import state

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "(.+)"\n', re.MULTILINE)


def script(main: Path) -> str:
    """Join a module with the modules that it imports, each once and without import lines.

    Streamlit takes one script, so the top-level names of all modules must differ.

    Args:
        main: File of the component's main module.
    """
    found: dict[Path, str] = {}

    def add(path: Path) -> None:
        text = path.read_text("utf-8")
        for name in _IMPORT.findall(text):
            imported = (path.parent / name).resolve()
            if imported not in found:
                add(imported)
        found[path] = _IMPORT.sub("", text)

    add(main.resolve())
    return "\n".join(found.values())


def component(name: str, html: str, *, parts: tuple[str, ...] = ()) -> Any:
    """Register a component made of the shared files and those in its folder.

    Args:
        name: Name of the folder with `style.css` and `main.js`.
        html: Initial content before the script runs, in one section.
        parts: Names of other folders whose modules it imports, for their `style.css`.

    Returns:
        The function that draws it, called with `key`, `data` and callbacks.
    """
    folders = (*parts, name)
    sheets = (_FOLDER / "base.css", *(_FOLDER / each / "style.css" for each in folders))
    return st.components.v2.component(
        f"thaw_{name}",
        html=html,
        css="\n".join(each.read_text("utf-8") for each in sheets),
        js=script(_FOLDER / name / "main.js"),
    )


def said(key: str, name: str) -> Any:
    """Return the last value that a component sent, not validated; None if it sent nothing.

    Args:
        key: Key of the component.
        name: Name of the value.
    """
    values = state.read(key)
    return values.get(name) if isinstance(values, Mapping) else None
