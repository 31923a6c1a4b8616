"""What the page changes in learning curves on a telephone (lib/ui/parts/figure_bar/drawn.js)."""

from collections.abc import Sequence
from typing import Any

from lib.figures.reading import axes
from lib.figures.reading.axes import Band, Sheet

# How the label of the highest accuracy begins; there it is all of it.
HIGHEST = "highest"
AXIS_TITLES = {
    "epochs": "epoch (thick: validation, thin: training)",
    "seconds": "seconds (thick: validation, thin: training)",
    "images": "images (thick: validation, thin: training)",
}
TITLE_SIZE = 14
# Share of the axis that the label of a last value takes.
LABEL = 0.2


def changes(
    sheet: Sheet, over: Sequence[Band], framed: tuple[float, float] | None
) -> dict[str, Any]:
    """Return what differs there, by its place in Plotly's layout.

    Args:
        sheet: All notes of the figure.
        over: The bands of the run.
        framed: Where the frame of a finding starts and ends; None without a frame.
    """
    narrow: dict[str, Any] = {
        "xaxis.title.text": AXIS_TITLES[sheet.view.axis],
        "xaxis.title.font.size": TITLE_SIZE,
    }
    first, length = over[0].start, over[-1].end - over[0].start
    start, end = framed or (0.0, 0.0)
    for place, note in enumerate(sheet.notes):
        at, mine = note["x"], f"annotations[{place}]"
        if note["text"].startswith(HIGHEST):
            # The whole label is half as wide as the plot: a line or an edge would cut it.
            narrow[f"{mine}.text"] = HIGHEST
            narrow[f"{mine}.xanchor"] = "left" if at < first + length / 2 else "right"
        if "beside" in note.get("name", ""):
            narrow[f"{mine}.bgcolor"] = axes.behind(sheet, over[-1].phase)
            if start <= at <= end and end - start < LABEL * length:
                # Left of a frame that is too narrow for it.
                narrow[f"{mine}.x"] = start
    return narrow
