"""What each choice of a comparison gains or loses against the head alone on one's own images."""

from collections.abc import Mapping

import streamlit as st

from lib.core.strategy import outcome
from lib.core.strategy.outcome import Judged
from lib.figures.strategy import gains
from lib.figures.strategy.gains import Row
from lib.ui import glossary, shell, widgets


def show(judged: Mapping[str, Judged]) -> None:
    """Show the gains with a sentence above them, on demand.

    Args:
        judged: Key of evidence.WAYS -> its finished run; nothing is shown without a head.
    """
    found = outcome.choices(judged)
    if not found:
        return
    rows = [
        Row(each.title, each.difference.difference, each.difference.low, each.difference.high)
        for each in found
    ]
    with st.expander("What each choice gains or loses here", icon=":material/balance:"):
        st.markdown(f"**{outcome.in_words(found)}**")
        widgets.plot(
            gains.rows(rows, "minus head only, points", dark=shell.is_dark()),
            "choices_compared",
            gains.rows_alt(rows),
        )
        st.caption(
            glossary.offered(
                "From thawing little to thawing everything. Lines are 95 % intervals over the test "
                "images; a hollow mark may be chance.",
                *("test_images", "interval"),
            )
        )
