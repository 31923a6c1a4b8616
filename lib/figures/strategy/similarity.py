"""Similarity to ImageNet: accuracy of features at three depths, and position on the scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from lib.core.strategy.similarity import Scores, Share
from lib.figures import theme
from lib.figures.reading.axes import Sheet

HEIGHT = 330
# Horizontal offset, so that error bars do not overlap.
SHIFT = 0.06
MARGIN = {"l": 54, "r": 12, "t": 34, "b": 74}


def depths(scores: Scores, *, dark: bool = False) -> go.Figure:
    """Accuracy of linear probe and nearest neighbours at three depths, with 95 % intervals."""
    colours = theme.palette(dark)
    probes, votes = _shares(scores)
    sheet = Sheet(colours)
    probe = Look("linear probe", colours.ink, "circle", "solid", -SHIFT)
    vote = Look("neighbours", colours.heat, "diamond", "dot", SHIFT)
    _line(sheet, scores, probes, probe)
    _line(sheet, scores, votes, vote)
    line = {"color": colours.muted, "width": 2, "dash": "dash"}
    ends = {"x0": 0, "x1": 1, "y0": scores.chance, "y1": scores.chance}
    sheet.shape(type="line", xref="paper", **ends, line=line, layer="below")
    sheet.note(
        text="always the largest class",
        x=1,
        xref="paper",
        xanchor="right",
        y=scores.chance,
        yanchor="bottom",
        showarrow=False,
        font={"color": colours.muted},
    )
    lowest = min(scores.chance, *(share.low for share in (*probes, *votes)))
    layout = {
        "xaxis": {
            "title": {"text": "depth of the features"},
            "range": [-0.35, len(probes) - 0.65],
            "tickvals": list(range(len(probes))),
            "ticktext": [f"{depth.name}<br>{depth.channels:,} numbers" for depth in scores.depths],
        },
        "yaxis": {"tickformat": ".0%", "range": [max(0.0, lowest - 0.05), 1.02], "nticks": 6},
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
        "margin": MARGIN,
    }
    return sheet.figure(layout, HEIGHT, showlegend=True)


def _shares(scores: Scores) -> tuple[list[Share], list[Share]]:
    """Accuracy of the linear probe at each depth, and of the nearest neighbours."""
    return (
        [scores.share(depth.probe_correct) for depth in scores.depths],
        [scores.share(depth.neighbours_correct) for depth in scores.depths],
    )


@dataclass(frozen=True)
class Look:
    """Name, colour, symbol, dash and horizontal offset of a line."""

    name: str
    colour: str
    symbol: str
    dash: str
    shift: float


def _line(sheet: Sheet, scores: Scores, shares: Sequence[Share], look: Look) -> None:
    """Draw one line over the depths, with an error bar at each."""
    sheet.scatter(
        x=[place + look.shift for place in range(len(shares))],
        y=[share.value for share in shares],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [share.high - share.value for share in shares],
            "arrayminus": [share.value - share.low for share in shares],
            "thickness": 2,
            "width": 5,
        },
        mode="lines+markers",
        name=look.name,
        line={"color": look.colour, "width": theme.LINE_WIDTH, "dash": look.dash},
        marker={"size": 11, "symbol": look.symbol, "color": look.colour},
        customdata=[
            (depth.name, share.low, share.high)
            for depth, share in zip(scores.depths, shares, strict=True)
        ],
        hovertemplate=f"{look.name}, %{{customdata[0]}}: <b>%{{y:.3f}}</b> "
        "(%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>",
    )


def depths_alt(scores: Scores) -> str:
    """A text alternative to the figure, in one sentence."""
    parts = "; ".join(
        f"{depth.name} features, linear probe {probe.value:.3f}, neighbours {vote.value:.3f}"
        for depth, probe, vote in zip(scores.depths, *_shares(scores), strict=True)
    )
    return f"Accuracy by depth: {parts}. Always the largest class: {scores.chance:.3f}."


@dataclass(frozen=True)
class Place:
    """A row on the scale.

    Args:
        title: Name of the row.
        value: Similarity, 0 to 1.
        interval: 95 % interval of a measurement on this page; None for reference values.
        said: Whether the value is the reader's own estimate.
    """

    title: str
    value: float
    interval: tuple[float, float] | None = None
    said: bool = False


def scale(places: Sequence[Place], border: float, *, dark: bool = False) -> go.Figure:
    """Values on the similarity scale, one row each.

    Args:
        places: The rows, from top to bottom.
        border: Threshold from which data count as similar.
    """
    colours = theme.palette(dark)
    sheet = Sheet(colours)
    line = {"color": colours.muted, "width": 2, "dash": "dash"}
    ends = {"x0": border, "x1": border, "y0": 0, "y1": 1}
    sheet.shape(type="line", yref="paper", **ends, line=line, layer="below")
    for row, place in enumerate(places):
        colour = colours.ink if place.interval or place.said else colours.muted
        if place.interval:
            sheet.scatter(
                x=list(place.interval),
                y=[row, row],
                mode="lines",
                line={"color": colour, "width": theme.LINE_WIDTH},
                hoverinfo="skip",
            )
        sheet.scatter(
            x=[place.value],
            y=[row],
            mode="markers",
            marker={
                "size": 16 if place.interval else 12,
                "symbol": "diamond-open" if place.said else "circle",
                "color": colour,
                "line": {"width": 3, "color": colour},
            },
            # Without the title: Plotly would interpret markup in a title from outside.
            hovertemplate="<b>%{x:.2f}</b><extra></extra>",
        )
    layout = {
        "xaxis": {
            "title": {"text": "similarity"},
            "range": [-0.06, 1.06],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
        },
        "yaxis": {
            "tickvals": list(range(len(places))),
            "ticktext": [place.title for place in places],
            "range": [len(places) - 0.5, -0.5],
            "automargin": True,
            "showgrid": False,
        },
        # The labels set the left margin; the axis height equals that of the figure beside it.
        "margin": MARGIN | {"l": 8},
    }
    return sheet.figure(layout, HEIGHT)


def scale_alt(places: Sequence[Place]) -> str:
    """A text alternative to the figure, in one sentence."""
    rows = "; ".join(f"{place.title} {place.value:.2f}" for place in places)
    return f"On a scale from 0, random pixels, to 1, everyday photographs: {rows}."
