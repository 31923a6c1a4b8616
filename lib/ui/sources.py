"""The sources of claims on pages, read from docs/sources.md, and how a page cites them."""

import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

_LIST = Path(__file__).parents[2] / "docs" / "sources.md"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+?), <(https://[^>]+)>", re.MULTILINE)

# key -> (title, address); the list also says what was used from each source.
SOURCES = {key: (title, address) for key, title, address in _ROW.findall(_LIST.read_text("utf-8"))}

# Title, text, and the keys of its sources.
Lesson = tuple[str, str, tuple[str, ...]]


def cite(*keys: str) -> None:
    """Show the sources of a claim."""
    links = "; ".join(map(link, keys))
    # A caption would fade the links below a contrast of 4.5:1.
    st.markdown(f":small[Source: {links}]")


def link(key: str) -> str:
    """Return the title of a source as a link for a table; Thaw's own runs have no address."""
    if key not in SOURCES:
        return "Thaw's own recorded runs"
    title, address = SOURCES[key]
    return f"[{title}]({address})"


def lessons(of_page: Sequence[Lesson]) -> None:
    """Show the short lessons below a page in two columns, each with its sources."""
    columns = st.columns(2)
    for position, (title, text, keys) in enumerate(of_page):
        with columns[position % 2].expander(title):
            st.markdown(text)
            cite(*keys)
