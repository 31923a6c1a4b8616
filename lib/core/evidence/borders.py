"""The borders of the rule as far as the recorded runs can tell, and how uncertain they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from lib.core.evidence import gains
from lib.core.evidence.gains import Point
from lib.core.evidence.grid import Recorded
from lib.core.strategy import rule
from lib.core.strategy.evidence import situation_of


@dataclass(frozen=True)
class Band:
    """Between which values a border lies.

    Args:
        low: Lower end; None if it lies below everything that was recorded.
        high: Upper end; None if it lies above everything that was recorded.
        told: True if all datasets agree: thawing gained on one side only.
    """

    low: float | None
    high: float | None
    told: bool

    def holds(self, value: float) -> bool:
        """True if a value lies within the band."""
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)


def gained(point: Point) -> bool:
    """True if thawing was better than the head alone by more than chance."""
    return point.difference.low > 0


def size(everything: Sequence[Recorded]) -> Band | None:
    """From how many images thawing gains where images are similar to those of ImageNet.

    Args:
        everything: All recorded datasets, of one backbone.

    Returns:
        In training images; None if nothing is recorded on similar images.
    """
    points = [
        point
        for recorded in everything
        if situation_of(recorded.dataset, 1).is_similar
        for point in gains.gain_of_thawing(recorded)
    ]
    with_gain = [float(point.num_images) for point in points if gained(point)]
    without = [float(point.num_images) for point in points if not gained(point)]
    return _between(without, with_gain)


def similarity(everything: Sequence[Recorded]) -> Band | None:
    """From which similarity on thawing gains nothing, with the most images of each dataset.

    Args:
        everything: All recorded datasets, of one backbone.

    Returns:
        On the scale from 0 to 1; None if nothing is recorded.
    """
    with_gain: list[float] = []
    without: list[float] = []
    for recorded in everything:
        if points := gains.gain_of_thawing(recorded):
            at = situation_of(recorded.dataset, 1).similarity
            (with_gain if gained(points[-1]) else without).append(at)
    return _between(with_gain, without)


def _between(below: Sequence[float], above: Sequence[float]) -> Band | None:
    """The band between values that should lie below a border and values that should lie above."""
    if not below and not above:
        return None
    if not above:
        return Band(max(below), None, told=False)
    if not below:
        return Band(None, min(above), told=False)
    if max(below) < min(above):
        return Band(max(below), min(above), told=True)
    return Band(min(above), max(below), told=False)


# --- In words -------------------------------------------------------------------------------------

SIZE_TOLD = (
    "In the recorded runs on similar images, thawing began to gain by more than chance between "
    "{low:,.0f} and {high:,.0f} images."
)
SIZE_MIXED = (
    "In the recorded runs on similar images, thawing gained with {low:,.0f} images on one dataset "
    "and did not with {high:,.0f} on another: the border is uncertain between them."
)
SIZE_NEVER = (
    "In the recorded runs on similar images, thawing gained nothing by more than chance up to "
    "{low:,.0f} images."
)
SIZE_ALWAYS = (
    "In the recorded runs on similar images, thawing gained by more than chance with as few as "
    "{high:,.0f} images."
)
SIMILARITY_TOLD = (
    "In the recorded runs, thawing gained by more than chance up to a similarity of {low:.2f}, and "
    "not from {high:.2f} on."
)
SIMILARITY_MIXED = (
    "In the recorded runs, thawing did not gain at a similarity of {low:.2f} and gained at "
    "{high:.2f}: the border is uncertain between them."
)
SIMILARITY_ALL = (
    "In the recorded runs, thawing gained by more than chance on every dataset, the most similar "
    "one at {low:.2f}."
)
SIMILARITY_NONE = "In the recorded runs, thawing gained by more than chance on no dataset."
# What follows for the rule.
INSIDE = "The border of the rule lies within that."
OUTSIDE = "The rule keeps its convention, which the recorded runs do not support."


def size_in_words(band: Band | None) -> str:
    """Say what the recorded runs tell about the border of size; "" if nothing."""
    if band is None:
        return ""
    words = (
        SIZE_NEVER
        if band.high is None
        else SIZE_ALWAYS
        if band.low is None
        else SIZE_TOLD
        if band.told
        else SIZE_MIXED
    )
    return f"{words.format(low=band.low, high=band.high)} {_of_rule(band, rule.LARGE_NUM_IMAGES)}"


def similarity_in_words(band: Band | None) -> str:
    """Say what the recorded runs tell about the border of similarity; "" if nothing."""
    if band is None:
        return ""
    words = (
        SIMILARITY_ALL
        if band.high is None
        else SIMILARITY_NONE
        if band.low is None
        else SIMILARITY_TOLD
        if band.told
        else SIMILARITY_MIXED
    )
    return f"{words.format(low=band.low, high=band.high)} {_of_rule(band, rule.SIMILAR)}"


def _of_rule(band: Band, value: float) -> str:
    return INSIDE if band.holds(value) else OUTSIDE
