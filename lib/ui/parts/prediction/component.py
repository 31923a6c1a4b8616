"""The component in which answers, images to choose from and code are drawn in the browser."""

from collections.abc import Callable, Mapping
from typing import Any

from lib.ui.parts import base

_COMPONENT = base.component("prediction", '<section class="prediction"></section>')


def _nothing() -> None:
    """What happens where nothing can be chosen."""


def show(data: Mapping[str, Any], key: str, on_choice: Callable[[], None] = _nothing) -> None:
    """Draw a description of payload.py, or one of `kind` "code" with `label` and `text`.

    Args:
        data: What to draw.
        key: Of this place on the page.
        on_choice: Called before the next run where the reader chose something.
    """
    _COMPONENT(key=key, data=data, on_choice_change=on_choice, height="content")
