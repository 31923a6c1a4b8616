"""The sources of the claims on pages, as docs/sources.md lists them, and how a page names them."""

import re
from pathlib import Path

import streamlit as st

_LIST = Path(__file__).parents[2] / "docs" / "sources.md"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+?), <(https://[^>]+)>", re.MULTILINE)

# key -> (title, address); the list also says what was taken from each.
SOURCES = {key: (title, address) for key, title, address in _ROW.findall(_LIST.read_text("utf-8"))}


def cite(*keys: str) -> None:
    """Where a claim comes from."""
    links = "; ".join(map(link, keys))
    # A caption would fade the links below a contrast of 4.5:1.
    st.markdown(f":small[Source: {links}]")


def link(key: str) -> str:
    """A source in a table: its title as a link; what Thaw measured has no address."""
    if key not in SOURCES:
        return "Thaw's own recorded runs"
    title, address = SOURCES[key]
    return f"[{title}]({address})"
