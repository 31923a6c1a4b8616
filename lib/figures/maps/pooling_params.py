"""Parameters of heads with GAP and with Flatten, against input size and channels."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log10

import plotly.graph_objects as go

from lib.core import backbones, heads
from lib.core.heads import HeadSpec
from lib.figures import theme

HEIGHT = 330
SIZE_STEP = 8  # pixels: sampling distance of the input size
LARGEST_SIZE = 512
CHANNELS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)

NAMED_AT = 128  # channels: where the names of the lines are drawn

Counts = Mapping[str, Sequence[int]]


@lru_cache(maxsize=16)
def feature_shapes(backbone: str) -> dict[int, tuple[int, ...]]:
    """Shape of the last feature map at every input size of the figure. Do not modify the result."""
    smallest = backbones.get(backbone).min_image_size
    sizes = [size for size in range(0, LARGEST_SIZE + 1, SIZE_STEP) if size >= smallest]
    return {size: backbones.load_layer_table(backbone, size)[-1].output_shape for size in sizes}


def counts(head_specs: Mapping[str, HeadSpec], shapes: Sequence[Sequence[int]]) -> Counts:
    """Number of parameters of each head for each feature map shape.

    Args:
        head_specs: Name -> head.
        shapes: Each (height, width, channels).
    """
    return {
        name: [heads.count_params(head, shape).total for shape in shapes]
        for name, head in head_specs.items()
    }


def against_size(
    head_specs: Mapping[str, HeadSpec], backbone: str, image_size: int, *, dark: bool = False
) -> go.Figure:
    """Parameters of all heads against the input size in pixels, for one backbone.

    Args:
        head_specs: Name -> head; the head with GAP first.
        image_size: Input size that is marked, in pixels.
    """
    chosen = backbones.load_layer_table(backbone, image_size)[-1].output_shape
    shapes = dict(sorted({**feature_shapes(backbone), image_size: chosen}.items()))
    figure = _figure(head_specs, shapes, image_size, named_at=LARGEST_SIZE, log_x=False, dark=dark)
    # Height and width of the feature map are integers, so the line is a step function.
    figure.update_traces(line_shape="hv", selector={"mode": "lines"})
    return figure.update_xaxes(title_text="input size, pixels", range=[min(shapes), LARGEST_SIZE])


def against_channels(
    head_specs: Mapping[str, HeadSpec],
    positions: tuple[int, int],
    channels: int,
    *,
    dark: bool = False,
) -> go.Figure:
    """Parameters against the number of channels, for a feature map of fixed height and width.

    Args:
        head_specs: Name -> head; the head with GAP first.
        channels: Number of channels that is marked.
    """
    shapes = {number: (*positions, number) for number in sorted({*CHANNELS, channels})}
    figure = _figure(head_specs, shapes, channels, named_at=NAMED_AT, log_x=True, dark=dark)
    ticks = CHANNELS[::2]
    return figure.update_xaxes(
        title_text="channels", type="log", tickvals=ticks, ticktext=[f"{each:,}" for each in ticks]
    )


def _figure(
    head_specs: Mapping[str, HeadSpec],
    shapes: Mapping[int, Sequence[int]],
    chosen: int,
    *,
    named_at: int,
    log_x: bool,
    dark: bool,
) -> go.Figure:
    """A named line for each head over the keys of `shapes`, with a dot at the chosen key."""
    colours = theme.palette(dark)
    looks = (
        {"color": colours.heat, "width": theme.LINE_WIDTH + 1},
        {"color": colours.ink, "width": theme.LINE_WIDTH},
        {"color": colours.muted, "width": theme.LINE_WIDTH, "dash": "dot"},
    )
    figure = go.Figure()
    figure.add_vline(x=chosen, line={"color": colours.muted, "width": 2, "dash": "dash"})
    lines = counts(head_specs, list(shapes.values()))
    at = list(shapes).index(chosen)
    for (name, values), look in zip(lines.items(), looks, strict=True):
        figure.add_scatter(
            x=list(shapes),
            y=values,
            mode="lines",
            name=name,
            line=look,
            hovertemplate=f"{name}, %{{x:,}}: %{{y:,}} parameters<extra></extra>",
        )
        figure.add_scatter(
            x=[chosen],
            y=[values[at]],
            mode="markers",
            marker={"size": 13, "color": look["color"]},
            hoverinfo="skip",
        )
        # The lowest line has its name below it and the others above, so no line crosses a name.
        below = name == next(iter(lines))
        figure.add_annotation(
            x=log10(named_at) if log_x else named_at,
            y=log10(values[list(shapes).index(named_at)]),
            text=name,
            showarrow=False,
            xanchor="left" if below and log_x else "right",
            yanchor="top" if below else "bottom",
            font={"color": look["color"], "size": theme.FONT_SIZE},
        )
    figure.update_yaxes(
        title_text="parameters of the head", type="log", dtick=1, exponentformat="SI"
    )
    margin = {"l": 64, "r": 16, "t": 32, "b": 52}
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=margin)


def alt_text(what: str, names: Sequence[str], values: Sequence[int]) -> str:
    """A text alternative to a figure, in one sentence.

    Args:
        what: The quantity on the horizontal axis and its marked value.
        values: Numbers of parameters at the marked value.
    """
    parts = ", ".join(f"{name} {value:,}" for name, value in zip(names, values, strict=True))
    return f"Parameters of the head against {what}: {parts}."
