"""The link of a page: how a page reads its parameters, when they apply, and how it writes them."""

from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from lib.core.files import outside_text
from lib.ui import live, state


def get(name: str) -> str | None:
    """Return a parameter of the link; None if it is missing or empty."""
    value = st.query_params.get(name)
    return value if isinstance(value, str) and value else None


def put(name: str, value: str) -> None:
    """Set a parameter of the link, so that the page can be shared as it is shown."""
    st.query_params[name] = value


def drop(name: str) -> None:
    """Remove a parameter from the link."""
    if name in st.query_params:
        del st.query_params[name]


def once(name: str, key: str) -> str | None:
    """Return a parameter that this session has not opened yet; later the reader's choice counts.

    Args:
        name: Name of the parameter.
        key: Session key of the value that was opened last.
    """
    asked = get(name)
    if asked is None or asked == state.read(key):
        return None
    state.choose(key, asked)
    return asked


def follow(name: str, value: str, key: str) -> None:
    """Write the value on screen into the link; `name` and `key` are those of `once`."""
    state.choose(key, value)
    put(name, value)


@dataclass(frozen=True)
class Link:
    """The address of a page as a link to the state on screen.

    Args:
        parameters: Names of this page's parameters; all others stay in the address.
        component: Key of a component that is always on this page.
    """

    parameters: tuple[str, ...]
    component: str

    def said(self) -> dict[str, str]:
        """Return the values in the address by parameter."""
        return {name: value for name in self.parameters if (value := get(name)) is not None}

    def unseen(self, now: object) -> dict[str, str] | None:
        """Return the values in the address if they should be opened; None if the session counts.

        A quick second gesture arrives with the link from before the first one, so a gesture takes
        precedence over the address, and so does a button: what is pressed acts on what is on
        screen. A pasted link and the browser's back button, which are all that is left, rerun the
        whole page and never a fragment alone; an empty address means "back" only if this page was
        on screen before.

        Args:
            now: The state of the session.
        """
        if live.is_rerun_alone():
            return None
        session, said = st.session_state, self.said()
        acted = session.get(f"{self.component}_shown") not in (None, now)
        was_here = self.component in session
        is_new = said != session.get(f"{self.component}_link", {}) and bool(said or was_here)
        return said if is_new and not acted else None

    def share(self, now: object, parameters: Mapping[str, str], *, is_first: bool) -> None:
        """Make the address a link to the state on screen.

        Args:
            now: The state on screen.
            parameters: The parameters that restore it.
            is_first: True for the initial state of every session, which needs no link.
        """
        said = self.said()
        link = {} if is_first and not said else dict(parameters)
        state.choose(f"{self.component}_link", link)
        state.choose(f"{self.component}_shown", now)
        if link != said:
            address = st.query_params.to_dict()
            others = {name: address[name] for name in address if name not in self.parameters}
            try:
                # All at once: the browser's back button then undoes one gesture.
                st.query_params.from_dict(others | link)
            except StreamlitAPIException:
                # One of the others is bound to a widget, which alone may set it.
                for name in said.keys() - link.keys():
                    drop(name)
                st.query_params.update(link)


# --- What is wrong with a link ----------------------------------------------------------------


def quoted(text: str) -> str:
    """Return a part of a link so that it is safe to show: short, and inert in Markdown.

    Example:

    >>> quoted("a`b"), quoted(" ")
    ('`` a`b ``', 'nothing')
    """
    return outside_text.in_markdown(outside_text.shown(text, 40)) if text.strip() else "nothing"


# Under the heading of the page that is being drawn, wherever on it the link is read.
_NOTICES: ContextVar[DeltaGenerator | None] = ContextVar("notices", default=None)


def keep_place_for_notices() -> None:
    """Keep a place here for what `warn` says; a page without a warning does not show it."""
    _NOTICES.set(st.container(gap="xsmall"))


def warn(ignored: Sequence[str]) -> None:
    """Show which parts of the link were ignored, under the heading of the page.

    Args:
        ignored: A sentence for each ignored part; empty if the whole link was opened.
    """
    if not ignored:
        return
    words = "\n".join(f"- {sentence}" for sentence in ignored)
    place = _NOTICES.get()
    (st if place is None else place).warning(words, icon=":material/link_off:")


def caption_unknown(known: Collection[str]) -> None:
    """Show which parameters of the link are unknown to every page.

    Args:
        known: Names of the parameters that some page reads.
    """
    if unknown := [quoted(name) for name in st.query_params if name not in known]:
        st.caption(f"Ignored unknown link parameters: {', '.join(unknown[:5])}.")
