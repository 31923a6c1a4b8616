"""Axis options shared by the curve figures: two rows, one time axis, phases and their borders."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from lib.core.reading import curves
from lib.core.runs import EpochRecord, Phase, Run
from lib.figures import theme

ROWS = ("y", "y2")
# Accuracy above loss on one time axis; vertical positions as shares of the height.
ACCURACY_DOMAIN = (0.396, 1.0)
LOSS_DOMAIN = (0.0, 0.338)
# Opacity of the raw points behind a smoothed line: visible, but clearly not the line.
RAW_OPACITY = 0.55
# Titles of the hover box.
HOVER_TITLES = {
    "epochs": "<b>epoch %{x}</b>",
    "seconds": "<b>after %{x:.1f} s</b>",
    "images": "<b>after %{x:,} images</b>",
}


@dataclass(frozen=True)
class View:
    """Drawing options of curves.

    Args:
        axis: Key of curves.AXES.
        smoothing: Weight of earlier values in the moving average, 0 to curves.MAX_SMOOTHING. The
            points always show the measured values.
        log_loss: Whether the loss has a logarithmic scale.
    """

    axis: str = "epochs"
    smoothing: float = 0.0
    log_loss: bool = False


@dataclass(frozen=True)
class Band:
    """A phase on the time axis.

    Args:
        phase: The planned phase.
        before: The previous phase; None for the first.
        start: Start on the axis, halfway between the last epoch before it and its first.
        end: End on the axis.
    """

    phase: Phase
    before: Phase | None
    start: float
    end: float


@dataclass
class Sheet:
    """Parts of a figure, collected first: Plotly validates a figure after every change.

    Args:
        colours: Colours of the appearance.
        view: Drawing options of curves.
    """

    colours: theme.Palette
    view: View = View()
    traces: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def scatter(self, **values: Any) -> None:
        """Add a trace."""
        self.traces.append({"type": "scatter"} | values)

    def shape(self, **values: Any) -> None:
        """Add a shape."""
        self.shapes.append(values)

    def note(self, **values: Any) -> None:
        """Add an annotation."""
        self.notes.append(values)

    def figure(self, layout: dict[str, Any], height: int, **more: Any) -> go.Figure:
        """Build the figure from the collected parts; height and `more` are as in theme.apply."""
        marks = {"shapes": self.shapes, "annotations": self.notes}
        dark = self.colours is theme.DARK
        look = theme.applied(layout | marks, dark=dark, height=height, **more)
        return go.Figure({"data": self.traces, "layout": look})


def bands(run: Run, axis: str = "epochs") -> tuple[Band, ...]:
    """The phases of a run on an axis; on the axis of epochs also the phases that have not started.

    Args:
        run: A run with any number of epochs. A run with a result has no further epochs.
        axis: Key of curves.AXES.
    """
    spans = curves.phase_spans(run.config, run.history)
    if run.result or axis != "epochs":
        spans = tuple(span for span in spans if span.first <= len(run.history))
    starts = {start.phase.key: start.position for start in curves.phase_starts(run, axis)}
    edges = [starts.get(span.phase.key, span.first - 0.5) for span in spans]
    if axis != "epochs":
        edges[:1] = [0.0]
        edges.append(max(curves.positions(run, axis), default=1.0))
    elif run.result:
        edges.append(len(run.history) + 0.5)
    else:
        edges.append(sum(span.num_epochs for span in spans) + 0.5)
    phases = [span.phase for span in spans]
    return tuple(map(Band, phases, (None, *phases), edges, edges[1:]))


def two_rows(view: View, ends: tuple[float, float], lowest_accuracy: float) -> dict[str, Any]:
    """Layout with accuracy above loss, on one time axis."""
    start, end = ends
    if view.axis == "epochs":
        length = end - start
        step = 1 if length <= 10 else 5 if length <= 60 else 20
        ticks = {"range": [start, max(end, start + 2)], "dtick": step, "tick0": 0}
    else:
        ticks = {"range": [start, end + 0.01 * (end - start)]}
    return {
        "xaxis": {
            "title": {"text": curves.AXES[view.axis]},
            "anchor": "y2",
            "showgrid": False,
            "unifiedhovertitle": {"text": HOVER_TITLES[view.axis]},
        }
        | ticks,
        "yaxis": {
            "domain": ACCURACY_DOMAIN,
            "title": {"text": "accuracy"},
            "range": accuracy_range(lowest_accuracy),
            "tickformat": ".1f",
        },
        "yaxis2": {"domain": LOSS_DOMAIN, "title": {"text": "loss"}, "nticks": 4}
        | ({"type": "log", "dtick": 1} if view.log_loss else {"rangemode": "tozero"}),
        "margin": {"l": 64, "r": 60, "t": 28, "b": 52},
        # One hover box for both rows: training and validation of the epoch under the pointer.
        "hovermode": "x unified",
        "hoversubplots": "axis",
    }


def accuracy_range(lowest: float) -> tuple[float, float]:
    """Range of the accuracy axis: from 0.5, or lower in steps of 0.1, so that it rarely changes."""
    return min(0.5, math.floor(lowest * 10) / 10), 1.02


def lowest(history: Sequence[EpochRecord]) -> float:
    """The lowest accuracy of a run."""
    return min((min(r.accuracy, r.val_accuracy) for r in history), default=0.5)


def of_epochs(epochs: Iterable[int]) -> list[tuple[int]]:
    """`customdata` of points: the epoch of each, so that a replay knows when to show the point."""
    return [(epoch,) for epoch in epochs]


def reached(epoch: int, *, beside: bool = False) -> str:
    """Name of an annotation or a shape that a replay shows from this epoch on.

    Args:
        beside: True if it stands right of the plot; a narrow screen moves it into the plot.
    """
    return f"reached {epoch}{' beside' * beside}"


def ground(sheet: Sheet, phase: Phase) -> str:
    """Colour of the band of a phase: blue for a frozen backbone, orange once it is thawed."""
    cold = phase.name == "feature_extraction"
    return sheet.colours.cold_band if cold else sheet.colours.warm_band


def behind(sheet: Sheet, phase: Phase) -> str:
    """Colour behind words in a band, so that lines that run below them are only faint."""
    return theme.faint(ground(sheet, phase), 0.8)


def add_band(sheet: Sheet, band: Band, rows: Sequence[str] = ROWS) -> None:
    """Add the background band of a phase.

    Args:
        rows: Vertical axes of the rows that the band covers.
    """
    for row in rows:
        sheet.shape(
            type="rect",
            x0=band.start,
            x1=band.end,
            y0=0,
            y1=1,
            yref=f"{row} domain",
            fillcolor=ground(sheet, band.phase),
            line={"width": 0},
            layer="below",
        )


def add_line(sheet: Sheet, position: float, rows: Sequence[str] = ROWS, **more: Any) -> None:
    """Add a vertical line where layers are thawed. `rows` is as in `add_band`.

    Args:
        more: Further properties of the shape, such as a name from `reached`.
    """
    for row in rows:
        sheet.shape(
            type="line",
            x0=position,
            x1=position,
            y0=0,
            y1=1,
            yref=f"{row} domain",
            line={"color": sheet.colours.trainable, "width": 3},
            **more,
        )


def add_words(sheet: Sheet, position: float, text: str, share: float, **more: Any) -> None:
    """Add a text above such a line.

    Args:
        share: Position of the line as a share of the axis; decides the alignment of the text.
        more: As in `add_line`.
    """
    sheet.note(
        **more,
        x=position,
        y=1,
        yref="y domain",
        text=text,
        showarrow=False,
        # Centred on the line where there is room on both sides.
        xanchor="left" if share < 0.3 else "center" if share < 0.7 else "right",
        yanchor="bottom",
    )


def add_frame(sheet: Sheet, run: Run, marked: tuple[int, int]) -> tuple[float, float]:
    """Add a dotted frame around some epochs of a run, in both rows.

    Args:
        marked: First and last of these epochs.

    Returns:
        Where the frame starts and ends on the axis.
    """
    along = curves.positions(run, sheet.view.axis)
    # Edges are halfway to the neighbouring epochs, like the line where fine-tuning starts.
    edges = [2 * along[0] - along[1] if len(along) > 1 else along[0] - 1, *along]
    edges.append(2 * edges[-1] - edges[-2])
    first, last = (min(max(epoch, 1), len(along)) for epoch in marked)
    start = (edges[first - 1] + edges[first]) / 2
    end = (edges[last] + edges[last + 1]) / 2
    for row in ROWS:
        sheet.shape(
            type="rect",
            x0=start,
            x1=end,
            y0=0,
            y1=1,
            yref=f"{row} domain",
            line={"color": sheet.colours.ink, "width": 2, "dash": "dot"},
        )
    return start, end


def note_height(value: float, row: str, view: View) -> float:
    """Vertical position of an annotation: Plotly expects the logarithm on a logarithmic axis."""
    if row == "y2" and view.log_loss and value > 0:
        return math.log10(value)
    return value
