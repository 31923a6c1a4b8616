"""A lecturer's own lesson, kept in the store of their browser and in no other place."""

from collections.abc import Callable

from lib.core.lessons import schema
from lib.ui import state
from lib.ui.parts import base

_COMPONENT = base.component("own_lesson", '<section aria-hidden="true"></section>')


def keep(text: str | None, on_kept: Callable[[], None]) -> None:
    """Store a lesson in the browser, or ask for the one that it has.

    Args:
        text: The lesson's file; "" to forget it; None to ask.
        on_kept: Called with what the browser has in `kept`.
    """
    data = {"text": text, "longest": schema.MAX_FILE_BYTES}
    _COMPONENT(key=state.OWN_LESSON_STORE, data=data, on_kept_change=on_kept)


def kept() -> str:
    """Return what the browser has sent, not checked; "" if nothing."""
    text = base.said(state.OWN_LESSON_STORE, "kept")
    return text if isinstance(text, str) else ""
