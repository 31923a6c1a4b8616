"""The link of a page: how a page reads its parameters, when they apply, and how it writes them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from lib.ui import state


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
        precedence over the address. Without a gesture, a new address is a pasted link or the
        browser's back button; an empty one means "back" only if this page was on screen before.

        Args:
            now: The state of the session.
        """
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
            st.query_params.from_dict(others | link)


# --- What is wrong with a link ----------------------------------------------------------------


def quoted(text: str) -> str:
    """Return a part of a link so that it is safe to show: short, and inert in Markdown.

    Example:

    >>> quoted("a`b"), quoted(" ")
    ("`a'b`", 'nothing')
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in text).replace("`", "'")
    return f"`{plain[:40]}`" if plain.strip() else "nothing"


def warn(ignored: Sequence[str]) -> None:
    """Show which parts of the link were ignored.

    Args:
        ignored: A sentence for each ignored part; empty if the whole link was opened.
    """
    if ignored:
        st.warning("\n".join(f"- {sentence}" for sentence in ignored), icon=":material/link_off:")


def caption_unknown(known: Collection[str]) -> None:
    """Show which parameters of the link are unknown to every page.

    Args:
        known: Names of the parameters that some page reads.
    """
    if unknown := [quoted(name) for name in st.query_params if name not in known]:
        st.caption(f"Ignored unknown link parameters: {', '.join(unknown[:5])}.")
