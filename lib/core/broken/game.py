"""The diagnosis game: a round of recorded cases, what a piece of evidence costs, and the score.

A round is five cases in an order that its seed decides, so that everybody with its link plays the
same one. Everything that a player did is one value, which the link holds; nothing else is stored.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

CASES_A_ROUND = 5
MAX_SEED = 9_999
# All nine pieces of evidence together cost less than a right answer gives, so it is never wrong to
# look; a wrong answer costs so much that guessing among the answers loses points.
POINTS_RIGHT, COST_OF_EVIDENCE, COST_OF_WRONG = 10, 1, 3
# How many answers a case offers, "nothing is wrong" among them.
NUM_ANSWERS = 7
# The answer that nothing is wrong.
NOTHING = "nothing"


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence that a player may ask for.

    Args:
        letter: Stands for it in the link.
        title: Label of its button.
        says: What it shows, one sentence.
    """

    letter: str
    title: str
    says: str


EVIDENCE: dict[str, Evidence] = {
    "train": Evidence(
        "t",
        "Training images, evaluated",
        "The training images, predicted in the same way as the validation images.",
    ),
    "confusion": Evidence(
        "c", "Confusion matrix", "Which classes of the test images were taken for which."
    ),
    "wrong": Evidence(
        "w", "Most wrong images", "The images of which the network was most certain and wrong."
    ),
    "inputs": Evidence(
        "i", "Input values", "Which numbers reach the first layer, as the run prepares the images."
    ),
    "moved": Evidence(
        "m",
        "Which weights changed",
        "How far training moved the weights and statistics of each layer.",
    ),
    "counts": Evidence(
        "n", "model.summary()", "How many parameters are trainable, before and after thawing."
    ),
    "overlap": Evidence(
        "o", "Overlap of the splits", "How many images are in two of the three splits."
    ),
    "balance": Evidence("b", "Class balance", "How many images of each class each split has."),
    "settings": Evidence("s", "Settings", "What the author of the run set."),
}
_LETTERS = {each.letter: key for key, each in EVIDENCE.items()}
# Between the parts of a game in the link.
_TURNS, _ANSWER = ".", "-"


@dataclass(frozen=True)
class Turn:
    """What a player did with one case.

    Args:
        evidence: Keys of EVIDENCE in the order of asking.
        answer: The fault that was named, or NOTHING; "" before that.
    """

    evidence: tuple[str, ...] = ()
    answer: str = ""

    @property
    def left(self) -> int:
        """Points that a right answer gives now."""
        return POINTS_RIGHT - COST_OF_EVIDENCE * len(self.evidence)

    def points(self, right: str) -> int:
        """Return the points of an answered case; 0 before.

        Args:
            right: The fault of the case, or NOTHING.

        Example:

        >>> Turn(("train",), "leak").points("leak"), Turn(("train",), "leak").points("nothing")
        (9, -4)
        """
        if not self.answer:
            return 0
        won = POINTS_RIGHT if self.answer == right else -COST_OF_WRONG
        return won - COST_OF_EVIDENCE * len(self.evidence)


@dataclass(frozen=True)
class Game:
    """A round, as far as it was played.

    Args:
        seed: Seed of the round, 0 to MAX_SEED.
        cases: Ids of its cases, in order.
        turns: One for each case that was opened; the last one is on screen.
        over: True once the score is on screen.
    """

    seed: int
    cases: tuple[str, ...]
    turns: tuple[Turn, ...] = (Turn(),)
    over: bool = False

    @property
    def place(self) -> int:
        """Number of the case on screen, from 0."""
        return len(self.turns) - 1

    @property
    def case(self) -> str:
        """Id of the case on screen."""
        return self.cases[self.place]

    @property
    def turn(self) -> Turn:
        """What was done with the case on screen."""
        return self.turns[-1]

    def score(self, right: Mapping[str, str]) -> int:
        """Return the points of all answered cases.

        Args:
            right: The fault of each case by its id, or NOTHING.
        """
        return sum(
            turn.points(right[case]) for case, turn in zip(self.cases, self.turns, strict=False)
        )

    def _with(self, turn: Turn) -> "Game":
        return replace(self, turns=(*self.turns[:-1], turn))


def ask(game: Game, evidence: str) -> Game:
    """Open a piece of evidence; one that is open already, or an unknown one, costs nothing."""
    turn = game.turn
    if turn.answer or evidence not in EVIDENCE or evidence in turn.evidence:
        return game
    return game._with(replace(turn, evidence=(*turn.evidence, evidence)))


def answer(game: Game, fault: str) -> Game:
    """Name the fault of the case on screen; the first answer counts."""
    if game.turn.answer or not fault:
        return game
    return game._with(replace(game.turn, answer=fault))


def go_on(game: Game) -> Game:
    """Open the next case, or the score after the last one; before an answer, nothing happens."""
    if not game.turn.answer:
        return game
    if len(game.turns) == len(game.cases):
        return replace(game, over=True)
    return replace(game, turns=(*game.turns, Turn()))


# --- A round ----------------------------------------------------------------------------------


def in_order(seed: int | str, ids: Iterable[str]) -> list[str]:
    """Return ids in an order that looks random and is the same everywhere.

    A further id goes somewhere between the others and leaves their order as it is.

    Example:

    >>> in_order(1, ["a", "b", "c"]) == in_order(1, ["c", "a", "b"])
    True
    """
    return sorted(ids, key=lambda id_: hashlib.sha256(f"{seed} {id_}".encode()).digest())


def new(seed: int, cases: Iterable[str]) -> Game:
    """Return a round before its first answer.

    Args:
        seed: Seed of the round.
        cases: Ids of all cases; fewer than CASES_A_ROUND make a shorter round.

    Raises:
        ValueError: If there is no case.
    """
    chosen = tuple(in_order(seed, cases)[:CASES_A_ROUND])
    if not chosen:
        raise ValueError("A round needs at least one case.")
    return Game(seed, chosen)


def answers(
    case: str, right: str, faults: Sequence[str], alike: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the answers that a case offers: the right one, look-alikes, and NOTHING.

    Everybody is offered the same ones for a case, in the order of all faults, so that their order
    gives nothing away.

    Args:
        case: Id of the case.
        right: Its fault, or NOTHING.
        faults: All faults.
        alike: Faults with the same symptom, which are offered before others.
    """
    others = [each for each in in_order(case, faults) if each not in (right, NOTHING)]
    others.sort(key=lambda each: each not in alike)
    needed = NUM_ANSWERS - 1 - (right != NOTHING)
    offered = {right, *others[:needed]}
    return (*(each for each in faults if each in offered and each != NOTHING), NOTHING)


# --- In the link ------------------------------------------------------------------------------


def to_text(game: Game) -> str:
    """Return what was played as text for a link; "" before anything was.

    Example:

    >>> to_text(answer(ask(Game(1, ("a", "b")), "train"), "leak"))
    't-leak'
    """
    turns = [
        "".join(EVIDENCE[key].letter for key in turn.evidence)
        + (f"{_ANSWER}{turn.answer}" if turn.answer else "")
        for turn in game.turns
    ]
    return _TURNS.join([*turns, ""] if game.over else turns)


def from_text(game: Game, text: str, faults: Collection[str]) -> Game | None:
    """Return a round as far as a link says it was played; None if that cannot be.

    Args:
        game: The round before its first answer.
        text: From `to_text`, or anything else.
        faults: What can be answered, NOTHING among it.
    """
    parts = text.split(_TURNS)
    over = len(parts) == len(game.cases) + 1 and not parts[-1]
    turns = [_turn(part, faults) for part in (parts[:-1] if over else parts)]
    sound = [turn for turn in turns if turn is not None]
    if len(sound) < len(turns) or len(sound) > len(game.cases):
        return None
    answered = all(turn.answer for turn in (sound if over else sound[:-1]))
    return replace(game, turns=tuple(sound), over=over) if answered else None


def _turn(text: str, faults: Collection[str]) -> Turn | None:
    letters, dash, fault = text.partition(_ANSWER)
    if not set(letters) <= set(_LETTERS) or len(set(letters)) < len(letters):
        return None
    if dash and fault not in faults:
        return None
    return Turn(tuple(_LETTERS[letter] for letter in letters), fault)
