"""The reader's key, kept in a cookie of their browser."""

from collections.abc import Callable

from lib.ui.parts import base

_COMPONENT = base.component("reader_cookie", '<section aria-hidden="true"></section>')


def keep(
    widget: str,
    cookie: str,
    key: str,
    pattern: str,
    seconds: int,
    on_other: Callable[[], None],
) -> None:
    """Store a key, unless the browser already has one.

    Args:
        widget: Streamlit key, which then holds a valid key that the browser has.
        cookie: Name of the cookie.
        key: The key to store.
        pattern: Regular expression of a valid key.
        seconds: Lifetime of the cookie.
        on_other: Called if the browser has another valid key.
    """
    data = {"cookie": cookie, "key": key, "pattern": pattern, "seconds": seconds}
    _COMPONENT(key=widget, data=data, on_key_change=on_other)
