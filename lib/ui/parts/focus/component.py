"""The keyboard's focus goes to the heading of what a gesture has brought."""

from lib.ui.parts import base

_COMPONENT = base.component("focus", '<section aria-hidden="true"></section>')


def show(on: str, key: str, target: str) -> None:
    """Focus a heading once what is on screen has changed; not when the page opens.

    A button that goes away takes the focus with it, and the keyboard would begin again at the top.

    Args:
        on: What is on screen; another text moves the focus.
        key: Key of this place on the page, which must stay while the page is open.
        target: Key of the container with the heading.
    """
    _COMPONENT(key=key, data={"on": on, "target": target})
