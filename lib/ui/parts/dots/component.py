"""A dot for each image: a component the browser draws."""

from collections.abc import Mapping
from typing import Any

from lib.ui.parts import base

_COMPONENT = base.component("dots", '<section class="dots"></section>')


def show(data: Mapping[str, Any], key: str) -> None:
    """Draw a description of lib.ui.parts.dots.payload.

    Args:
        data: What to draw.
        key: Of this place on the page.
    """
    _COMPONENT(key=key, data=data)
