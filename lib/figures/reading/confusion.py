"""The confusion matrix: how often images of each true class were predicted as each class."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from lib.core.files import outside_text
from lib.figures import theme

# Pixels for the words around the cells, and for one cell: as large as there is room for, and never
# too small for a finger.
MARGIN = 96
CELL, SMALLEST_CELL = 84, 20
MAX_HEIGHT = 620
# With more classes there is no room for numbers in the cells, nor for names on a telephone.
MAX_NUMBERED = 12
# Longest name of a class in columns of text, for few classes and for many; most columns of all
# names together if they stand side by side; and pixels per column if they are turned upright.
LONGEST_NAMES = 20, 14
SIDE_BY_SIDE = 32
NAME_SIZE, COLUMN = 13, 7


def most_confused(matrix: Sequence[Sequence[int]]) -> list[int]:
    """Return the MAX_NUMBERED classes with the most wrong predictions, in label order.

    Args:
        matrix: (num_classes, num_classes), rows are true classes, columns predicted classes.
    """
    places = range(len(matrix))
    mistakes = [
        sum(matrix[at]) + sum(row[at] for row in matrix) - 2 * matrix[at][at] for at in places
    ]
    return sorted(sorted(places, key=lambda at: -mistakes[at])[:MAX_NUMBERED])


def figure(
    matrix: Sequence[Sequence[int]],
    class_names: Sequence[str],
    *,
    classes: Sequence[int] | None = None,
    chosen: tuple[int, int] | None = None,
    dark: bool = False,
) -> go.Figure:
    """Draw one cell for each pair of classes; the darker, the larger its share of the row.

    Each cell is a point that can be selected, with its row and column as `customdata`.

    Args:
        matrix: (num_classes, num_classes), rows are true classes, columns predicted classes.
        class_names: Names of the classes in label order.
        classes: Labels of the classes to show; None for all.
        chosen: Row and column of the cell whose images are on screen.
        dark: True for the dark appearance.
    """
    colours = theme.palette(dark)
    classes = range(len(class_names)) if classes is None else classes
    totals = [max(1, sum(row)) for row in matrix]
    shares = [[matrix[row][column] / totals[row] for column in classes] for row in classes]
    numbered, few = len(classes) <= MAX_NUMBERED, len(classes) <= MAX_NUMBERED / 2
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
    points = _points(matrix, class_names, classes)
    points.update(
        mode="markers+text" if numbered else "markers",
        textfont={
            "size": 20 if few else 14,
            "color": [
                colours.paper if share > 0.6 else colours.ink for row in shares for share in row
            ],
        },
    )
    # Cells that are too small for numbers are also too small for frames.
    framed = [
        _frame(x, y, colours, thick=tuple(cell) == chosen)
        for x, y, cell in zip(points.x, points.y, points.customdata, strict=True)
        if numbered or tuple(cell) == chosen
    ]
    short = outside_text.short_names(class_names, LONGEST_NAMES[0 if few else 1])
    layout = _layout([short[label] for label in classes]) | {"shapes": framed}
    return theme.apply(go.Figure([heat, points]), dark=dark, **layout)


def _points(
    matrix: Sequence[Sequence[int]], class_names: Sequence[str], classes: Sequence[int]
) -> go.Scatter:
    """Return the points that can be clicked: one in the middle of each cell."""
    places = range(len(classes))
    cells = [(row, column) for row in classes for column in classes]
    return go.Scatter(
        x=[column for _ in places for column in places],
        y=[row for row in places for _ in places],
        customdata=cells,
        text=[f"<b>{matrix[row][column]:,}</b>" for row, column in cells],
        marker={"size": CELL * 0.6, "opacity": 0, "symbol": "square"},
        hovertext=[
            theme.plain(in_words(class_names, row, column))
            + f": {matrix[row][column]:,} of {sum(matrix[row]):,}"
            for row, column in cells
        ],
        hoverinfo="text",
        # The chosen cell has a frame, and the others do not fade.
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": None}},
    )


def _frame(column: int, row: int, colours: theme.Palette, *, thick: bool) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": column - 0.48,
        "x1": column + 0.48,
        "y0": row - 0.48,
        "y1": row + 0.48,
        "line": {"width": 4 if thick else 1, "color": colours.ink if thick else colours.grid},
    }


def _layout(names: Sequence[str]) -> dict[str, Any]:
    """Return both axes with the names of the classes, the first at the top left, and the height."""
    widths = [outside_text.columns(name) for name in names]
    upright = sum(widths) > SIDE_BY_SIDE
    room = max(MAX_HEIGHT - MARGIN, SMALLEST_CELL * len(names))
    ends = -0.5, len(names) - 0.5
    ticks = {
        "tickvals": list(range(len(names))),
        "ticktext": [theme.plain(name) for name in names],
        "tickfont": {"size": NAME_SIZE},
        "ticks": "",
        "showgrid": False,
        "automargin": True,
    }
    across = {
        "range": ends,
        "title": {"text": "predicted class"},
        "side": "top",
        "tickangle": -90 if upright else 0,
    }
    down = {"range": ends[::-1], "title": {"text": "true class", "standoff": 6}}
    return {
        "height": MARGIN
        + min(CELL * max(len(names), 3), room)
        + (COLUMN * max(widths) if upright else 0),
        "xaxis": ticks | across,
        "yaxis": ticks | down,
        "margin": {"l": 8, "r": 8, "t": 64, "b": 8},
        "hovermode": "closest",
        # A click anywhere in a cell selects the point in its middle.
        "hoverdistance": -1,
        "clickmode": "event+select",
    }


def in_words(class_names: Sequence[str], row: int, column: int) -> str:
    """Describe a cell in words."""
    if row == column:
        return f"{class_names[row]}, predicted correctly"
    return f"{class_names[row]} predicted as {class_names[column]}"


def alt_text(matrix: Sequence[Sequence[int]], class_names: Sequence[str]) -> str:
    """Describe the matrix in one sentence for readers who cannot see it."""
    places = range(len(class_names))
    wrong = [
        (matrix[row][column], row, column) for row in places for column in places if row != column
    ]
    count, row, column = max(wrong, default=(0, 0, 0))
    if not count:
        return "Confusion matrix: every test image was classified correctly."
    return (
        f"Confusion matrix of {len(class_names)} classes. The most frequent wrong prediction: "
        f"{class_names[row]} predicted as {class_names[column]}, {count:,} times."
    )
