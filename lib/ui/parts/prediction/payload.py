"""The data of a prediction for the browser: converts values of core into plain JSON values.

main.js draws an image with the map of a class over it, and a bar for each class.
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

# Decimals that are sent; the browser shows them only as colours.
DECIMALS = 4
# More bars would not help the reader.
MAX_CLASSES = 6


@dataclass(frozen=True, eq=False)
class ClassLine:
    """A class with its probability and its map.

    Args:
        index: Index of the class.
        name: Name of the class.
        probability: Probability of the class, 0 to 1.
        values: (rows, columns), positive for evidence for the class, negative against it.
    """

    index: int
    name: str
    probability: float
    values: FloatArray


@dataclass(frozen=True, eq=False)
class Panel:
    """The prediction of one network.

    Args:
        title: Title that names the network, in which terms may explain themselves.
        said: The predicted class and its confidence.
        lines: The classes to show.
        truth: Whether it is right, in one sentence; empty where nobody can tell.
    """

    title: str
    said: str
    lines: tuple[ClassLine, ...]
    truth: str = ""


def lines(answer: Answer, names: Sequence[str], shown: Sequence[int]) -> tuple[ClassLine, ...]:
    """Return the lines of some classes of a prediction.

    Args:
        answer: Prediction of a network.
        names: Names of all its classes.
        shown: Indices of the classes to show, in order.
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
    """Describe panels side by side, each with the image, a prediction and where it comes from.

    Args:
        picture: The image as a data URI.
        shape: (height, width) of the network's input.
        panels: At least one panel.
        label: Accessible name of the component.
        chosen: Index of the class whose map is shown first.
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    # The same scale for all panels, so that they can be compared.
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
        "truth": panel.truth,
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
    """Describe the map."""
    if line.values.max() <= 0:
        return f"Nothing in the image is evidence for {line.name}."
    return f"The evidence for {line.name} is strongest {drawing.where(line.values)}."


def picker(choices: Sequence[Choice], chosen: str) -> dict[str, Any]:
    """Describe images to choose from.

    Args:
        choices: The images.
        chosen: Id of the image on screen.
    """
    return {
        "kind": "picker",
        "label": "Choose an image",
        "choices": [vars(choice) for choice in choices],
        "chosen": chosen,
    }
