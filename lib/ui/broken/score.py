"""The score of a round, and its cases once more."""

from dataclasses import replace

import streamlit as st

from lib.core.broken import game
from lib.core.broken.cases import CASES
from lib.core.broken.causes import cause_of
from lib.core.broken.game import EVIDENCE, Game, Turn
from lib.ui import state
from lib.ui.broken import play


def show(now: Game) -> None:
    """Draw the score, the review, and the way to the next round.

    Args:
        now: A round that is over.
    """
    right = {id_: play.right(id_) for id_ in now.cases}
    most = game.POINTS_RIGHT * len(now.cases)
    found = sum(turn.answer == right[id_] for id_, turn in zip(now.cases, now.turns, strict=True))
    with st.container(key=state.BROKEN_HEADING):
        score = f"{now.score(right)}".replace("-", "−")
        st.subheader(f"{score} of {most} points", anchor=False)
    st.markdown(
        f"You found {found} of {len(now.cases)} in round {now.seed}. Whoever opens round "
        f"{now.seed} gets the same cases; your answers are in the link of this page and nowhere "
        "else."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        following = now.seed % game.MAX_SEED + 1
        st.button(
            f"Play round {following}",
            type="primary",
            icon=":material/arrow_forward:",
            key=state.BROKEN_NEW,
            on_click=_begin,
            args=(following,),
        )
        st.button(
            f"Round {now.seed} from its beginning",
            type="tertiary",
            icon=":material/replay:",
            key=f"{state.BROKEN_NEW}_again",
            on_click=_begin,
            args=(now.seed,),
        )
    for place, (id_, turn) in enumerate(zip(now.cases, now.turns, strict=True), start=1):
        with st.container(border=True, gap="xsmall"):
            _review(place, id_, turn)


def _review(place: int, id_: str, turn: Turn) -> None:
    """Show a case of the round: the answer, what the player said and asked, and its entry."""
    right, case = play.right(id_), CASES[id_]
    points = play.signed(turn.points(right))
    said = "" if turn.answer == right else f"You said: ~~{play.ANSWERS[turn.answer]}~~. "
    asked = ", ".join(EVIDENCE[key].title for key in turn.evidence)
    with_what = f"Evidence: {asked}." if asked else "No evidence."
    cause = "" if case.is_healthy else f" Cause: {cause_of(case.fault).lower()}."
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.markdown(f"**{place}. {play.ANSWERS[right]}**, {points} points")
            st.markdown(f":small[{said}{with_what}{cause}]")
        st.button(
            "In the catalogue",
            type="tertiary",
            icon=":material/menu_book:",
            key=f"{state.BROKEN_CASE}_{place}",
            on_click=play.open_case,
            args=(id_,),
        )


def _begin(seed: int) -> None:
    """Begin another round: in callbacks."""
    play.write(replace(play.read(), game=play.new(seed)))
