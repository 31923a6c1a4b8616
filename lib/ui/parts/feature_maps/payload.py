"""What the browser draws of real feature maps: values from core in, a plain description out.

main.js draws it: maps over their image, the vector of averages, and the two ways
from the averages to a logit. Nothing is computed there but colours.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.core.maps import feature_maps
from lib.core.maps.feature_maps import Decision, FeatureMaps, FloatArray, Size
from lib.figures import theme

NUM_STRONGEST = 12
NUM_TERMS = 8
# ReLU6 lets nothing larger through, so a cell of this value has the whole colour.
FULL = 6.0
# Of what is sent: the browser shows four of them.
DECIMALS = 6
VERTICAL, HORIZONTAL = ("at the top", "", "at the bottom"), ("on the left", "", "on the right")


@dataclass(frozen=True)
class Choice:
    """An image to choose.

    Args:
        id: What comes back when it is chosen.
        title: In a word or two.
        thumbnail: Address of a small picture of it.
    """

    id: str
    title: str
    thumbnail: str


def data_uri(picture: bytes, kind: str = "webp") -> str:
    """A picture as an address that holds it whole.

    Args:
        picture: A file.
        kind: "webp" or "png".
    """
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def size_name(size: Size) -> str:
    """An input size as it is chosen: (160, 224) -> "160x224".

    Example:

    >>> size_name((160, 224))
    '160x224'
    """
    return f"{size[0]}x{size[1]}"


def grid_of(size: Size) -> Size:
    """Rows and columns of the last feature map at an input size: five halvings, rounded up.

    Example:

    >>> grid_of((160, 224)), grid_of((96, 96))
    ((5, 7), (3, 3))
    """
    return -(-size[0] // 32), -(-size[1] // 32)


def where(values: FloatArray) -> str:
    """Where the largest value of a map lies, in words.

    Example:

    >>> where(np.array([[0.0, 0.0, 9.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    'at the top on the right'
    """
    rows, columns = values.shape
    row, column = divmod(int(np.argmax(values)), columns)
    words = (VERTICAL[_third(row, rows)], HORIZONTAL[_third(column, columns)])
    return " ".join(filter(None, words)) or "in the middle"


def _third(place: int, length: int) -> int:
    """0, 1 or 2: in which third of a side the middle of a cell lies."""
    return min(2, int(3 * (place + 0.5) / length))


def _values(values: FloatArray) -> list[float]:
    return [round(float(value), DECIMALS) for value in np.ravel(values)]


def _shape(size: Size) -> dict[str, Any]:
    rows, columns = grid_of(size)
    return {
        "name": size_name(size),
        "height": size[0],
        "width": size[1],
        "rows": rows,
        "columns": columns,
    }


def _colours(dark: bool) -> dict[str, str]:
    colours = theme.palette(dark)
    # A photograph is as bright in the dark, so what lies over it keeps its colours.
    over = {"over": theme.LIGHT.heat, "overBelow": theme.LIGHT.below}
    return {name: getattr(colours, name) for name in ("paper", "ink", "heat", "below")} | over


def channels(
    maps: FeatureMaps,
    channel: int,
    *,
    about: str,
    picture: str,
    choices: Sequence[Choice],
    chosen: str,
    others: Mapping[Size, FeatureMaps],
    dark: bool = False,
) -> dict[str, Any]:
    """One channel over its image, the strongest ones, all averages, and other input sizes.

    Args:
        maps: On screen.
        channel: The chosen one.
        about: The image in a sentence.
        picture: Its address.
        choices: The images to choose from.
        chosen: Id of the one on screen.
        others: The maps of the same image at other sizes, as far as they are known.
        dark: Which appearance.
    """
    values = maps.maps[:, :, channel]
    return {
        "kind": "maps",
        "label": "Real feature maps",
        "picture": picture,
        "about": about,
        "colours": _colours(dark),
        "full": FULL,
        "examples": [vars(choice) for choice in choices],
        "example": chosen,
        "size": _shape(maps.size),
        "channel": {
            "index": channel,
            "values": _values(values),
            "average": round(float(maps.averages[channel]), DECIMALS),
            "where": where(values),
        },
        "strongest": [
            {
                "index": int(index),
                "average": round(float(maps.averages[index]), DECIMALS),
                "values": [round(float(value), 2) for value in np.ravel(maps.maps[:, :, index])],
            }
            for index in maps.ranking[:NUM_STRONGEST]
        ],
        "averages": [round(float(value), 4) for value in maps.averages],
        "ranking": maps.ranking.tolist(),
        "sizes": [_at_size(size, others.get(size), channel) for size in feature_maps.SIZES],
    }


def _at_size(size: Size, maps: FeatureMaps | None, channel: int) -> dict[str, Any]:
    rows, columns = grid_of(size)
    return {
        **_shape(size),
        "flat": rows * columns * feature_maps.NUM_CHANNELS,
        "values": None if maps is None else _values(maps.maps[:, :, channel]),
        "average": None if maps is None else round(float(maps.averages[channel]), DECIMALS),
    }


@dataclass(frozen=True, eq=False)
class ClassTile:
    """A class over the image.

    Args:
        index: What comes back when it is chosen.
        name: Of the class.
        decision: How its logit comes about.
        probability: Of the class, 0 to 1.
    """

    index: int
    name: str
    decision: Decision
    probability: float


@dataclass(frozen=True, eq=False)
class Equation:
    """mean(CAM) + bias = logit, of a class or of the difference of two.

    Args:
        title: What the map shows.
        result: What the sum is, in a word or two.
        decision: How it comes about.
        network: What the network itself says of it, in a sentence.
    """

    title: str
    result: str
    decision: Decision
    network: str


def decision(
    size: Size,
    *,
    picture: str,
    tiles: Sequence[ClassTile],
    first: int,
    question: str,
    equations: Sequence[Equation],
    averages: FloatArray,
    dark: bool = False,
) -> dict[str, Any]:
    """Classes over the image, the sums that make their logits, and the channels behind the last.

    Args:
        size: Of the input.
        picture: Address of the image.
        tiles: The classes to choose from.
        first: Index of the chosen one.
        question: What is chosen, in words.
        equations: At least one; the channels are those of the last.
        averages: (channels,), of the feature maps.
        dark: Which appearance.
    """
    made = [*(tile.decision for tile in tiles), *(one.decision for one in equations)]
    full = max(_largest(one) for one in made[: len(tiles) + 2])
    return {
        "kind": "decision",
        "label": "From the averages to the decision",
        "picture": picture,
        "colours": _colours(dark),
        "full": round(full, DECIMALS),
        "size": _shape(size),
        "question": question,
        "first": first,
        "classes": [
            {
                "index": tile.index,
                "name": tile.name,
                "values": _values(tile.decision.cam),
                "logit": round(tile.decision.logit, DECIMALS),
                "probability": round(tile.probability, DECIMALS),
                "share": percent(tile.probability),
            }
            for tile in tiles
        ],
        # A difference of two classes is far smaller than either: it has a scale of its own.
        "equations": [
            _equation(one, full if place < 2 else _largest(one.decision))
            for place, one in enumerate(equations)
        ],
        "terms": _terms(equations[-1], averages),
    }


def percent(share: float) -> str:
    """A probability as it is read: 0.9731 -> "97.3 %", and never 0 or 100 unless it is.

    Example:

    >>> percent(0.9731), percent(0.00004), percent(0.99999)
    ('97.3 %', '<0.1 %', '>99.9 %')
    """
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    return f"{share:.1%}".replace("%", " %")


def _largest(made: Decision) -> float:
    return float(np.abs(made.cam).max()) or 1.0


def _equation(one: Equation, full: float) -> dict[str, Any]:
    made = one.decision
    return {
        "title": one.title,
        "alt": f"{one.title}: the map is largest {where(made.cam)}.",
        "values": _values(made.cam),
        "full": round(full, DECIMALS),
        # Ten decimals: the browser rounds to as many as the sum needs to add up on the screen.
        "mean": round(made.mean, 10),
        "bias": round(made.bias, 10),
        "logit": round(made.logit, 10),
        "decimals": feature_maps.decimals(made.mean, made.bias, made.logit),
        "result": one.result,
        "network": one.network,
    }


def _terms(one: Equation, averages: FloatArray) -> dict[str, Any]:
    """A staircase of products: each begins where the one before it ended."""
    made = one.decision
    rows: list[dict[str, Any]] = []
    level = 0.0

    def step(name: str, value: float, product: str = "", channel: int | None = None) -> None:
        nonlocal level
        rows.append(
            {
                "name": name,
                "product": product,
                "channel": channel,
                "value": round(value, DECIMALS),
                "from": round(level, DECIMALS),
                "to": round(level + value, DECIMALS),
                "kind": "step",
            }
        )
        level += value

    largest = made.largest(NUM_TERMS)
    for channel, value in largest:
        average = float(averages[channel])
        weight = value / average if average else 0.0
        sign = "−" if weight < 0 else ""
        step(f"channel {channel}", value, f"{average:.4f} × {sign}{abs(weight):.4f}", channel)
    others = len(made.products) - len(largest)
    rest = float(made.products.sum()) - sum(value for _, value in largest)
    step(f"the other {others:,}", rest)
    step("bias", made.bias)
    result = {"name": one.result, "product": "", "channel": None, "kind": "result"}
    total = round(made.logit_of_averages, DECIMALS)
    rows.append(result | {"value": total, "from": 0.0, "to": total})
    return {"title": f"The same number from the vector: {one.title}", "rows": rows}
