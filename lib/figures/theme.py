"""The shared look of every figure: colours that have a meaning, large type, light and dark."""

from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go


@dataclass(frozen=True)
class Palette:
    """Colours of the light or the dark theme. The first three mean only what their names say.

    Compared runs get the colours of `runs` in order, and a letter each. Positive values of a
    feature map go from `paper` to `heat`, negative values from `paper` to `below`. Images have the
    colour of their split.

    The colours are based on the palette of Okabe and Ito, which people with the common forms of
    colour blindness can tell apart (okabe-ito). A word or a pattern always repeats the meaning.
    """

    frozen: str
    trainable: str
    statistics: str
    ink: str
    muted: str
    grid: str
    paper: str
    cold_band: str
    warm_band: str
    heat: str
    below: str
    train: str
    validation: str
    test: str
    runs: tuple[str, ...]


LIGHT = Palette(
    frozen="#0072B2",
    trainable="#D55E00",
    statistics="#CC79A7",
    ink="#16202C",
    muted="#566270",
    grid="#E4E9EE",
    paper="#FFFFFF",
    cold_band="#EAF3FA",
    warm_band="#FDF3EB",
    heat="#00795A",
    below="#74479E",
    train="#7A8794",
    validation="#00795A",
    test="#74479E",
    runs=("#16202C", "#00795A", "#A66F00", "#7A8794", "#7B3F1D", "#8A1F5C"),
)
DARK = Palette(
    frozen="#56A4D6",
    trainable="#E5853B",
    statistics="#DD9DC0",
    ink="#EEF2F6",
    muted="#A3AFBB",
    grid="#2B3641",
    paper="#0E151C",
    cold_band="#12263A",
    warm_band="#2C1F17",
    heat="#3DC795",
    below="#B493DB",
    train="#8FA0B0",
    validation="#3DC795",
    test="#B493DB",
    runs=("#EEF2F6", "#3DC795", "#E8C04A", "#8FA0B0", "#C9A184", "#E77FB3"),
)

# Large enough to read from the last row of a lecture hall.
FONT_SIZE = 16
LINE_WIDTH = 4
THIN_LINE_WIDTH = 2
NARROW_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
FONT_FAMILY = '"Source Sans", "Source Sans Pro", sans-serif'


def palette(dark: bool) -> Palette:
    """The colours of the dark theme, or of the light one."""
    return DARK if dark else LIGHT


def plain(text: str) -> str:
    """A text from outside as Plotly shows it, which knows markup of its own.

    Example:

    >>> plain("<18 yrs & up")
    '&lt;18 yrs &amp; up'
    """
    return escape(text, quote=False)


def faint(colour: str, opacity: float) -> str:
    """A colour with an opacity between 0 and 1.

    Example:

    >>> faint("#0072B2", 0.2)
    'rgba(0, 114, 178, 0.2)'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def apply(figure: go.Figure, *, dark: bool, height: int, **layout: Any) -> go.Figure:
    """Give a figure the shared look. The height is fixed, so that the page does not shift.

    Args:
        figure: Changed in place.
        height: In pixels.
        layout: Further layout properties; `showlegend` here overrides the default False.
    """
    colours = palette(dark)
    figure.update_layout(
        height=height,
        paper_bgcolor=colours.paper,
        plot_bgcolor=colours.paper,
        font={"family": FONT_FAMILY, "size": FONT_SIZE, "color": colours.ink},
        hoverlabel={"font": {"size": FONT_SIZE}, "bgcolor": colours.paper},
        dragmode=False,
        # A constant value keeps the reader's zoom when the figure is redrawn with one more epoch.
        uirevision="keep",
        **{"showlegend": False} | layout,
    )
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zeroline": False,
        "tickfont": {"color": colours.muted},
        "title_font": {"color": colours.muted},
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure
