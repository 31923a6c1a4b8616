"""Strategy: a few questions about the data, a recommendation, and what recorded runs showed."""

import streamlit as st

from lib.core import intervals
from lib.core.strategy import rule
from lib.ui import link, shell, widgets
from lib.ui.parts.strategy_board import component as strategy_board
from lib.ui.strategy import answers, compare, launch, page, questions, similarity
from lib.ui.uploads import pickers

shell.page("strategy")


@st.fragment
def instrument() -> None:
    """Draw the questions and what follows from them; a gesture reruns only this fragment."""
    # --- Controls -----------------------------------------------------------
    ignored = answers.open_link()
    with st.container(horizontal=True):
        dataset = pickers.dataset_picker()
        backbone = widgets.backbone_picker()
    link.warn(ignored)

    # --- Numbers ------------------------------------------------------------
    given = answers.read(dataset)
    situation = given.situation
    advice = rule.recommend(situation, backbone.id)

    # --- Result -------------------------------------------------------------
    compare.show(situation, dataset, backbone)
    strategy_board.show(given, dataset, backbone.id)
    launch.buttons(advice, situation, dataset, backbone)
    page.tried(advice, situation)
    similarity.show(dataset, situation.similarity)

    # --- Why ----------------------------------------------------------------
    page.settings(advice)
    page.where_borders_lie(situation)
    answers.share(given, backbone.id)


instrument()

# --- Evidence ---------------------------------------------------------------
with st.container(key="strategy_evidence"):
    questions.show()

# --- Why --------------------------------------------------------------------
page.attribution()
widgets.show_source(rule.region_of, intervals.folded_difference)
