"""The catalogue: all cases by symptom or by cause, and each with its evidence, without the game."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from lib.core.broken import store
from lib.core.broken.cases import CASES, SYMPTOMS
from lib.core.broken.causes import CAUSES, HEALTHY, cause_of
from lib.core.broken.game import EVIDENCE
from lib.core.broken.store import Recorded
from lib.core.runs import Run
from lib.ui import glossary, run_names, state, widgets
from lib.ui.broken import evidence, play, reveal
from lib.ui.parts import base
from lib.ui.parts.run_cards import component as run_cards
from lib.ui.parts.run_cards.component import Card

ORDERS = {"symptom": "By symptom", "cause": "By cause"}


def show(case: str) -> None:
    """Draw the gallery, or the case that is open.

    Args:
        case: Id of a recorded case; "" for the gallery.
    """
    recorded = store.load(case) if case else None
    if recorded:
        _entry(recorded)
    else:
        _gallery()


def _gallery() -> None:
    with st.container(key=state.BROKEN_HEADING):
        st.subheader("Which of these does your run look like?", anchor=False)
    order = st.segmented_control(
        "Order",
        list(ORDERS),
        format_func=lambda key: widgets.quiet(ORDERS[key]),
        key=state.BROKEN_ORDER,
        default="symptom",
        required=True,
        bind="query-params",
        label_visibility="collapsed",
    )
    for title, ids in groups(str(order)).items():
        st.markdown(f"**{title}**")
        cards = [
            Card(id_, _title(recorded, str(order)), _runs(recorded), False)
            for id_ in ids
            if (recorded := store.load(id_))
        ]
        key = f"{state.BROKEN_CARDS}_{order}_{ids[0]}"
        run_cards.show(cards, key, partial(_open_card, key))
    st.caption(
        f"{glossary.term('validation', 'Validation')} accuracy of each run: first the broken one, "
        "then the mended one in green."
    )


def groups(order: str) -> dict[str, list[str]]:
    """Return the recorded cases in groups, each with its title.

    Args:
        order: Key of ORDERS.
    """
    if order == "cause":
        titles = {cause: cause for cause in (*CAUSES, HEALTHY)}
        of_case = {id_: cause_of(CASES[id_].fault) for id_ in play.cases()}
    else:
        titles = SYMPTOMS
        of_case = {id_: CASES[id_].symptom for id_ in play.cases()}
    found = {
        title: [id_ for id_, group in of_case.items() if group == key]
        for key, title in titles.items()
    }
    return {title: ids for title, ids in found.items() if ids}


def _title(recorded: Recorded, order: str) -> str:
    """Return what a card says: what one sees, or what is wrong."""
    fault = recorded.case.what_is_wrong
    return fault.name if fault and order == "cause" else recorded.case.title


def _runs(recorded: Recorded) -> list[Run]:
    both = [recorded.shown, recorded.mended]
    return both[:1] if recorded.case.is_healthy else both


def _entry(recorded: Recorded) -> None:
    case = recorded.case
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(key=state.BROKEN_HEADING):
            st.subheader(case.title, anchor=False)
        st.button(
            "All cases", icon=":material/apps:", key=state.BROKEN_CASE, on_click=play.open_case
        )
    reveal.show(recorded, link=False)
    st.markdown("**The evidence**")
    chosen = st.radio(
        "Evidence",
        list(EVIDENCE),
        format_func=lambda key: EVIDENCE[key].title,
        key=f"{state.BROKEN_EVIDENCE}_of_case",
        horizontal=True,
        label_visibility="collapsed",
    )
    evidence.show(str(chosen), recorded)
    st.caption(f"The run: {run_names.on_screen(recorded.shown.config)}")


def _open_card(key: str) -> None:
    said = base.said(key, "open")
    id_ = str(said.get("id", "")) if isinstance(said, Mapping) else ""
    if id_ in play.cases():
        play.open_case(id_)
