"""The question of a room with its bars; on the projector also its code and a QR code.

Question and answers may come from a lecturer's own lesson: the browser shows them as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lib.core.voting import ballot
from lib.ui.parts import base

_COMPONENT = base.component("vote_board", '<section class="vote-board"></section>')


@dataclass(frozen=True)
class Door:
    """How phones come in.

    Args:
        code: Of the room.
        address: To type, without "http://"; "" where phones cannot come in.
        modules: The QR code, a row of "0" and "1" for each row of modules; empty for none.
        closed: Why phones cannot come in and what helps, a paragraph each; of two, a command stands
            between them.
        command: That command.
    """

    code: str
    address: str = ""
    modules: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    command: str = ""


def show(
    key: str,
    question: str,
    answers: Sequence[str],
    counts: Sequence[int],
    *,
    say: str = "",
    num_inside: int = 0,
    own: int | None = None,
    right: int | None = None,
    after: str = "",
    revealed: bool = False,
    bars: bool = True,
    door: Door | None = None,
) -> None:
    """Draw the question.

    Args:
        key: Streamlit key.
        question: Its text.
        answers: Its answers.
        counts: Participants by answer.
        say: What is said before the question.
        num_inside: Browsers that have entered; 0 where that is not said.
        own: The reader's own answer, counted from 1.
        right: The right answer, counted from 1, once it is revealed.
        after: What is said of it, once it is revealed.
        revealed: True once it is.
        bars: False to hide how many gave which answer.
        door: On the projector.
    """
    _COMPONENT(
        key=key,
        data={
            "say": say,
            "question": question,
            "answers": [
                {
                    "letter": ballot.LETTERS[place - 1],
                    "text": text,
                    "count": count if bars else None,
                    "own": place == own,
                    "right": place == right,
                }
                for place, (text, count) in enumerate(zip(answers, counts, strict=True), start=1)
            ],
            "answered": sum(counts),
            "inside": num_inside,
            "revealed": revealed,
            "after": after,
            "door": vars(door) if door else None,
        },
    )
