"""What a participant sees: a code to enter, large answers, and the truth once it is revealed."""

from pathlib import Path

import streamlit as st

from lib.core.files import outside_text
from lib.core.voting import ballot
from lib.core.voting.ballot import Ballot
from lib.core.voting.rooms import ALPHABET, CODE_LENGTH
from lib.ui import cache, link, live, state, widgets
from lib.ui.parts.vote_board import component as vote_board
from lib.ui.uploads import reader
from lib.ui.vote import who

STYLE = Path(__file__).parent / "vote.css"
# The server tells of a new question and of the reveal at once. A phone also looks by itself, so
# that one that was asleep does not stay behind.
LOOK_S = 8
# What a code looks like.
EXAMPLE = ALPHABET[:CODE_LENGTH]


def show() -> None:
    """Draw the page of a participant."""
    st.html(STYLE)
    who.votes()
    reader.keep()
    code = _entered()
    widgets.last_problem(state.VOTE_PROBLEM)
    if code:
        _room(code)
    else:
        _form()


def _entered() -> str:
    """The code of the room of the link, which this browser enters; "" where there is none."""
    asked = link.get(state.LINK_ROOM)
    if asked:
        with widgets.attempt(state.VOTE_PROBLEM):
            return cache.rooms().enter(asked, who.votes(), who.address())
        # A reload shows the field again, and is no further try.
        link.drop(state.LINK_ROOM)
    return ""


def _form() -> None:
    with st.form(state.VOTE_FORM, border=False):
        st.text_input(
            "Code on the projector",
            max_chars=2 * CODE_LENGTH,
            key=state.VOTE_CODE,
            placeholder=f"for example {EXAMPLE}",
            autocomplete="off",
        )
        st.form_submit_button(
            "Enter",
            type="primary",
            key=state.VOTE_ENTER,
            width="stretch",
            on_click=_enter,
        )
    st.caption(
        "Nobody asks for your name. Your answer is kept in the memory of the server until the "
        "room is closed."
    )


def _enter() -> None:
    typed = "".join(str(state.read(state.VOTE_CODE, "")).split()).upper()
    state.choose(state.VOTE_CODE, "")
    state.choose(state.VOTE_PROBLEM, None)
    if typed:
        link.put(state.LINK_ROOM, typed)


@st.fragment(run_every=LOOK_S)
def _room(code: str) -> None:
    """Draw what the room sees now."""
    live.follow_room(code)  # Before looking, so that nothing happens in between.
    seen = cache.rooms().ballot(code, who.votes())
    with st.container(key="vote_phone"):
        if seen is None:
            _closed()
        elif not seen.number:
            st.markdown(f"You are in the room **{code}**. The question appears here.")
        elif seen.revealed:
            _truth(seen)
        else:
            _answers(code, seen)


def _closed() -> None:
    st.markdown("The room is closed. Thank you for your answers.")
    if st.button("Enter another code", on_click=link.drop, args=(state.LINK_ROOM,)):
        st.rerun()


def _answers(code: str, seen: Ballot) -> None:
    if seen.say:
        st.markdown(outside_text.sentence_in_markdown(seen.say))
    st.markdown(f"## {outside_text.sentence_in_markdown(seen.question)}")
    for place, text in enumerate(seen.answers, start=1):
        st.button(
            f"**{ballot.LETTERS[place - 1]}** {outside_text.sentence_in_markdown(text)}",
            key=f"{state.VOTE_ANSWER}_{seen.number}_{place}",
            type="primary" if place == seen.own else "secondary",
            width="stretch",
            on_click=_answer,
            args=(code, seen.number, place),
        )
    widgets.last_problem(f"{state.VOTE_ANSWER_PROBLEM}_{seen.number}")
    if seen.own:
        letter = ballot.LETTERS[seen.own - 1]
        st.markdown(f"Your answer: **{letter}**. You can change it until it is revealed.")
    else:
        st.markdown("Choose one. You can change it until it is revealed.")


def _answer(code: str, number: int, place: int) -> None:
    with widgets.attempt(f"{state.VOTE_ANSWER_PROBLEM}_{number}"):
        cache.rooms().answer(code, who.votes(), number, place)


def _truth(seen: Ballot) -> None:
    vote_board.show(
        state.VOTE_BOARD,
        seen.question,
        seen.answers,
        seen.counts,
        own=seen.own,
        right=seen.right,
        after=seen.after,
        revealed=True,
    )
    widgets.last_problem(f"{state.VOTE_ANSWER_PROBLEM}_{seen.number}")
    if seen.own is None:
        st.markdown("You did not answer.")
    st.caption("The next question appears here.")
