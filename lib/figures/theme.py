"""The shared look of every figure: colours that have a meaning, large type, light and dark."""

from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go


@dataclass(frozen=True)
class Palette:
    """Colours of the light or the dark theme. The first three mean only what their names say.

    Compared runs get the colours of `runs` in order, and a name each. Positive values of a
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


def name_row(figure: go.Figure, name: str, place: int, colours: Palette) -> None:
    """Write the name of a row above its interval, so that both fit on a narrow screen.

    Args:
        figure: A figure with a row at each whole number of its vertical axis, first row on top.
        name: Text of the row.
        place: Number of the row.
        colours: Palette of the figure.
    """
    figure.add_annotation(
        text=name,
        x=0,
        xref="paper",
        xanchor="left",
        y=place - 0.18,
        yanchor="bottom",
        showarrow=False,
        bgcolor=colours.paper,
        borderpad=0,
    )


def apply(figure: go.Figure, *, dark: bool, height: int, **layout: Any) -> go.Figure:
    """Give a figure the shared look. The height is fixed, so that the page does not shift.

    Args:
        figure: Changed in place.
        height: In pixels.
        layout: Further layout properties; `showlegend` here overrides the default False.
    """
    figure.update_layout(_look(dark, height) | layout)
    axis = _axis(dark)
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    return figure


def applied(given: dict[str, Any], *, dark: bool, height: int, **layout: Any) -> dict[str, Any]:
    """Return a layout with the shared look, for a figure that is made once.

    Plotly validates after every change: to change a figure of curves takes three times as long.

    Args:
        given: Layout of the figure; each of its axes is named in it.
        height: In pixels.
        layout: As in `apply`.
    """
    axis = _axis(dark)
    styled = {
        name: {
            **values,
            **axis,
            "tickfont": values.get("tickfont", {}) | axis["tickfont"],
            "title": (values.get("title") or {}) | axis["title"],
        }
        for name, values in given.items()
        if name.startswith(("xaxis", "yaxis"))
    }
    return given | styled | _look(dark, height) | layout


def _look(dark: bool, height: int) -> dict[str, Any]:
    colours = palette(dark)
    return {
        "height": height,
        "paper_bgcolor": colours.paper,
        "plot_bgcolor": colours.paper,
        "font": {"family": FONT_FAMILY, "size": FONT_SIZE, "color": colours.ink},
        "hoverlabel": {"font": {"size": FONT_SIZE}, "bgcolor": colours.paper},
        "dragmode": False,
        # A constant value keeps the reader's zoom when the figure is redrawn with one more epoch.
        "uirevision": "keep",
        "showlegend": False,
    }


def _axis(dark: bool) -> dict[str, Any]:
    colours = palette(dark)
    return {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zeroline": False,
        "tickfont": {"color": colours.muted},
        "title": {"font": {"color": colours.muted}},
    }


# On a projector, as 22 px are to the 16 px of a page (lib/ui/present.css).
PROJECTOR = 22 / 16
# Sizes of letters, widths of lines and margins, in pixels.
LENGTHS = ("size", "width", "xshift", "yshift", "l", "r", "t", "b")


def for_projector(figure: go.Figure) -> go.Figure:
    """Make the letters, lines and margins of a figure larger, for the last row of a lecture hall.

    Args:
        figure: Changed in place.

    Example:

    >>> for_projector(apply(go.Figure(), dark=False, height=300)).layout.font.size
    22.0
    """

    def grow(node: Any) -> None:
        for name, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, dict | list | tuple):
                grow(value)
            elif name in LENGTHS and isinstance(value, int | float):
                node[name] = value * PROJECTOR

    described = figure.to_plotly_json()
    for part in (described["layout"], *described["data"]):
        for name in ("font", "hoverlabel", "annotations", "margin", "line", "shapes"):
            if name in part:
                grow(part[name])
    grown = go.Figure(described)
    figure.update(data=grown.data, layout=grown.layout, overwrite=True)
    return figure
