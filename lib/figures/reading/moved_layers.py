"""Bar chart of the relative weight change of each layer; frozen layers have no bar."""

from collections.abc import Sequence

import plotly.graph_objects as go

from lib.core.reading.curves import LayerChange
from lib.figures import theme

HEIGHT = 260


def figure(changes: Sequence[LayerChange], *, dark: bool = False) -> go.Figure:
    """One bar for each layer, from input to output: its relative change in the last phase.

    Frozen layers have a marker on the zero line, so that their position is visible.
    """
    colours = theme.palette(dark)
    positions = list(range(len(changes)))
    figure = go.Figure()
    for name, colour, chosen, value in (
        ("weights", colours.trainable, lambda c: c.weights > 0, lambda c: c.weights),
        ("statistics", colours.statistics, lambda c: c.statistics > 0, lambda c: c.statistics),
    ):
        shown = [position for position in positions if chosen(changes[position])]
        figure.add_bar(
            x=shown,
            y=[value(changes[position]) for position in shown],
            customdata=[changes[position].name for position in shown],
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{customdata}}: {name} moved %{{y:.4f}}<extra></extra>",
        )
    still = [position for position in positions if not changes[position].moved]
    figure.add_scatter(
        x=still,
        y=[0] * len(still),
        mode="markers",
        marker={"symbol": "line-ew", "size": 7, "line": {"width": 4, "color": colours.frozen}},
        customdata=[changes[position].name for position in still],
        hovertemplate="%{customdata}: exactly 0<extra></extra>",
    )
    figure.update_xaxes(
        title_text="layers with weights, from the image to the features",
        range=[-1, len(changes)],
        showticklabels=False,
        showgrid=False,
    )
    figure.update_yaxes(title_text="relative change", rangemode="tozero", nticks=5)
    margin = {"l": 64, "r": 16, "t": 16, "b": 44}
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=margin, bargap=0.1)


def alt_text(changes: Sequence[LayerChange]) -> str:
    """A text alternative to the figure, in one sentence."""
    moved = [change for change in changes if change.moved]
    if not moved:
        return f"None of {len(changes)} layers moved."
    most = max(moved, key=lambda change: max(change.weights, change.statistics))
    return (
        f"{len(moved)} of {len(changes)} layers moved, {most.name} the most; the others by "
        "exactly 0."
    )
