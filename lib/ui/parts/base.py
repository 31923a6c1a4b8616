"""Inline components: parts of a page that the browser draws and answers for at once."""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def component(name: str, html: str) -> Any:
    """A component of the style sheet and the script in its folder, after what all have in common.

    Args:
        name: Of the folder with `style.css` and `main.js`.
        html: What is there before the script has run, in one section.

    Returns:
        What draws it, called with `key`, `data` and its callbacks.
    """

    def joined(*names: str) -> str:
        return "\n".join((_FOLDER / each).read_text("utf-8") for each in names)

    return st.components.v2.component(
        f"thaw_{name}",
        html=html,
        css=joined("base.css", f"{name}/style.css"),
        js=joined("base.js", f"{name}/main.js"),
    )
