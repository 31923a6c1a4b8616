"""The component that draws predictions, images to choose from, and code in the browser."""

from collections.abc import Callable, Mapping
from typing import Any

from lib.ui.parts import base

_COMPONENT = base.component("prediction", '<section class="prediction"></section>')


def _nothing() -> None:
    """Do nothing: the callback of a component without choices."""


def show(data: Mapping[str, Any], key: str, on_choice: Callable[[], None] = _nothing) -> None:
    """Draw a description of payload.py, or one of `kind` "code" with `label` and `text`.

    Args:
        data: The description to draw.
        key: Streamlit key.
        on_choice: Called before the next rerun if the reader has chosen something.
    """
    _COMPONENT(key=key, data=data, on_choice_change=on_choice)
