"""Strategy: a few questions about the data, a recommendation, and what happened when tried."""

import streamlit as st

from lib.core.strategy import evidence, rule
from lib.ui import (
    components,
    shell,
    similarity_view,
    strategy_board,
    strategy_evidence,
    strategy_state,
    strategy_try,
    strategy_view,
)

shell.page("strategy")


@st.fragment
def instrument() -> None:
    """The questions and what follows from them; a gesture reruns this and nothing else."""
    # --- Controls -----------------------------------------------------------
    ignored = strategy_state.open_link()
    with st.container(horizontal=True):
        dataset = components.dataset_picker()
        backbone = components.backbone_picker()
    if ignored:
        st.warning("\n".join(f"- {sentence}" for sentence in ignored), icon=":material/link_off:")

    # --- Numbers ------------------------------------------------------------
    answers = strategy_state.read(dataset)
    situation = answers.situation
    advice = rule.recommend(situation, backbone.id)

    # --- Result -------------------------------------------------------------
    strategy_board.strategy_board(answers, dataset, backbone.id)
    strategy_try.buttons(advice, situation, dataset, backbone)
    strategy_view.tried(advice, situation)
    strategy_view.settings(advice)
    strategy_view.borders(situation)
    strategy_try.show_tried()
    similarity_view.show(dataset, situation.similarity)
    strategy_state.share(answers, backbone.id)


instrument()

# --- Evidence ---------------------------------------------------------------
strategy_evidence.show()

# --- Why --------------------------------------------------------------------
strategy_view.attribution()
components.show_source(rule.region_of, evidence.interval)
