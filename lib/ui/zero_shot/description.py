"""The description on the page Zero-shot: what the reader ticked, in the session and in the link.

The first half is pure; the second half reads and writes the session and the link.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lib.core.zero_shot import animals, ranking
from lib.core.zero_shot.ranking import Fold, Ranking
from lib.ui import state
from lib.ui.link import Link, quoted

LINK = Link(state.LINK_DESCRIPTION, state.DESCRIPTION_BOARD)
# Between attributes in a link; no id has it.
SEPARATOR = "."
NOTHING = "none"
TRAINED = "trained"


@dataclass(frozen=True)
class Asked:
    """What the reader asks.

    Args:
        left_out: Id of the animal that the regression does not see.
        ticks: Ids of the attributes that are ticked.
        against_trained: True if the other animals keep their trained classes.
        constant: Logits taken off the trained classes, one of ranking.constants().
    """

    left_out: str
    ticks: frozenset[str]
    against_trained: bool = False
    constant: float = 0.0

    @staticmethod
    def of_table(animal: str) -> "Asked":
        """Return an animal left out and described as in the table."""
        return Asked(animal, animals.ANIMALS[animal].attributes)

    @cached_property
    def place(self) -> int:
        """Index of the animal that is left out."""
        return list(animals.ANIMALS).index(self.left_out)

    def rank(self, fold: Fold | None = None) -> Ranking:
        """Rank the photographs by this description.

        Args:
            fold: With the reader's own photograph; by default only the shipped ones.
        """
        return (fold or ranking.shipped_fold(self.place)).ask(
            animals.row(self.ticks),
            against_trained=self.against_trained,
            constant=self.constant,
        )


FIRST = Asked.of_table(next(iter(animals.ANIMALS)))


# --- The link ---------------------------------------------------------------------------------


def to_link(asked: Asked) -> dict[str, str]:
    """Return the parameters of a link that restores what is asked.

    Example:

    >>> to_link(Asked("zebra", frozenset(["stripes", "hooves"])))
    {'out': 'zebra', 'has': 'stripes.hooves'}
    """
    link = {state.LINK_LEFT_OUT: asked.left_out}
    if asked.ticks != animals.ANIMALS[asked.left_out].attributes:
        chosen = [id_ for id_ in animals.ATTRIBUTES if id_ in asked.ticks]
        link[state.LINK_TICKS] = SEPARATOR.join(chosen) or NOTHING
    if asked.against_trained:
        link[state.LINK_AGAINST] = TRAINED
    if asked.constant:
        link[state.LINK_CONSTANT] = f"{asked.constant:g}"
    return link


def from_link(link: Mapping[str, str]) -> tuple[Asked, tuple[str, ...]]:
    """Return what a link asks; missing or invalid parts are those of the first screen.

    Args:
        link: Parameters by name.

    Returns:
        What is asked, and a sentence for each part of the link that was ignored.
    """
    ignored = []
    left_out = link.get(state.LINK_LEFT_OUT, FIRST.left_out)
    if left_out not in animals.ANIMALS:
        ignored.append(f"There is no animal {quoted(left_out)} here.")
        left_out = FIRST.left_out
    ticks = animals.ANIMALS[left_out].attributes
    if said := link.get(state.LINK_TICKS):
        named = [] if said == NOTHING else said.split(SEPARATOR)
        ticks = frozenset(named) & animals.ATTRIBUTES.keys()
        unknown = [each for each in named if each not in animals.ATTRIBUTES]
        if unknown:
            ignored.append(f"There is no attribute {quoted(unknown[0])} here.")
    against = link.get(state.LINK_AGAINST)
    if against not in (None, TRAINED):
        ignored.append(f"`{state.LINK_AGAINST}` in a link is `{TRAINED}`, not {quoted(against)}.")
    constant = 0.0
    if said := link.get(state.LINK_CONSTANT):
        try:
            constant = float(said)
        except ValueError:
            constant = math.nan
        if constant not in ranking.constants():
            ignored.append(
                f"{quoted(said)} is no constant: that is 0 to {ranking.MAX_CONSTANT:g} in steps of "
                f"{ranking.CONSTANT_STEP:g}."
            )
            constant = 0.0
    return Asked(left_out, ticks, against == TRAINED, constant), tuple(ignored)


# --- The session ------------------------------------------------------------------------------


def read() -> Asked:
    """Return what the reader asks; at first the zebra as in the table."""
    asked = state.read(state.DESCRIPTION)
    return asked if isinstance(asked, Asked) else FIRST


def open_link() -> tuple[str, ...]:
    """Apply a new link, before anything of the page is drawn.

    Returns:
        A sentence for each part of the link that was ignored.
    """
    said = LINK.unseen(read())
    if said is None:
        return ()
    asked, ignored = from_link(said)
    state.choose(state.DESCRIPTION, asked)
    return ignored


def share(asked: Asked) -> None:
    """Make the address of the page a link to this description."""
    LINK.share(asked, to_link(asked), is_first=asked == FIRST)


def accept(gesture: object) -> int:
    """Apply a gesture on the board; invalid gestures change nothing.

    Args:
        gesture: Everything that is asked, so that a gesture that the next one replaced is not
            lost, and "number", its running number.

    Returns:
        The number of the gesture, to send back with what follows from it.
    """
    match gesture:
        case {"number": int(number), **said}:
            if asked := _asked(said):
                state.choose(state.DESCRIPTION, asked)
            return number
    return 0


def _asked(said: Mapping[Any, Any]) -> Asked | None:
    """Return what a gesture asks; None if it is invalid."""
    match said:
        case {
            "leftOut": str(left_out),
            "ticks": list(ticks),
            "trained": bool(trained),
            "constant": (int() | float()) as constant,
        } if (
            left_out in animals.ANIMALS
            and all(isinstance(tick, str) and tick in animals.ATTRIBUTES for tick in ticks)
            and float(constant) in ranking.constants()
        ):
            return Asked(left_out, frozenset(ticks), trained, float(constant))
    return None
