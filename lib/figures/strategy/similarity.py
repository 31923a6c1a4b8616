"""How similar images are to ImageNet: what three depths are worth, and a place on the scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from lib.core.strategy.similarity import Scores, Share
from lib.figures import theme
from lib.figures.reading.axes import Sheet

HEIGHT = 330
# A little beside each other, so that no interval hides the other.
SHIFT = 0.06
MARGIN = {"l": 54, "r": 12, "t": 34, "b": 74}


def depths(scores: Scores, *, dark: bool = False) -> go.Figure:
    """Accuracy of the probe and of the neighbours at three depths, with 95 % intervals."""
    colours = theme.palette(dark)
    probes, votes = _shares(scores)
    sheet = Sheet()
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
    return theme.apply(sheet.figure(layout), dark=dark, height=HEIGHT, showlegend=True)


def _shares(scores: Scores) -> tuple[list[Share], list[Share]]:
    """Accuracy of the probe at each depth, and of the neighbours."""
    return (
        [scores.share(depth.probe_correct) for depth in scores.depths],
        [scores.share(depth.neighbours_correct) for depth in scores.depths],
    )


@dataclass(frozen=True)
class Look:
    """How a line looks, what it is called, and how far beside the others it stands."""

    name: str
    colour: str
    symbol: str
    dash: str
    shift: float


def _line(sheet: Sheet, scores: Scores, shares: Sequence[Share], look: Look) -> None:
    """One line over the depths, an interval at each."""
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
    """The figure in a sentence, for those who cannot see it."""
    parts = "; ".join(
        f"{depth.name} features, linear probe {probe.value:.3f}, neighbours {vote.value:.3f}"
        for depth, probe, vote in zip(scores.depths, *_shares(scores), strict=True)
    )
    return f"Accuracy by depth: {parts}. Always the largest class: {scores.chance:.3f}."


@dataclass(frozen=True)
class Place:
    """A row on the scale.

    Args:
        title: What is there.
        value: Where, 0 to 1.
        interval: Of the images on the page; None for the others.
        said: True for what the reader said.
    """

    title: str
    value: float
    interval: tuple[float, float] | None = None
    said: bool = False


def scale(places: Sequence[Place], border: float, *, dark: bool = False) -> go.Figure:
    """Places on the scale, a row each.

    Args:
        places: From top to bottom.
        border: Where similar begins.
    """
    colours = theme.palette(dark)
    sheet = Sheet()
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
            # No title in it: one from outside would be taken for markup.
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
        # As wide as its labels, and its axis as high as that of the figure beside it.
        "margin": MARGIN | {"l": 8},
    }
    return theme.apply(sheet.figure(layout), dark=dark, height=HEIGHT)


def scale_alt(places: Sequence[Place]) -> str:
    """The figure in a sentence, for those who cannot see it."""
    rows = "; ".join(f"{place.title} {place.value:.2f}" for place in places)
    return f"On a scale from 0, random pixels, to 1, everyday photographs: {rows}."
