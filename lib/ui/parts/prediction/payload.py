"""What the browser draws of an answer: values from core in, a plain description out.

main.js draws it: an image with the map of a class over it, and a bar for each class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.core.maps.feature_maps import FloatArray
from lib.core.maps.predictions import Answer
from lib.figures import theme
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice

# Of what is sent: the browser shows colours only.
DECIMALS = 4
# More bars than these do not help anybody.
MAX_CLASSES = 6


@dataclass(frozen=True, eq=False)
class ClassLine:
    """A class with its probability and its map.

    Args:
        index: Of the class.
        name: Of the class.
        probability: 0 to 1.
        values: (rows, columns), signed: what speaks for the class, and what against.
    """

    index: int
    name: str
    probability: float
    values: FloatArray


@dataclass(frozen=True, eq=False)
class Panel:
    """What one network says.

    Args:
        title: Which network.
        said: Its answer in a few words.
        lines: The classes on show.
    """

    title: str
    said: str
    lines: tuple[ClassLine, ...]


def lines(answer: Answer, names: Sequence[str], shown: Sequence[int]) -> tuple[ClassLine, ...]:
    """The classes of an answer that are on show.

    Args:
        answer: Of a network.
        names: Of all its classes.
        shown: Indices of the classes on show, in their order.
    """
    return tuple(
        ClassLine(index, names[index], float(answer.probabilities[index]), answer.maps[:, :, index])
        for index in shown
    )


def board(
    picture: str,
    shape: tuple[int, int],
    panels: Sequence[Panel],
    *,
    label: str,
    chosen: int,
    dark: bool = False,
) -> dict[str, Any]:
    """Panels side by side, each with the image, what a network says of it, and where it looked.

    Args:
        picture: Address of the image.
        shape: (height, width) of the network's input.
        panels: At least one.
        label: Of the whole, for who cannot see it.
        chosen: Index of the class whose map is shown first.
        dark: Which appearance.
    """
    colours = theme.palette(dark)
    # One scale for all panels, so that they can be compared.
    everywhere = [np.abs(line.values).max() for panel in panels for line in panel.lines]
    return {
        "kind": "board",
        "label": label,
        "picture": picture,
        "height": shape[0],
        "width": shape[1],
        "colours": {name: getattr(colours, name) for name in ("heat", "below")},
        "full": float(max(everywhere)) or 1.0,
        "chosen": chosen,
        "panels": [_panel(panel) for panel in panels],
    }


def _panel(panel: Panel) -> dict[str, Any]:
    rows, columns = panel.lines[0].values.shape
    return {
        "title": panel.title,
        "said": panel.said,
        "rows": rows,
        "columns": columns,
        "classes": [
            {
                "index": line.index,
                "name": line.name,
                "probability": round(line.probability, DECIMALS),
                "share": drawing.percent(line.probability),
                "values": [round(float(value), DECIMALS) for value in line.values.ravel()],
                "where": _where(line),
            }
            for line in panel.lines
        ],
    }


def _where(line: ClassLine) -> str:
    """The map in words."""
    if line.values.max() <= 0:
        return f"Nothing in the image speaks for {line.name}."
    return f"What speaks for {line.name} is strongest {drawing.where(line.values)}."


def picker(choices: Sequence[Choice], chosen: str) -> dict[str, Any]:
    """Images to choose from.

    Args:
        choices: The images.
        chosen: Id of the one on screen.
    """
    return {
        "kind": "picker",
        "label": "Choose an image",
        "choices": [vars(choice) for choice in choices],
        "chosen": chosen,
    }
