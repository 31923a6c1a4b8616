"""The truth table of one step: each row is covered until the reader uncovers it."""

from collections.abc import Callable, Mapping
from typing import Any

from lib.ui.parts import base

_COMPONENT = base.component("step_table", '<section class="steps"></section>')


def show(data: Mapping[str, Any], key: str, on_gesture: Callable[[], None]) -> None:
    """Draw a table of lib.ui.trainable.truth.

    Args:
        data: What to draw.
        key: Of this place on the page.
        on_gesture: Called before the next rerun if the reader has changed something.
    """
    _COMPONENT(key=key, data=data, on_gesture_change=on_gesture, height="content")
