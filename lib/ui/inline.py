"""Inline components: parts of a page that the browser draws and answers for at once."""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def component(name: str, html: str) -> Any:
    """A component of the style sheet and the script of this name, after the house's own.

    Args:
        name: Of `<name>.css` and `<name>.js` in this folder.
        html: What is there before the script has run, in one section.

    Returns:
        What draws it, called with `key`, `data` and its callbacks.
    """

    def both(ending: str) -> str:
        files = (_FOLDER / f"{stem}.{ending}" for stem in ("inline", name))
        return "\n".join(file.read_text("utf-8") for file in files)

    return st.components.v2.component(f"thaw_{name}", html=html, css=both("css"), js=both("js"))
