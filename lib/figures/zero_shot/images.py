"""Accuracy against the number of labelled images, from none on."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import plotly.graph_objects as go

from lib.core.strategy.evidence import Cell
from lib.core.zero_shot.recorded import Recorded, Share
from lib.figures import theme

HEIGHT = 320
BAND_OPACITY = 0.16
# A logarithmic axis has no 0: no image stands so far left of the fewest, as a factor.
ZERO_FACTOR = 0.4
HEAD = "head"


@dataclass(frozen=True)
class Point:
    """Accuracy with a number of labelled images.

    Args:
        images: Labelled images of all classes together; 0 for the words alone.
        share: Accuracy, with the 95 % interval over the test images for the words, the middle
            90 % of the draws for a few images, and the range over the seeds for a trained head.
        how: Name of the method.
    """

    images: int
    share: Share
    how: str


WORDS, NEAREST, TRAINED = "words, calibrated", "nearest class mean", "trained head"
UNCALIBRATED = "words as they are"


def drawn_points(counts: Sequence[tuple[int, Share]], num_classes: int) -> list[Point]:
    """Return the points of a few images of each class.

    Args:
        counts: Images of each class, and the draws.
        num_classes: Number of classes.
    """
    return [Point(shots * num_classes, share, NEAREST) for shots, share in counts]


def points(recorded: Recorded, cells: Sequence[Cell]) -> list[Point]:
    """Return the curve of a recorded dataset, from no labelled image to a trained head.

    Args:
        recorded: Recorded answers with no image and with a few.
        cells: Cells of the same dataset, smallest number of images first.
    """
    num_classes = len(set(recorded.labels.tolist()))
    found = [
        Point(0, share, how)
        for calibrated, how in ((False, UNCALIBRATED), (True, WORDS))
        if (share := recorded.zero_shot(calibrated=calibrated))
    ]
    found += drawn_points(
        [(shots, recorded.drawn(shots)) for shots in recorded.few_shot], num_classes
    )
    for cell in cells:
        if HEAD in cell.tried:
            seeds = cell.tried[HEAD].test
            share = Share(sum(seeds) / len(seeds), min(seeds), max(seeds))
            found.append(Point(cell.num_images, share, TRAINED))
    return found


def accuracies(
    shown: Sequence[Point], lowest: float, baseline: float | None, *, dark: bool = False
) -> go.Figure:
    """Draw one curve, its ranges, and the largest class as a line.

    Args:
        shown: Points, fewest images first; at least one.
        lowest: Start of the accuracy axis, 0 to 1.
        baseline: Accuracy of always predicting one class; None to leave the line out.
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    fewest = min(point.images for point in shown if point.images)
    zero_at = fewest * ZERO_FACTOR
    x = [point.images or zero_at for point in shown]
    drawn = go.Figure()
    if baseline is not None:
        drawn.add_hline(y=baseline, line={"color": colours.muted, "width": 2, "dash": "dot"})
    line = [(at, point) for at, point in zip(x, shown, strict=True) if point.how != UNCALIBRATED]
    drawn.add_scatter(
        x=[at for at, _ in line],
        y=[point.share.value for _, point in line],
        mode="lines",
        line={"color": colours.muted, "width": theme.THIN_LINE_WIDTH},
        hoverinfo="skip",
    )
    _add_marks(drawn, x, shown, colours)
    labels = {at: f"{point.images:,}" for at, point in zip(x, shown, strict=True)}
    drawn.update_xaxes(
        title_text="labelled images",
        type="log",
        range=[log10(min(x) * 0.72), log10(max(x) * 1.4)],
        tickvals=list(labels),
        ticktext=list(labels.values()),
        tickangle=0,
    )
    drawn.update_yaxes(tickformat=".0%", range=[lowest - 0.03, 1.02], nticks=6)
    return theme.apply(drawn, dark=dark, height=HEIGHT, margin={"l": 54, "r": 10, "t": 8, "b": 52})


def _add_marks(
    drawn: go.Figure, x: Sequence[float], shown: Sequence[Point], colours: theme.Palette
) -> None:
    looks = {
        UNCALIBRATED: ("star-open", colours.ink),
        WORDS: ("star", colours.ink),
        NEAREST: ("diamond-open", colours.heat),
        # Blue: the backbone is frozen, as in the figures of the page Strategy.
        TRAINED: ("circle", colours.frozen),
    }
    for how, (symbol, colour) in looks.items():
        mine = [(at, point) for at, point in zip(x, shown, strict=True) if point.how == how]
        if not mine:
            continue
        drawn.add_scatter(
            x=[at for at, _ in mine],
            y=[point.share.value for _, point in mine],
            mode="markers",
            name=how,
            marker={"size": 13, "symbol": symbol, "color": colour, "line": {"width": 2}},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [point.share.high - point.share.value for _, point in mine],
                "arrayminus": [point.share.value - point.share.low for _, point in mine],
                "color": colour,
                "thickness": 2,
                "width": 0,
            },
            customdata=[
                (f"{point.images:,}", point.share.low, point.share.high) for _, point in mine
            ],
            hovertemplate=f"{how}, %{{customdata[0]}} images: <b>%{{y:.1%}}</b> "
            "(%{customdata[1]:.1%} to %{customdata[2]:.1%})<extra></extra>",
        )


def lowest_of(shown: Sequence[Point]) -> float:
    """Return the lowest end of any range, rounded down to a multiple of 0.1."""
    return int(10 * min(point.share.low for point in shown)) / 10


def alt(shown: Sequence[Point]) -> str:
    """Describe a curve in one sentence."""
    return (
        "Accuracy by number of labelled images: "
        + "; ".join(
            f"{point.images:,} images, {point.how}: {point.share.value:.1%} "
            f"({point.share.low:.1%} to {point.share.high:.1%})"
            for point in shown
        )
        + "."
    )


def worth(shown: Sequence[Point]) -> int | None:
    """Return the fewest labelled images that are at least as good as none; None if none are.

    Args:
        shown: Points of one curve, fewest images first.
    """
    zero = next((point for point in shown if point.how == WORDS), None)
    if zero is None:
        return None
    better = (
        point.images for point in shown if point.images and point.share.value >= zero.share.value
    )
    return next(better, None)


def glyph(how: str) -> str:
    """Return the mark of a method as a character, for a legend.

    Example:

    >>> glyph(TRAINED)
    '●'
    """
    return {UNCALIBRATED: "☆", WORDS: "★", NEAREST: "◇", TRAINED: "●"}[how]
