"""Inline components: parts of a page that the browser draws and answers for at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from lib.ui import state

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "(.+)"\n', re.MULTILINE)


def script(main: Path) -> str:
    """A module after the modules that it imports, each once and without its imports.

    Streamlit takes one text, so the top-level names of all of them have to differ.

    Args:
        main: File of the module that draws the component.
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


def component(name: str, html: str) -> Any:
    """A component of the style sheet and the modules in its folder, and of what all have in common.

    Args:
        name: Of the folder with `style.css` and `main.js`.
        html: What is there before the script has run, in one section.

    Returns:
        What draws it, called with `key`, `data` and its callbacks.
    """
    sheets = (_FOLDER / "base.css", _FOLDER / name / "style.css")
    return st.components.v2.component(
        f"thaw_{name}",
        html=html,
        css="\n".join(each.read_text("utf-8") for each in sheets),
        js=script(_FOLDER / name / "main.js"),
    )


def said(key: str, name: str) -> Any:
    """What the browser said last in a component, perhaps nonsense; None where it said nothing.

    Args:
        key: Of the component.
        name: Of the value.
    """
    values = state.read(key)
    return values.get(name) if isinstance(values, Mapping) else None
