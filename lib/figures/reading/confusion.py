"""The confusion matrix: which class was taken for which, and how often."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from lib.figures import theme

# Room for the words around it, and for each class.
MARGIN = 96
CELL = 84
MAX_HEIGHT = 620
# More classes than this leave no room for numbers in the cells.
MAX_NUMBERED = 12


def height(num_classes: int) -> int:
    """Pixels for so many classes."""
    return min(MARGIN + CELL * max(num_classes, 3), MAX_HEIGHT)


def figure(
    matrix: Sequence[Sequence[int]],
    class_names: Sequence[str],
    *,
    chosen: tuple[int, int] | None = None,
    dark: bool = False,
) -> go.Figure:
    """A cell for each pair of classes, the darker the more of its row is in it.

    Each cell is a point that can be selected, with its row and column as `customdata`.

    Args:
        matrix: (num_classes, num_classes), a row a label, a column a prediction.
        class_names: In label order.
        chosen: Row and column of the cell whose images are on screen.
        dark: Which appearance.
    """
    colours = theme.palette(dark)
    places = range(len(class_names))
    totals = [max(1, sum(row)) for row in matrix]
    shares = [[count / total for count in row] for row, total in zip(matrix, totals, strict=True)]
    cells = [(row, column) for row in places for column in places]
    numbered = len(places) <= MAX_NUMBERED
    heat = go.Heatmap(
        z=shares,
        zmin=0,
        zmax=1,
        colorscale=[[0, colours.paper], [1, colours.muted]],
        showscale=False,
        xgap=3,
        ygap=3,
        hoverinfo="skip",
    )
    points = go.Scatter(
        x=[column for _, column in cells],
        y=[row for row, _ in cells],
        customdata=cells,
        mode="markers+text" if numbered else "markers",
        text=[f"<b>{matrix[row][column]:,}</b>" for row, column in cells],
        textfont={
            "size": 20,
            "color": [
                colours.paper if shares[row][column] > 0.6 else colours.ink for row, column in cells
            ],
        },
        marker={"size": CELL * 0.6, "opacity": 0, "symbol": "square"},
        hovertext=[
            f"{in_words(class_names, row, column)}: {matrix[row][column]:,} of {sum(matrix[row]):,}"
            for row, column in cells
        ],
        hoverinfo="text",
        # What is chosen is framed, and nothing fades.
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": None}},
    )
    # Where there are no numbers, there is no room for frames either.
    framed = [_frame(cell, chosen, colours) for cell in cells if numbered or cell == chosen]
    layout = _layout(class_names) | {"shapes": framed}
    drawn = go.Figure({"data": [heat, points], "layout": layout})
    return theme.apply(drawn, dark=dark, height=height(len(places)))


def _frame(
    cell: tuple[int, int], chosen: tuple[int, int] | None, colours: theme.Palette
) -> dict[str, Any]:
    row, column = cell
    thick = {"width": 4, "color": colours.ink}
    return {
        "type": "rect",
        "x0": column - 0.48,
        "x1": column + 0.48,
        "y0": row - 0.48,
        "y1": row + 0.48,
        "line": thick if cell == chosen else {"width": 1, "color": colours.grid},
    }


def _layout(class_names: Sequence[str]) -> dict[str, Any]:
    """Both axes with the names of the classes, the first one at the top left."""
    ends = -0.5, len(class_names) - 0.5
    ticks = {
        "tickvals": list(range(len(class_names))),
        "ticktext": list(class_names),
        "ticks": "",
        "showgrid": False,
    }
    across = {"range": ends, "title": {"text": "taken for"}, "side": "top"}
    down = {"range": ends[::-1], "title": {"text": "is"}, "automargin": True}
    return {
        "xaxis": ticks | across,
        "yaxis": ticks | down,
        "margin": {"l": 8, "r": 8, "t": 64, "b": 8},
        "hovermode": "closest",
        # Wherever in a cell one clicks, its middle is the nearest.
        "hoverdistance": -1,
        "dragmode": False,
        "clickmode": "event+select",
    }


def in_words(class_names: Sequence[str], row: int, column: int) -> str:
    """A cell in words."""
    if row == column:
        return f"{class_names[row]}, found"
    return f"{class_names[row]} taken for {class_names[column]}"


def alt_text(matrix: Sequence[Sequence[int]], class_names: Sequence[str]) -> str:
    """The matrix in a sentence, for those who cannot see it."""
    places = range(len(class_names))
    wrong = [
        (matrix[row][column], row, column) for row in places for column in places if row != column
    ]
    count, row, column = max(wrong, default=(0, 0, 0))
    if not count:
        return "Confusion matrix: every test image was classified correctly."
    return (
        f"Confusion matrix of {len(class_names)} classes. Taken for another class most often: "
        f"{class_names[row]} for {class_names[column]}, {count:,} times."
    )
