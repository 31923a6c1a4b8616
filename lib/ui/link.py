"""The link of a page: what the address says, when that counts, and how a page writes it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from lib.ui import state


def get(name: str) -> str | None:
    """A parameter of the link; None where it is not there."""
    value = st.query_params.get(name)
    return value if isinstance(value, str) and value else None


def put(name: str, value: str) -> None:
    """Put a parameter into the link, so that what is on screen can be shared."""
    st.query_params[name] = value


def drop(name: str) -> None:
    """Take a parameter out of the link."""
    if name in st.query_params:
        del st.query_params[name]


def once(name: str, key: str) -> str | None:
    """A parameter that this session has not opened yet; from then on the choice is the reader's.

    Args:
        name: Of the parameter.
        key: Of the session, for what was opened last.
    """
    asked = get(name)
    if asked is None or asked == state.read(key):
        return None
    state.choose(key, asked)
    return asked


def follow(name: str, value: str, key: str) -> None:
    """Put what is on screen into the link; the arguments `name` and `key` are those of `once`."""
    state.choose(key, value)
    put(name, value)


@dataclass(frozen=True)
class Link:
    """The address of a page as a link to the state on screen.

    Args:
        parameters: Of this page; others stay in the address.
        component: Key of a component that is on screen whenever the page is.
    """

    parameters: tuple[str, ...]
    component: str

    def said(self) -> dict[str, str]:
        """What the address says, by parameter."""
        return {name: value for name in self.parameters if (value := get(name)) is not None}

    def unseen(self, now: object) -> dict[str, str] | None:
        """What the address says, where it is to be opened; None where the session counts.

        A quick second gesture arrives with the link from before the first: what a reader just did
        counts for more than the address. Without a gesture, a new address is a pasted link or the
        browser's back button; an empty one means back only where this page was on screen before.

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
            now: That state.
            parameters: Those that restore it.
            is_first: True for the state that every session begins with, which needs no link.
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
    """A piece of a link as it may be shown: short, and inert in Markdown.

    Example:

    >>> quoted("a`b"), quoted(" ")
    ("`a'b`", 'nothing')
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in text).replace("`", "'")
    return f"`{plain[:40]}`" if plain.strip() else "nothing"


def warn(ignored: Sequence[str]) -> None:
    """Say what was ignored.

    Args:
        ignored: A sentence for each piece of the link; none where all of it was opened.
    """
    if ignored:
        st.warning("\n".join(f"- {sentence}" for sentence in ignored), icon=":material/link_off:")


def caption_unknown(known: Collection[str]) -> None:
    """Say which parameters no page reads.

    Args:
        known: Names of those that some page does.
    """
    if unknown := [quoted(name) for name in st.query_params if name not in known]:
        st.caption(f"Ignored unknown link parameters: {', '.join(unknown[:5])}.")
