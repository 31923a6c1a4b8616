"""The component in which answers, images to choose from and code are drawn in the browser."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "thaw_prediction",
    html='<section class="prediction"></section>',
    css=(_FOLDER / "prediction.css").read_text("utf-8"),
    js=(_FOLDER / "prediction.js").read_text("utf-8"),
)


def _nothing() -> None:
    """What happens where nothing can be chosen."""


def show(data: Mapping[str, Any], key: str, on_choice: Callable[[], None] = _nothing) -> None:
    """Draw a description: of lib.figures.prediction, or `kind` "code" with `label` and `text`.

    Args:
        data: What to draw.
        key: Of this place on the page.
        on_choice: Called before the next run where the reader chose something.
    """
    _COMPONENT(key=key, data=data, on_choice_change=on_choice, height="content")
