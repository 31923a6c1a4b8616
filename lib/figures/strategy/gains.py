"""What one way of training gains over another: lines with bands, rows with intervals, points."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import plotly.graph_objects as go

from lib.core.intervals import MeanDifference
from lib.figures import theme

HEIGHT = 380
ROW_HEIGHT, ROWS_MARGIN = 58, 66
SYMBOLS = ("circle", "triangle-up", "diamond", "square", "cross", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "solid")
BAND_OPACITY = 0.13
MARGIN = {"l": 64, "r": 14, "t": 64, "b": 58}


@dataclass(frozen=True)
class Series:
    """One line of a figure.

    Args:
        name: What the line is of.
        x: Positions of its points.
        words: The same in words.
        gains: What is gained at each of them.
    """

    name: str
    x: tuple[float, ...]
    words: tuple[str, ...]
    gains: tuple[MeanDifference, ...]


def lines(
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    *,
    ticks: Sequence[tuple[float, str]],
    logarithmic: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Gains over something, each line with its 95 % interval as a band.

    Args:
        series: The lines.
        x_title: Name of the horizontal axis.
        y_title: Name of the vertical axis, whose unit is points.
        ticks: Positions and words on the horizontal axis.
        logarithmic: True for a logarithmic horizontal axis.
    """
    colours = theme.palette(dark)
    drawn = go.Figure()
    drawn.add_hline(y=0, line={"color": colours.muted, "width": 2})
    for place, each in enumerate(series):
        _add_line(drawn, each, colours.runs[place % len(colours.runs)], place, colours)
    places = [at for at, _ in ticks]
    ends = (min(places) * 0.85, max(places) * 1.18)
    drawn.update_xaxes(
        title_text=x_title,
        tickvals=places,
        ticktext=[words for _, words in ticks],
        **({"type": "log", "range": [log10(end) for end in ends]} if logarithmic else {}),
    )
    drawn.update_yaxes(title_text=y_title, ticksuffix=" ", nticks=7)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return theme.apply(
        drawn, dark=dark, height=HEIGHT, margin=MARGIN, showlegend=True, legend=legend
    )


def _add_line(
    drawn: go.Figure, each: Series, colour: str, place: int, colours: theme.Palette
) -> None:
    low = [100 * gain.low for gain in each.gains]
    high = [100 * gain.high for gain in each.gains]
    hidden = {"x": each.x, "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    drawn.add_scatter(**hidden, y=low, line={"width": 0})
    drawn.add_scatter(
        **hidden,
        y=high,
        line={"width": 0},
        fill="tonexty",
        fillcolor=theme.faint(colour, BAND_OPACITY),
    )
    symbol = SYMBOLS[place % len(SYMBOLS)]
    drawn.add_scatter(
        x=each.x,
        y=[100 * gain.mean for gain in each.gains],
        mode="lines+markers",
        name=each.name,
        showlegend=True,
        line={
            "color": colour,
            "width": theme.LINE_WIDTH - 1,
            "dash": DASHES[place % len(DASHES)],
        },
        marker={
            "size": 12,
            "symbol": [symbol + ("" if gain.told_apart else "-open") for gain in each.gains],
            "color": colour,
            "line": {"width": 2, "color": colour},
        },
        customdata=list(zip(each.words, low, high, strict=True)),
        hovertemplate=f"{each.name}, %{{customdata[0]}}: <b>%{{y:+.1f}} points</b> "
        "(%{customdata[1]:+.1f} to %{customdata[2]:+.1f})<extra></extra>",
    )


def lines_alt(series: Sequence[Series]) -> str:
    """A text alternative to a figure of lines, in one sentence."""
    said = "; ".join(
        f"{each.name}: "
        + ", ".join(
            f"{words} {100 * gain.mean:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
            for words, gain in zip(each.words, each.gains, strict=True)
        )
        for each in series
    )
    return f"Gain in points of test accuracy, with 95 % intervals. {said}."


@dataclass(frozen=True)
class Row:
    """One row of a figure of rows: a name, a value and its 95 % interval, -1 to 1."""

    name: str
    value: float
    low: float
    high: float


def rows(of: Sequence[Row], x_title: str, *, dark: bool = False) -> go.Figure:
    """Values with their 95 % intervals, one row each, from top to bottom.

    Args:
        of: The rows.
        x_title: Name of the horizontal axis, whose unit is points.
    """
    colours = theme.palette(dark)
    drawn = go.Figure()
    drawn.add_vline(x=0, line={"color": colours.muted, "width": 2})
    for place, row in enumerate(of):
        drawn.add_scatter(
            x=[100 * row.low, 100 * row.high],
            y=[place, place],
            mode="lines",
            line={"color": colours.ink, "width": theme.LINE_WIDTH},
            hoverinfo="skip",
        )
        told = row.low > 0 or row.high < 0
        drawn.add_scatter(
            x=[100 * row.value],
            y=[place],
            mode="markers",
            marker={
                "size": 14,
                "symbol": "circle" if told else "circle-open",
                "color": colours.ink,
                "line": {"width": 3, "color": colours.ink},
            },
            hovertemplate=f"{row.name}: <b>%{{x:+.1f}} points</b> ({100 * row.low:+.1f} to "
            f"{100 * row.high:+.1f})<extra></extra>",
        )
        theme.name_row(drawn, row.name, place, colours)
    drawn.update_xaxes(title_text=x_title)
    drawn.update_yaxes(visible=False, range=[len(of) - 0.6, -0.8])
    height = ROW_HEIGHT * len(of) + ROWS_MARGIN
    return theme.apply(drawn, dark=dark, height=height, margin={"l": 8, "r": 12, "t": 4, "b": 56})


def rows_alt(of: Sequence[Row]) -> str:
    """A text alternative to a figure of rows, in one sentence."""
    said = "; ".join(
        f"{row.name} {100 * row.value:+.1f} ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
        for row in of
    )
    return f"In points of test accuracy, with 95 % intervals: {said}."


@dataclass(frozen=True)
class Placed:
    """A dataset on the scale of similarity, and what thawing gains on it.

    Args:
        name: Of the dataset.
        similarity: 0 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        gain: Of thawing over the head alone.
    """

    name: str
    similarity: float
    low: float
    high: float
    gain: MeanDifference


def over_similarity(points: Sequence[Placed], *, dark: bool = False) -> go.Figure:
    """What thawing gains on each dataset over its similarity to ImageNet, both with intervals."""
    colours = theme.palette(dark)
    drawn = go.Figure()
    drawn.add_hline(y=0, line={"color": colours.muted, "width": 2})
    thin = {"width": 0, "thickness": theme.LINE_WIDTH - 1}
    for each in points:
        gain, at = each.gain, each.similarity
        side = "left" if at > 0.7 else "center" if at > 0.45 else "right"
        drawn.add_scatter(
            x=[each.similarity],
            y=[100 * gain.mean],
            mode="markers+text",
            text=[each.name],
            textposition=f"top {side}",
            cliponaxis=False,
            error_x={
                "array": [each.high - each.similarity],
                "arrayminus": [each.similarity - each.low],
                "color": colours.muted,
                **thin,
            },
            error_y={
                "array": [100 * (gain.high - gain.mean)],
                "arrayminus": [100 * (gain.mean - gain.low)],
                **thin,
            },
            marker={
                "size": 14,
                "symbol": "circle" if gain.told_apart else "circle-open",
                "color": colours.ink,
                "line": {"width": 3, "color": colours.ink},
            },
            hovertemplate=f"{each.name}: <b>%{{y:+.1f}} points</b> ({100 * gain.low:+.1f} to "
            f"{100 * gain.high:+.1f}), similarity %{{x:.2f}} ({each.low:.2f} to {each.high:.2f})"
            "<extra></extra>",
        )
    drawn.update_xaxes(
        title_text="similarity to ImageNet, as measured",
        range=[-0.04, 1.04],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
    )
    drawn.update_yaxes(title_text="gain of thawing, points", ticksuffix=" ", nticks=6)
    return theme.apply(drawn, dark=dark, height=HEIGHT, margin=MARGIN | {"t": 14})


def over_similarity_alt(points: Sequence[Placed]) -> str:
    """A text alternative to the figure over similarity, in one sentence."""
    said = "; ".join(
        f"{each.name}, similarity {each.similarity:.2f} ({each.low:.2f} to {each.high:.2f}): "
        f"{100 * each.gain.mean:+.1f} ({100 * each.gain.low:+.1f} to {100 * each.gain.high:+.1f})"
        for each in points
    )
    return f"Gain of thawing in points of test accuracy, with 95 % intervals. {said}."
