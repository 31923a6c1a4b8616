"""The page without its frame: the game or the catalogue, whichever the reader chose."""

from dataclasses import replace

import streamlit as st

from lib.ui import state, widgets
from lib.ui.broken import case, catalogue, play, score
from lib.ui.parts.focus import component as focus


@st.fragment
def show() -> None:
    """Draw what is on screen; a gesture reruns only this fragment."""
    now = play.read()
    if not play.cases():
        st.markdown("The recorded cases will be here. This copy of Thaw came without them.")
        return
    state.choose(state.BROKEN_PART, now.part)
    st.segmented_control(
        "Part of the page",
        list(play.PARTS),
        format_func=lambda part: widgets.quiet(play.PARTS[part]),
        key=state.BROKEN_PART,
        required=True,
        on_change=_choose_part,
        label_visibility="collapsed",
    )
    target = state.BROKEN_HEADING
    if now.part == play.CATALOGUE:
        catalogue.show(now.case)
        on = now.case or now.part
    elif now.game.over:
        score.show(now.game)
        on = "score"
    else:
        case.show(now.game)
        times, _ = case.asked()
        on = f"{now.game.seed} {now.game.place} {bool(now.game.turn.answer)} {times}"
        if now.game.turn.evidence and not now.game.turn.answer:
            target = state.BROKEN_SHOWN
    focus.show(on, state.BROKEN_FOCUS, target)
    play.share()


def _choose_part() -> None:
    part = state.read(state.BROKEN_PART)
    play.write(replace(play.read(), part=str(part), case=""))
