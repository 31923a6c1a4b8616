"""Cards of runs, each with its name and a small picture of its curve; a click opens it.

The browser draws the pictures from the validation accuracies, so that a card costs a few numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lib.core.runs import Run
from lib.figures import theme
from lib.figures.reading import axes
from lib.ui import shell
from lib.ui.parts import base

_HTML = '<section class="cards" aria-label="Runs to look at"></section>'

_COMPONENT = base.component("run_cards", _HTML)
# Cards of the first look, with the button for all others two rows of four on a wide screen.
FIRST = 7
# Points of a curve in a small picture.
MOST_POINTS = 60


@dataclass(frozen=True)
class Card:
    """A card.

    Args:
        id: What a click sends.
        title: Shown unchanged; it may be text from outside.
        runs: One run or a few, each with at least one epoch.
        chosen: True if these runs are on screen.
    """

    id: str
    title: str
    runs: Sequence[Run]
    chosen: bool


def payload(cards: Sequence[Card]) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        cards: In order.
    """
    colours = theme.palette(shell.is_dark())
    return {
        "first": FIRST,
        "colours": list(colours.runs),
        "line": colours.trainable,
        "cold": colours.cold_band,
        "warm": colours.warm_band,
        "cards": [
            {
                "id": card.id,
                "title": card.title,
                "chosen": card.chosen,
                "lowest": min(
                    axes.accuracy_range(axes.lowest(run.history))[0] for run in card.runs
                ),
                "curves": [_thinned(run) for run in card.runs],
                "epochs": max(len(run.history) for run in card.runs),
                "start": card.runs[0].fine_tuning_starts_after or 0,
            }
            for card in cards
        ],
    }


def _thinned(run: Run) -> list[tuple[int, float]]:
    """Epoch and validation accuracy of some epochs of a run, the last one among them."""
    step = -(-len(run.history) // MOST_POINTS)
    shown = [*run.history[::step], run.history[-1]]
    return [(record.epoch, round(record.val_accuracy, 3)) for record in shown]


def show(cards: Sequence[Card], key: str, on_open: Callable[[], None]) -> None:
    """Draw cards.

    Args:
        cards: In order.
        key: Key of this place on the page.
        on_open: Called before the next rerun after a click; `base.said(key, "open")` has the id.
    """
    _COMPONENT(key=key, data=payload(cards), on_open_change=on_open)
