"""What image size and steps are worth: accuracy of a head over both, beside what thawing adds."""

from collections.abc import Sequence
from math import log10

import plotly.graph_objects as go

from lib.core.strategy.resolution import PUBLISHED, STEPS, Recorded
from lib.figures import theme

HEIGHT = 340
SYMBOLS = ("circle", "triangle-up", "diamond")
DASHES = ("solid", "dash", "dot")
MARGIN = {"l": 54, "r": 10, "t": 8, "b": 52}


def by_size(found: Sequence[Recorded], *, dark: bool = False) -> go.Figure:
    """Accuracy of a solved head over image size; a square is what thawing adds there.

    Args:
        found: What was recorded, one line for each dataset.
    """
    colours = theme.palette(dark)
    drawn = go.Figure()
    for place, each in enumerate(found):
        sizes = [at.image_size for at in each.sizes]
        values = [at.accuracy for at in each.sizes]
        _line(drawn, place, each, sizes, values, "%{x} pixels", colours)
        for at in each.sizes:
            if (adds := at.thawing_adds) is None:
                continue
            drawn.add_scatter(
                x=[at.image_size, at.image_size],
                y=[at.accuracy, min(1.0, at.accuracy + adds)],
                mode="lines+markers",
                name="What thawing everything adds",
                legendrank=2_000,  # After the datasets.
                showlegend=not any(line.name and "thawing" in line.name for line in drawn.data),
                line={"color": colours.trainable, "width": theme.THIN_LINE_WIDTH},
                marker={"symbol": "square", "size": [0, 11], "color": colours.trainable},
                hovertemplate=f"{each.title}, {at.image_size} pixels: thawing everything adds "
                f"<b>{100 * adds:+.1f} points</b><extra></extra>",
            )
    sizes = [at.image_size for at in found[0].sizes]
    drawn.update_xaxes(title_text="image size, pixels", tickvals=sizes, ticktext=sizes)
    return _finished(drawn, dark)


def by_steps(found: Sequence[Recorded], *, dark: bool = False) -> go.Figure:
    """Accuracy of a head after so many steps of Adam at the published size.

    Args:
        found: What was recorded, one line for each dataset.
    """
    colours = theme.palette(dark)
    drawn = go.Figure()
    for place, each in enumerate(found):
        values = each.at(PUBLISHED).steps
        _line(drawn, place, each, STEPS, values, "%{x:,} steps", colours)
    shown = (1, 10, 100, 1_000)
    drawn.update_xaxes(
        title_text="steps of Adam, batches of 32",
        type="log",
        range=[log10(0.9), log10(1_200)],
        tickvals=shown,
        ticktext=[f"{step:,}" for step in shown],
    )
    return _finished(drawn, dark)


def _line(
    drawn: go.Figure,
    place: int,
    each: Recorded,
    x: Sequence[float],
    y: Sequence[float],
    where: str,
    colours: theme.Palette,
) -> None:
    drawn.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers",
        name=each.title,
        showlegend=True,
        line={
            "color": colours.frozen,
            "width": theme.LINE_WIDTH - 1,
            "dash": DASHES[place % len(DASHES)],
        },
        marker={"size": 10, "symbol": SYMBOLS[place % len(SYMBOLS)], "color": colours.frozen},
        hovertemplate=f"{each.title}, {where}: <b>%{{y:.3f}}</b><extra></extra>",
    )


def _finished(drawn: go.Figure, dark: bool) -> go.Figure:
    drawn.update_yaxes(tickformat=".0%", nticks=6)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return theme.apply(
        drawn,
        dark=dark,
        height=HEIGHT,
        margin=MARGIN | {"t": 64},
        showlegend=True,
        legend=legend,
    )


def alt_by_size(found: Sequence[Recorded]) -> str:
    """A text alternative to the figure over image size, in one sentence."""
    parts = [
        f"{each.title}: " + ", ".join(f"{at.image_size} px {at.accuracy:.3f}" for at in each.sizes)
        for each in found
    ]
    return f"Accuracy of a solved head by image size. {'; '.join(parts)}."


def alt_by_steps(found: Sequence[Recorded]) -> str:
    """A text alternative to the figure over steps, in one sentence."""
    parts = []
    for each in found:
        values = zip(STEPS, each.at(PUBLISHED).steps, strict=True)
        parts.append(
            f"{each.title}: " + ", ".join(f"{step:,} steps {value:.3f}" for step, value in values)
        )
    return f"Accuracy of a head at {PUBLISHED} pixels by steps of Adam. {'; '.join(parts)}."
