"""Zero-shot: recognise a class without one training image of it, from words to a few images."""

import streamlit as st

from lib.core.zero_shot import few_shot, ranking, ridge, words
from lib.ui import link, shell, widgets
from lib.ui.parts.description import component as board
from lib.ui.zero_shot import description, images, photograph, results, today

shell.page("zero_shot")


@st.fragment
def instrument() -> None:
    """Draw the description and what follows from it; a tick reruns only this fragment."""
    # --- Controls and result ------------------------------------------------
    link.warn(description.open_link())
    asked = description.read()
    with st.container():
        above = st.container()
        own = photograph.own()
        with above:
            board.show(asked, own)
    photograph.attribution()
    description.share(asked)
    results.how()

    # --- How often ----------------------------------------------------------
    results.show(asked)


instrument()

# --- Names, and a few images --------------------------------------------------
images.show()
with st.container(border=True):
    images.own()

# --- What is done today -------------------------------------------------------
today.clip()
today.strategies_table()

# --- Why ----------------------------------------------------------------------
widgets.show_source(ridge.fit, ranking.rank, words.log_odds, few_shot.nearest_mean)
