"""The number of validation images that leaked into training, by epoch."""

from collections.abc import Sequence

import plotly.graph_objects as go

from lib.core.images.shuffle_leak import Epoch
from lib.figures import theme

HEIGHT = 300


def figure(epochs: Sequence[Epoch], *, dark: bool = False) -> go.Figure:
    """One line for a split by take and skip, and one at 0 for a split made before shuffling."""
    colours = theme.palette(dark)
    numbers = [epoch.epoch for epoch in epochs]
    seen = [len(epoch.seen) for epoch in epochs]
    total = len(epochs[0].validation)
    figure = go.Figure(
        [
            go.Scatter(
                x=numbers,
                y=seen,
                mode="lines+markers",
                line={"color": colours.ink, "width": theme.LINE_WIDTH},
                marker={"size": 10, "symbol": "square"},
                hovertemplate=f"epoch %{{x}}: %{{y:,}} of {total:,}<extra></extra>",
                name="shuffle, take and skip",
            ),
            go.Scatter(
                x=numbers,
                y=[0] * len(epochs),
                mode="lines",
                line={"color": colours.validation, "width": theme.LINE_WIDTH},
                hovertemplate=f"epoch %{{x}}: 0 of {total:,}<extra></extra>",
                name="Thaw's split",
            ),
        ]
    )
    figure.add_hline(total, line={"color": colours.muted, "width": 1, "dash": "dot"})
    for text, y, colour, anchor in (
        (f"all {total:,} validation images", total, colours.muted, "bottom"),
        ("<b>shuffle, take and skip</b>", seen[-1], colours.ink, "top"),
        ("<b>Thaw's split: 0</b>", 0, colours.validation, "bottom"),
    ):
        figure.add_annotation(
            text=text,
            x=numbers[-1],
            y=y,
            xanchor="right",
            yanchor=anchor,
            yshift={"top": -8, "bottom": 3}[anchor],
            showarrow=False,
            font={"color": colour, "size": theme.FONT_SIZE},
        )
    figure.update_xaxes(
        title_text="epoch", dtick=1, range=[0.7, numbers[-1] + 0.3], automargin=True
    )
    figure.update_yaxes(
        title_text="already trained on", range=[-0.04 * total, 1.18 * total], automargin=True
    )
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=theme.NARROW_MARGIN)


def alt_text(epochs: Sequence[Epoch]) -> str:
    """A text alternative to the figure, in one sentence."""
    first, last = epochs[0], epochs[-1]
    return (
        f"After epoch 1, {len(first.seen):,} of {len(first.validation):,} validation images have "
        f"been trained on with shuffle, take and skip, after epoch {last.epoch} "
        f"{len(last.seen):,}; with Thaw's split none, in any epoch."
    )
