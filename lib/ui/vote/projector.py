"""What the host of a room shows on the projector: code, QR code, question, bars, and the truth."""

from functools import lru_cache
from pathlib import Path
from typing import Protocol

import segno
import streamlit as st

from lib.core.voting import address
from lib.core.voting.address import Address
from lib.core.voting.ballot import Board, Question
from lib.ui import cache, live, state, widgets
from lib.ui.parts.vote_board import component as vote_board
from lib.ui.uploads import reader
from lib.ui.vote import who

STYLE = Path(__file__).parent / "vote.css"
# The server tells of answers at once; this is for what it could not tell.
LOOK_S = 2
COMMAND = "streamlit run app.py --server.address 0.0.0.0"


class Asks(Protocol):
    """A step of a lesson that has a question."""

    @property
    def question(self) -> str:
        """The question."""

    @property
    def answers(self) -> tuple[str, ...]:
        """Its answers."""

    @property
    def right(self) -> int | None:
        """The right one, counted from 1; 0 or None if none is."""

    @property
    def after(self) -> str:
        """What is said once it is revealed."""

    @property
    def say(self) -> str:
        """What is said before it is asked."""


def offer(lesson_id: str, step_number: int, step: Asks) -> bool:
    """Let the reader ask the room the question of a step, and show the vote while there is one.

    Args:
        lesson_id: Id of the lesson.
        step_number: Number of the step in its link.
        step: A step with a question.

    Returns:
        True once the room has seen the answer to this question.
    """
    name = f"{lesson_id}/{step_number}"
    question = Question(name, step.question, step.answers, step.right or None, step.after, step.say)
    _offer(question)
    board = _board()
    return bool(board and board.question == question and board.revealed)


@st.fragment
def _offer(question: Question) -> None:
    st.html(STYLE)
    if who.asks():
        reader.keep(state.VOTE_ASK)
    board = _board()
    if board and board.question == question:
        _vote(question)
    else:
        st.button(
            "Ask the room",
            type="tertiary",
            icon=":material/how_to_vote:",
            key=state.VOTE_ASK,
            on_click=_ask,
            args=(question,),
            help="Phones answer, and the answers grow on the projector.",
        )
        widgets.last_problem(state.VOTE_ASK_PROBLEM)


@st.fragment(run_every=LOOK_S)
def _vote(question: Question) -> None:
    """Draw the vote: over the page, or as one line above it."""
    board = _board()
    if board is None or board.question != question:
        st.rerun()
    live.follow_room(board.code, as_host=True)
    if state.read(state.VOTE_AWAY) == question.name:
        _line(board)
    else:
        _panel(question, board)


def _panel(question: Question, board: Board) -> None:
    with st.container(key="vote_panel"):
        vote_board.show(
            state.VOTE_BOARD,
            question.text,
            question.answers,
            board.counts,
            say="" if board.revealed else question.say,
            num_inside=board.num_inside,
            right=question.right if board.revealed else None,
            after=question.after,
            revealed=board.revealed,
            bars=board.revealed or state.read(state.VOTE_BARS) is not False,
            door=_door(board.code),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if not board.revealed:
                st.button(
                    "Reveal the answer",
                    type="primary",
                    key=state.VOTE_REVEAL,
                    on_click=_reveal,
                )
            away = st.button(
                "Show the page",
                type="primary" if board.revealed else "secondary",
                key=state.VOTE_SHOW_PAGE,
            )
            st.button("Close the room", key=state.VOTE_CLOSE, on_click=_close)
            if not board.revealed:
                st.toggle("Show the bars", value=True, key=state.VOTE_BARS, persist_state="session")
    if away:
        state.choose(state.VOTE_AWAY, question.name)
        # All of it: the page may have waited for the truth.
        st.rerun()


def _line(board: Board) -> None:
    with st.container(key="vote_line", horizontal=True, vertical_alignment="center"):
        answers = "1 answer" if board.num_answers == 1 else f"{board.num_answers} answers"
        st.markdown(f"Room **{board.code}**: {answers}.", width="content")
        st.button(
            "Show the vote",
            type="tertiary",
            key=state.VOTE_SHOW,
            on_click=state.choose,
            args=(state.VOTE_AWAY, None),
        )


def _door(code: str) -> vote_board.Door:
    """How phones come in, or what has to be done first."""
    found = _address()
    if found.is_open:
        return vote_board.Door(code, found.to_type, _modules(found.with_code(code)))
    if not found.url:
        why = (
            "Phones cannot come in: this machine is in no network. Connect it to the network of "
            "the room, and open this page again."
        )
        return vote_board.Door(code, closed=(why,))
    why = (
        "Phones cannot come in yet: this server listens on this machine only. Start it with this "
        "command:"
    )
    return vote_board.Door(
        code, closed=(why, f"Phones then find it at {found.url}."), command=COMMAND
    )


def _address() -> Address:
    page = str(state.read(state.PAGE, "home"))
    return address.find(
        st.context.url or "",
        "" if page == "home" else page,
        st.get_option("server.address") or "",
        st.get_option("browser.serverAddress") or "",
        address.of_this_machine(),
    )


@lru_cache(maxsize=32)
def _modules(text: str) -> tuple[str, ...]:
    """The modules of a QR code, a row of "0" and "1" each."""
    rows = segno.make_qr(text, error="m").matrix
    return tuple("".join("1" if module else "0" for module in row) for row in rows)


# --- What the host does ---------------------------------------------------------------------------


def _board() -> Board | None:
    return cache.rooms().board(_key())


def _key() -> str:
    """The key of this reader's room; it never leaves the server."""
    return cache.rooms().key_of(who.asks())


def _ask(question: Question) -> None:
    with widgets.attempt(state.VOTE_ASK_PROBLEM):
        key = cache.rooms().open(who.votes(), who.address())
        cache.rooms().ask(key, question)
        state.choose(state.VOTE_AWAY, None)


def _reveal() -> None:
    with widgets.attempt(state.VOTE_ASK_PROBLEM):
        cache.rooms().reveal(_key())


def _close() -> None:
    with widgets.attempt(state.VOTE_ASK_PROBLEM):
        cache.rooms().close(_key())
