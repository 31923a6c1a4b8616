"""Histograms: of pixel values before and after they are rescaled, and of image sizes."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from lib.core.files import outside_text
from lib.core.splits import IntArray
from lib.figures import theme

HEIGHT = 250
NUM_BINS = 52
# More different sizes than this are grouped into the cells of a grid.
MAX_EXACT_SIZES = 60
GRID = 12
# Empty share of the range on both sides, so that bars at the ends are visible.
MARGIN = 0.04
# Columns of the name of a class; on a telephone they leave half of the width for the bars.
LONGEST_NAME = 20


def values(
    pixels: npt.ArrayLike, value_range: tuple[float, float], title: str, *, dark: bool = False
) -> go.Figure:
    """Histogram of all values of an image.

    Args:
        pixels: Of any shape.
        value_range: Smallest and largest value on the axis.
    """
    colours = theme.palette(dark)
    low, high = value_range
    counts, edges = np.histogram(np.asarray(pixels), bins=NUM_BINS, range=value_range)
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=counts,
            width=(high - low) / NUM_BINS,
            marker={"color": colours.ink, "line": {"width": 0}},
            hovertemplate="around %{x:.3g}: %{y:,} values<extra></extra>",
        )
    )
    margin = MARGIN * (high - low)
    figure.update_xaxes(title_text=title, range=[low - margin, high + margin], automargin=True)
    figure.update_yaxes(title_text="values", automargin=True, nticks=4)
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=theme.NARROW_MARGIN, bargap=0)


def counted(
    edges: Sequence[float],
    counts: Sequence[int],
    expected: tuple[float, float],
    *,
    dark: bool = False,
) -> go.Figure:
    """Histogram of values that were counted before, and the range that a network expects.

    Args:
        edges: Edges of the bins, one more than bins.
        counts: Values in each bin.
        expected: Smallest and largest value that the network expects.
    """
    colours = theme.palette(dark)
    low, high = min(edges[0], expected[0]), max(edges[-1], expected[1])
    bins = list(pairwise(edges))
    # Values that are squeezed into a hair of the range are still seen.
    narrowest = (high - low) / (4 * NUM_BINS)
    figure = go.Figure(
        go.Bar(
            x=[(left + right) / 2 for left, right in bins],
            y=list(counts),
            width=[max(right - left, narrowest) for left, right in bins],
            marker={"color": colours.ink, "line": {"width": 0}},
            hovertemplate="around %{x:.3g}: %{y:,} values<extra></extra>",
        )
    )
    figure.add_vrect(
        *expected,
        fillcolor=theme.faint(colours.muted, 0.18),
        line={"color": colours.muted, "width": 2, "dash": "dot"},
        layer="below",
    )
    figure.add_annotation(
        text="expected",
        x=sum(expected) / 2,
        y=1,
        yref="paper",
        showarrow=False,
        yanchor="bottom",
        font={"color": colours.muted},
    )
    margin = MARGIN * (high - low)
    title = "value that reaches the network"
    figure.update_xaxes(title_text=title, range=[low - margin, high + margin], automargin=True)
    figure.update_yaxes(title_text="values", automargin=True, nticks=4)
    room = theme.NARROW_MARGIN | {"t": 28}
    return theme.apply(figure, dark=dark, height=HEIGHT, margin=room, bargap=0)


def sizes(of_images: IntArray, *, dark: bool = False) -> go.Figure:
    """Scatter plot of width and height; the area of a marker shows the number of images.

    Args:
        of_images: (num_images, 2), width and height in pixels.
    """
    colours = theme.palette(dark)
    places, counts = grouped(of_images)
    top = float(of_images.max())
    figure = go.Figure(
        go.Scatter(
            x=places[:, 0],
            y=places[:, 1],
            customdata=counts,
            mode="markers",
            marker={
                "symbol": "square",
                "color": colours.ink,
                "opacity": 0.75,
                # The area is proportional to the number of images.
                "size": 6 + 30 * np.sqrt(counts / counts.max()),
                "line": {"width": 0},
            },
            hovertemplate="about %{x:.0f} × %{y:.0f}: %{customdata:,} images<extra></extra>",
        )
    )
    figure.add_shape(
        type="line",
        x0=0,
        y0=0,
        x1=1.1 * top,
        y1=1.1 * top,
        layer="below",
        line={"color": colours.muted, "width": 1, "dash": "dot"},
    )
    figure.add_annotation(
        text="square",
        x=1.06 * top,
        y=1.06 * top,
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        font={"color": colours.muted},
    )
    figure.update_xaxes(title_text="width in pixels", range=[0, 1.15 * top], automargin=True)
    figure.update_yaxes(title_text="height in pixels", range=[0, 1.15 * top], automargin=True)
    return theme.apply(figure, dark=dark, height=320, margin=theme.NARROW_MARGIN)


def grouped(of_images: IntArray) -> tuple[npt.NDArray[np.float64], IntArray]:
    """Count the images of each size, or of each grid cell where there are many sizes.

    Args:
        of_images: (num_images, 2), width and height in pixels.

    Returns:
        (sizes, 2), their mean width and height; (sizes,), how many images.

    Example:

    >>> places, counts = grouped(np.array([[10, 20], [10, 20], [30, 20]]))
    >>> places.tolist(), counts.tolist()
    ([[10.0, 20.0], [30.0, 20.0]], [2, 1])
    """
    cells = of_images
    if len(np.unique(of_images, axis=0)) > MAX_EXACT_SIZES:
        cells = of_images * GRID // (of_images.max() + 1)
    _, place, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), 2))
    np.add.at(sums, place.ravel(), of_images)
    return sums / counts[:, np.newaxis], counts.astype(np.int64)


def values_alt_text(pixels: npt.ArrayLike, title: str) -> str:
    """A text alternative to the histogram of values, in one sentence."""
    array = np.asarray(pixels, np.float64)
    return (
        f"Histogram, {title}: from {array.min():.4g} to {array.max():.4g}, in the mean "
        f"{array.mean():.4g}."
    )


def class_bars(
    counts: Sequence[int], class_names: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Bar chart of the number of images of each class.

    Args:
        counts: Images of each class.
        class_names: In label order.
    """
    colours = theme.palette(dark)
    figure = go.Figure(
        go.Bar(
            x=list(counts),
            y=list(range(len(counts))),
            orientation="h",
            text=[f"{count:,}" for count in counts],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colours.train},
            customdata=[theme.plain(name) for name in class_names],
            hovertemplate="%{customdata}: %{x:,} images<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="images", range=[0, 1.15 * max(counts)], automargin=True)
    figure.update_yaxes(
        tickvals=list(range(len(counts))),
        ticktext=[
            theme.plain(each) for each in outside_text.short_names(class_names, LONGEST_NAME)
        ],
        range=[len(counts) - 0.5, -0.5],
        automargin=True,
        showgrid=False,
    )
    height = 90 + 28 * max(len(counts), 4)
    return theme.apply(figure, dark=dark, height=height, margin=theme.NARROW_MARGIN, bargap=0.25)
