"""Accuracy against the number of channels, with the range where Flatten is better than GAP."""

from math import log10, sqrt

import plotly.graph_objects as go

from lib.core.maps.channel_threshold import ChannelLine, Measured
from lib.figures import theme

HEIGHT = 330


def figure(line: ChannelLine, chosen: Measured, *, dark: bool = False) -> go.Figure:
    """Test accuracy of both heads against the number of channels, on a logarithmic axis."""
    colours = theme.palette(dark)
    channels = [row.channels for row in line.rows]
    drawn = go.Figure()
    for name, values, colour, dash in (
        ("Flatten", [row.flatten for row in line.rows], colours.ink, "dot"),
        ("GAP", [row.gap for row in line.rows], colours.heat, "solid"),
    ):
        drawn.add_scatter(
            x=channels,
            y=values,
            mode="lines+markers",
            name=f"{name} + Dense",
            line={"color": colour, "width": theme.LINE_WIDTH, "dash": dash},
            marker={"size": 9, "color": colour},
            hovertemplate=f"{name}, %{{x}} channels: %{{y:.1%}}<extra></extra>",
        )
    drawn.add_vline(x=chosen.channels, line={"color": colours.muted, "width": 2, "dash": "dash"})
    drawn.add_vrect(
        x0=channels[0] * 0.8,
        # The geometric mean lies in the middle of the two measured points on this axis.
        x1=sqrt(line.flatten_up_to * line.gap_from),
        fillcolor=colours.grid,
        opacity=0.6,
        layer="below",
        line_width=0,
    )
    drawn.add_annotation(
        text="Flatten is ahead",
        x=0,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"color": colours.ink},
    )
    ticks = channels[::2]
    drawn.update_xaxes(
        title_text="channels",
        type="log",
        range=[log10(channels[0] * 0.8), log10(channels[-1] * 1.25)],
        tickvals=ticks,
        ticktext=[f"{each:,}" for each in ticks],
    )
    drawn.update_yaxes(title_text="test accuracy", tickformat=".0%", nticks=5)
    legend = {"x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
    margin = {"l": 64, "r": 16, "t": 32, "b": 52}
    return theme.apply(
        drawn, dark=dark, height=HEIGHT, margin=margin, showlegend=True, legend=legend
    )


def alt_text(line: ChannelLine, chosen: Measured) -> str:
    """A text alternative to the figure, in one sentence."""
    return (
        f"Test accuracy against channels, {line.num_images:,} training images. With "
        f"{chosen.channels:,}: Flatten {chosen.flatten:.1%}, GAP {chosen.gap:.1%}."
    )
