"""The data for real feature maps in the browser: converts values of core into plain JSON values.

main.js draws maps over their image, the vector of averages, and the two ways from the averages
to a logit. The browser computes nothing but colours.
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
# The largest output of ReLU6, which has the full colour.
FULL = 6.0
# Decimals that are sent; the browser shows four of them.
DECIMALS = 6
VERTICAL, HORIZONTAL = ("at the top", "", "at the bottom"), ("on the left", "", "on the right")


@dataclass(frozen=True)
class Choice:
    """An image to choose.

    Args:
        id: The id that the browser sends when it is chosen.
        title: A short title.
        thumbnail: A small copy of the image as a data URI.
    """

    id: str
    title: str
    thumbnail: str


def data_uri(picture: bytes, kind: str = "webp") -> str:
    """Return a picture as a data URI.

    Args:
        picture: Content of the file.
        kind: "webp" or "png".
    """
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def size_name(size: Size) -> str:
    """Return the name of an input size: (160, 224) -> "160x224".

    Example:

    >>> size_name((160, 224))
    '160x224'
    """
    return f"{size[0]}x{size[1]}"


def grid_of(size: Size) -> Size:
    """Return rows and columns of the last feature map: five halvings of the input, rounded up.

    Example:

    >>> grid_of((160, 224)), grid_of((96, 96))
    ((5, 7), (3, 3))
    """
    return -(-size[0] // 32), -(-size[1] // 32)


def where(values: FloatArray) -> str:
    """Describe the position of the largest value of a map.

    Example:

    >>> where(np.array([[0.0, 0.0, 9.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    'at the top on the right'
    """
    rows, columns = values.shape
    row, column = divmod(int(np.argmax(values)), columns)
    words = (VERTICAL[_third(row, rows)], HORIZONTAL[_third(column, columns)])
    return " ".join(filter(None, words)) or "in the middle"


def _third(place: int, length: int) -> int:
    """Return the third of a side (0, 1 or 2) in which the middle of a cell lies."""
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
    # A photograph is equally bright in the dark theme, so the map over it keeps its light colours.
    over = {"over": theme.LIGHT.heat, "overBelow": theme.LIGHT.below}
    return {name: getattr(colours, name) for name in ("paper", "ink", "heat", "below")} | over


def channels(
    maps: FeatureMaps,
    channel: int,
    *,
    see: str,
    about: str,
    picture: str,
    shape: tuple[int, int],
    choices: Sequence[Choice],
    chosen: str,
    others: Mapping[Size, FeatureMaps],
    dark: bool = False,
) -> dict[str, Any]:
    """Describe one channel over its image, the strongest ones, all averages and other sizes.

    Args:
        maps: The feature maps on screen.
        channel: Index of the chosen channel.
        see: What the reader looks at: "channel", "averages", "sizes" or "decision".
        about: Description of the image, one sentence.
        picture: The image as a data URI.
        shape: Its width and height, in which it is drawn.
        choices: The images to choose from.
        chosen: Id of the image on screen.
        others: The known feature maps of the same image by input size.
        dark: True for the dark theme.
    """
    values = maps.maps[:, :, channel]
    return {
        "kind": "maps",
        "label": "Real feature maps",
        "see": see,
        "picture": picture,
        "photo": {"width": shape[0], "height": shape[1]},
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
    """A class with its map over the image.

    Args:
        index: Index of the class, which the browser sends when it is chosen.
        name: Name of the class.
        decision: The decomposition of its logit.
        probability: Probability of the class, 0 to 1.
    """

    index: int
    name: str
    decision: Decision
    probability: float


@dataclass(frozen=True, eq=False)
class Equation:
    """The equation mean(CAM) + bias = logit for a class or for the difference of two classes.

    Args:
        title: What the map shows.
        result: Name of the sum.
        decision: The decomposition of the sum.
        network: A sentence with the network's own output.
    """

    title: str
    result: str
    decision: Decision
    network: str


def decision(
    size: Size,
    *,
    picture: str,
    shape: tuple[int, int],
    tiles: Sequence[ClassTile],
    first: int,
    question: str,
    equations: Sequence[Equation],
    averages: FloatArray,
    dark: bool = False,
) -> dict[str, Any]:
    """Describe class maps over the image, the sums of their logits, and the largest terms.

    Args:
        size: Input size.
        picture: The image as a data URI.
        shape: Its width and height, in which it is drawn.
        tiles: The classes to choose from.
        first: Index of the chosen class.
        question: Label of the choice.
        equations: At least one; the terms by channel are those of the last one.
        averages: (channels,), averages of the feature maps.
        dark: True for the dark theme.
    """
    made = [*(tile.decision for tile in tiles), *(one.decision for one in equations)]
    full = max(_largest(one) for one in made[: len(tiles) + 2])
    return {
        "kind": "decision",
        "label": "From the averages to the decision",
        "picture": picture,
        "photo": {"width": shape[0], "height": shape[1]},
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
        # The difference of two classes is far smaller than either, so it has its own scale.
        "equations": [
            _equation(one, full if place < 2 else _largest(one.decision))
            for place, one in enumerate(equations)
        ],
        "terms": _terms(equations[-1], averages),
    }


def percent(share: float) -> str:
    """Format a probability: 0.9731 -> "97.3 %", and 0 or 100 only if it is exact.

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
        # Ten decimals: the browser rounds them so that the sum on screen adds up.
        "mean": round(made.mean, 10),
        "bias": round(made.bias, 10),
        "logit": round(made.logit, 10),
        "decimals": feature_maps.decimals(made.mean, made.bias, made.logit),
        "result": one.result,
        "network": one.network,
    }


def _terms(one: Equation, averages: FloatArray) -> dict[str, Any]:
    """Describe the products as a waterfall chart: each starts where the previous one ended."""
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
