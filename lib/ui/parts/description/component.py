"""The description and the ranking in one component.

The browser updates at once: it has the descriptions of all animals and the logits of all
photographs, and fits the regression itself. The server then does the same, and the browser
compares.
"""

import json
from functools import lru_cache
from typing import Any

from lib.core.zero_shot import animals, classifier, ranking, ridge
from lib.figures import theme
from lib.ui import shell, state
from lib.ui.parts import base
from lib.ui.parts.feature_maps.payload import data_uri
from lib.ui.zero_shot import description
from lib.ui.zero_shot.description import Asked
from lib.ui.zero_shot.photograph import Photograph

_HTML = """
<section class="description" aria-label="Describe an animal">
  <p class="sum"></p>
  <p class="how"></p>
  <div class="asked"></div>
  <div class="result">
    <div class="finding" aria-live="polite"><h2></h2><p></p></div>
    <div class="against"></div>
    <table class="ranking"></table>
  </div>
</section>
"""

_COMPONENT = base.component("description", _HTML)


@lru_cache(maxsize=2)
def fixed(dark: bool) -> str:
    """Return the data that no tick changes as JSON, encoded only once.

    Args:
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    drawn = [animal.id for animal in animals.ANIMALS.values() if animal.drawing]
    kept = ranking.leave_one_out()
    return json.dumps(
        {
            "known": {
                "logits": classifier.logits().tolist(),
                "table": animals.descriptions().astype(int).tolist(),
                "strength": ridge.STRENGTH,
                "tie": ranking.TIE,
            },
            "groups": [
                {"name": name, "attributes": [vars(each) for each in group]}
                for name, group in animals.GROUPS.items()
            ],
            "animals": [
                {
                    "id": animal.id,
                    "name": animal.name,
                    "drawing": drawn.index(animal.id) if animal.drawing else None,
                }
                for animal in animals.ANIMALS.values()
            ],
            "drawings": {
                "picture": data_uri(classifier.DRAWINGS_FILE.read_bytes()),
                "columns": classifier.DRAWING_COLUMNS,
                "rows": -(-len(drawn) // classifier.DRAWING_COLUMNS),
            },
            "constant": {"most": ranking.MAX_CONSTANT, "step": ranking.CONSTANT_STEP},
            "accuracies": [kept.accuracies(each) for each in ranking.constants()],
            "colours": {name: getattr(colours, name) for name in ("heat", "below")},
        },
        separators=(",", ":"),
    )


def payload(
    asked: Asked, own: Photograph | None, gesture: object, *, dark: bool = False
) -> dict[str, Any]:
    """Return the data for the browser: what is known, what is asked and what follows.

    Args:
        asked: What the reader asks.
        own: The reader's own photograph; None if there is none.
        gesture: Number of the last gesture that the server has received.
        dark: True for the dark theme.
    """
    found = asked.rank(own.fold(asked.place) if own else None)
    return {
        "fixed": fixed(dark),
        "asked": {
            "leftOut": asked.left_out,
            "ticks": [id_ for id_ in animals.ATTRIBUTES if id_ in asked.ticks],
            "trained": asked.against_trained,
            "constant": asked.constant,
        },
        "own": None
        if own is None
        else {"picture": own.picture, "logits": own.logits.tolist(), "said": own.in_words()},
        "ranking": {"leads": found.leads.tolist(), "places": found.places.tolist()},
        "gesture": gesture,
    }


def show(asked: Asked, own: Photograph | None) -> None:
    """Draw the board. Gestures are stored in the session before the next rerun.

    Args:
        asked: What the reader asks.
        own: The reader's own photograph; None if there is none.
    """

    def take_over() -> None:
        gesture = base.said(state.DESCRIPTION_BOARD, "gesture")
        state.choose(state.DESCRIPTION_GESTURE, description.accept(gesture))

    _COMPONENT(
        key=state.DESCRIPTION_BOARD,
        data=payload(asked, own, state.read(state.DESCRIPTION_GESTURE, 0), dark=shell.is_dark()),
        on_gesture_change=take_over,
        height="content",
    )
