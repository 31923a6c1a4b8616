"""The arrays of an experiment, how far each one moved, and the other numbers of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from lib.core.trainable.outcome import Array, Fact, Outcome
from lib.ui.parts import base

_COMPONENT = base.component("moved_arrays", '<section class="moved"></section>')


def kind_of(array: Array) -> str:
    """Return what an array is, which decides its colour: trainable, statistics or frozen."""
    if array.is_statistic and array.moved:
        return "statistics"
    return "trainable" if array.trainable or array.moved else "frozen"


def payload(outcome: Outcome, title: str, full: float, facts: Mapping[str, str]) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        outcome: Of the experiment.
        title: Title of the picture.
        full: The distance that fills a bar.
        facts: Key of a fact -> its words.
    """
    return {
        "title": title,
        "full": full,
        "rows": [
            {
                "name": each.name,
                "listed": "trainable" if each.trainable else "non-trainable",
                "moved": each.moved,
                "kind": kind_of(each),
            }
            for each in outcome.arrays
        ],
        "facts": [[facts[key], written(value)] for key, value in outcome.facts.items()],
    }


def written(value: Fact) -> str:
    """Return a fact as the page shows it.

    Example:

    >>> written((0, 1, 2)), written(0.8324638), written(1.0), written("Y")
    ('0, 1, 2', '0.832', '1.000', 'Y')
    """
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


def show(outcome: Outcome, title: str, key: str, full: float, facts: Mapping[str, str]) -> None:
    """Draw an outcome; the arguments but `key`, the place on the page, are those of `payload`."""
    _COMPONENT(key=key, data=payload(outcome, title, full, facts), height="content")


def fullest(outcomes: Sequence[Outcome]) -> float:
    """Return the largest distance of several outcomes, so that their bars can be compared."""
    return max((each.moved for one in outcomes for each in one.arrays), default=0.0)
