"""Strategy: a few questions about the data, a recommendation, and what happened when tried."""

import streamlit as st

from lib.core import intervals
from lib.core.strategy import rule
from lib.ui import shell, widgets
from lib.ui.parts.strategy_board import component as strategy_board
from lib.ui.strategy import answers as strategy_answers
from lib.ui.strategy import evidence as strategy_evidence
from lib.ui.strategy import launch, page, similarity
from lib.ui.uploads import pickers

shell.page("strategy")


@st.fragment
def instrument() -> None:
    """The questions and what follows from them; a gesture reruns this and nothing else."""
    # --- Controls -----------------------------------------------------------
    ignored = strategy_answers.open_link()
    with st.container(horizontal=True):
        dataset = pickers.dataset_picker()
        backbone = widgets.backbone_picker()
    if ignored:
        st.warning("\n".join(f"- {sentence}" for sentence in ignored), icon=":material/link_off:")

    # --- Numbers ------------------------------------------------------------
    answers = strategy_answers.read(dataset)
    situation = answers.situation
    advice = rule.recommend(situation, backbone.id)

    # --- Result -------------------------------------------------------------
    strategy_board.strategy_board(answers, dataset, backbone.id)
    launch.buttons(advice, situation, dataset, backbone)
    page.tried(advice, situation)
    page.settings(advice)
    page.borders(situation)
    launch.show_tried()
    similarity.show(dataset, situation.similarity)
    strategy_answers.share(answers, backbone.id)


instrument()

# --- Evidence ---------------------------------------------------------------
strategy_evidence.show()

# --- Why --------------------------------------------------------------------
page.attribution()
widgets.show_source(rule.region_of, intervals.crossed_interval)
