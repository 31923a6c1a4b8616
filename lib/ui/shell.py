"""The frame of every page: title, navigation and heading, from one registry."""

from pathlib import Path

import streamlit as st

from lib.core.lessons import schema
from lib.ui import link, pages, state
from lib.ui.lessons import guide, hiding, own
from lib.ui.pages import PageSpec
from lib.ui.parts.frame import component as frame

PAGES = pages.PAGES
# Of the tab: frozen layers, and one that has thawed.
ICON = Path(__file__).parent / "icon.svg"
# The look of Streamlit's own elements, and what a projector needs in addition.
STYLE, PRESENT_STYLE = (Path(__file__).parent / name for name in ("shell.css", "present.css"))
# In pixels: wide enough for the longest title on one line, and no wider.
SIDEBAR_WIDTH = 242


def page(name: str) -> PageSpec:
    """Draw the frame of a page. Every page calls this first.

    Args:
        name: Key of PAGES.
    """
    spec = PAGES[name]
    state.enter(name)
    home = name == "home"
    st.set_page_config(
        page_title="Thaw" if home else f"{spec.title} · Thaw",
        page_icon=ICON,
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
    )
    with st.sidebar:
        st.markdown("## Thaw")
        own.panel(name)
        _navigation()
        hiding.panel(name)
    st.html(STYLE)
    if link.get(state.PRESENT):
        st.html(PRESENT_STYLE)
    guide.show(name)
    with st.container(key="heading", gap=None):
        st.title(spec.title, anchor=False)
        st.markdown(f":gray[{spec.subtitle}]")
        frame.show()
    link.keep_place_for_notices()
    guide.hide(name)
    # After a change of page, the parameters of the previous page may still be in the link.
    known = [name for each in PAGES.values() for name in each.parameters]
    link.caption_unknown([*schema.GUIDE_PARAMETERS, *known])
    return spec


def _navigation() -> None:
    """Draw the links to all pages, in their groups."""
    for group in ("", *pages.GROUPS):
        if group:
            st.caption(pages.GROUPS[group])
        for other in PAGES.values():
            if other.listed and other.group == group:
                label = "Home" if other is PAGES["home"] else other.title
                st.page_link(other.path, label=label, icon=other.icon, width="stretch")


def is_dark() -> bool:
    """Return True if the reader sees the dark theme."""
    return st.context.theme.type == "dark"
