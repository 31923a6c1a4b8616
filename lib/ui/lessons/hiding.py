"""A small panel that makes a link to the page as it is, with some of its parts hidden."""

from urllib.parse import urlencode

import streamlit as st

from lib.ui import link, state
from lib.ui.lessons import parts


def panel(page: str) -> None:
    """Draw the panel, where the page has parts to name and no lesson decides what is shown.

    Args:
        page: Key of PAGES.
    """
    if page in parts.PARTS and link.get(state.LESSON) is None:
        _panel(page)


@st.fragment
def _panel(page: str) -> None:
    box = st.popover(
        "Link for a lecture",
        icon=":material/visibility_off:",
        key=f"{state.HIDE_PANEL}_{page}",
        on_change="rerun",
        width="stretch",
    )
    if not box.open:
        return
    with box:
        said = (link.get(state.HIDE) or "").split(",")
        names = list(parts.of(page))
        hidden = st.multiselect(
            "Parts to hide",
            names,
            [name for name in names if name in said],
            format_func=lambda name: name.replace("_", " "),
            key=f"{state.HIDE_PARTS}_{page}",
            persist_state="session",  # also while the panel is closed
        )
        large = st.toggle(
            "Large type",
            bool(link.get(state.PRESENT)),
            key=f"{state.HIDE_LARGE}_{page}",
            persist_state="session",
        )
        st.markdown("The page as it is now, without these parts:")
        st.code(
            address(st.query_params.to_dict(), hidden, large=large), language=None, wrap_lines=True
        )


def address(now: dict[str, str], hidden: list[str], *, large: bool) -> str:
    """Return the address of the page with some parts hidden.

    Args:
        now: The parameters of the page as it is.
        hidden: Names of parts.
        large: True for large type.
    """
    said = {name: value for name, value in now.items() if name not in (state.HIDE, state.PRESENT)}
    if hidden:
        said[state.HIDE] = ",".join(hidden)
    if large:
        said[state.PRESENT] = "1"
    url = (st.context.url or "").partition("?")[0]
    return url + (f"?{urlencode(said, safe=',')}" if said else "")
