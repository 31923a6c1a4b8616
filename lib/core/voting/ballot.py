"""What is asked in a room, and what of it a participant and the host see."""

from dataclasses import dataclass

# On the projector and on phones, so that people can speak of an answer.
LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Question:
    """What a host asks.

    Args:
        name: Which step of which lesson asks it, such as "tour/3".
        text: The question.
        answers: In the order of the screen.
        right: The right answer, counted from 1; None if none is right.
        after: What is said once it is revealed.
        say: What is said before it is asked, without which it may not be understood.
    """

    name: str
    text: str
    answers: tuple[str, ...]
    right: int | None = None
    after: str = ""
    say: str = ""


@dataclass(frozen=True)
class Ballot:
    """What a participant sees of a room.

    Args:
        number: Of the question in this room, from 1; 0 before the first one.
        question: Its text.
        answers: Its answers.
        say: What is said before it.
        own: This participant's answer, counted from 1; None before there is one.
        revealed: True once the host has revealed the answers of all.
        right: The right answer, counted from 1; always None before that.
        after: What is said of it; always "" before that.
        counts: Participants by answer; always empty before that.
    """

    number: int = 0
    question: str = ""
    answers: tuple[str, ...] = ()
    say: str = ""
    own: int | None = None
    revealed: bool = False
    right: int | None = None
    after: str = ""
    counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Board:
    """What the host of a room sees.

    Args:
        code: For participants.
        question: On screen; None before the first one.
        counts: Participants by answer.
        revealed: True once they and the right answer are revealed.
        num_inside: Browsers that have entered.
    """

    code: str
    question: Question | None
    counts: tuple[int, ...]
    revealed: bool
    num_inside: int

    @property
    def num_answers(self) -> int:
        """How many have answered."""
        return sum(self.counts)
