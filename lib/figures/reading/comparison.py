"""Figures that compare runs: overlaid on common axes, or one small figure for each run."""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import plotly.graph_objects as go

from lib.core.config import names_of
from lib.core.files import outside_text
from lib.core.reading import compare, curves
from lib.core.runs import Run
from lib.core.settings import Group
from lib.figures import marks, theme
from lib.figures.reading import axes
from lib.figures.reading.axes import Band, Sheet, View

HEIGHT = 360
SMALL_HEIGHT = 230
DASHES = ("solid", "dash", "dot")
# Settings that exist only for some strategies.
FOLLOWERS = frozenset({"head_epochs", *names_of(Group.FINE_TUNING, Group.THAWING)})
# With more lines, a unified hover box would be taller than the figure.
MAX_IN_ONE_BOX = 8
# Names beside the ends of the lines: the width kept for them and the height of a line of text, in
# pixels, and the columns of a line. With more lines than MAX_NAMED there is no room for all.
NAME_WIDTH, NAME_HEIGHT, NAME_COLUMNS = 168, 19, 20
MAX_NAMED, MAX_IN_TWO_LINES = 9, 4
ROW_PIXELS = 169.0
# Training lines are drawn for at most this many curves, so that the figure stays readable.
MAX_WITH_TRAINING = 3
BAND_OPACITY = 0.22

# Id of a run -> position of each of its epochs on the time axis.
Along = dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Curve:
    """One curve of a comparison.

    Args:
        label: Short label, which no other curve of the comparison has.
        runs: One run, or several runs that differ only in their seed.
    """

    label: str
    runs: tuple[Run, ...]


def curves_of(
    runs: Sequence[Run], *, over_seeds: bool, called: Mapping[str, str] | None = None
) -> tuple[Curve, ...]:
    """The curves of a comparison, each with a name.

    Args:
        runs: In the order of the table.
        over_seeds: Whether runs that differ only in their seed form one curve.
        called: Id of a run -> what its reader calls it; a run that is not in it is called by the
            settings in which the runs differ.
    """
    together = (
        [group.runs for group in compare.groups(runs)] if over_seeds else [(r,) for r in runs]
    )
    names = [name for name in compare.differing(runs) if not (over_seeds and name == "seed")]
    for some in ([name for name in names if name not in followers(runs)], names):
        labels = [compare.label(members[0], some) for members in together]
        if len(set(labels)) == len(labels):
            break
    given = called or {}
    labels = [
        given.get(members[0].id, label) for label, members in zip(labels, together, strict=True)
    ]
    return tuple(
        Curve(label if labels.count(label) == 1 else f"{label}, run {place}", members)
        for place, (label, members) in enumerate(zip(labels, together, strict=True), start=1)
    )


def followers(runs: Sequence[Run]) -> frozenset[str]:
    """Settings that differ only because the strategies differ, so labels can omit them."""
    return FOLLOWERS if "strategy" in compare.differing(runs) else frozenset()


def colour(place: int, colours: theme.Palette) -> str:
    """The colour of the curve with this index."""
    return colours.runs[place % len(colours.runs)]


def overlay(
    lines: Sequence[Curve],
    *,
    dark: bool = False,
    view: View | None = None,
    aligned: bool = False,
    marked: tuple[int, int] | None = None,
) -> go.Figure:
    """Validation accuracy and loss of all curves; a band shows the range over several seeds.

    Args:
        aligned: Whether the start of fine-tuning is at 0 for every run.
        marked: First and last epoch of the first run to frame; not together with `aligned`.
    """
    view, colours = view or View(), theme.palette(dark)
    runs = [run for line in lines for run in line.runs]
    along = {run.id: curves.positions(run, view.axis) for run in runs}
    if aligned:
        along |= zip((run.id for run in runs), compare.aligned(runs, view.axis), strict=True)
    sheet = Sheet(colours, view)
    for row, name in zip(axes.ROWS, ("accuracy", "loss"), strict=True):
        for place, line in enumerate(lines):
            style = {
                "color": colour(place, colours),
                "dash": DASHES[place // len(colours.runs) % len(DASHES)],
            }
            training = len(lines) <= MAX_WITH_TRAINING
            _line(sheet, line, along, name, row, style, training=training)
    _names(sheet, lines)
    ends = _ends(along, view, aligned=aligned)
    _phases(sheet, lines, along, ends)
    if marked:
        axes.add_frame(sheet, runs[0], marked)
    lowest = min((axes.lowest(run.history) for run in runs), default=0.5)
    layout = axes.two_rows(view, ends, lowest)
    layout["margin"] |= {"r": NAME_WIDTH}
    if len(lines) > MAX_IN_ONE_BOX:
        layout["hovermode"] = "closest"
    if aligned:
        title = f"{curves.AXES[view.axis]}, from the start of fine-tuning"
        layout["xaxis"]["title"] = {"text": title}
        if view.axis == "epochs":
            layout["xaxis"] |= _count_from_the_start(ends)
    return sheet.figure(layout, HEIGHT)


def small(
    line: Curve,
    place: int,
    others: Sequence[Curve],
    *,
    dark: bool = False,
    view: View | None = None,
    way: str = "",
) -> go.Figure:
    """The accuracy of one curve in a small figure, with the same axis ranges as all others.

    Args:
        line: From curves_of.
        place: Its place among the others, which decides its colour.
        way: Key of marks.MARKS if the curve has the colour of its way of training instead.
    """
    view, colours = view or View(), theme.palette(dark)
    runs = [run for each in others for run in each.runs]
    along = {run.id: curves.positions(run, view.axis) for run in runs}
    style = {"color": marks.way_colour(way, colours) if way else colour(place, colours)}
    sheet = Sheet(colours, view)
    _line(sheet, line, along, "accuracy", "y", style, training=True)
    over = axes.bands(line.runs[0], view.axis)
    for band in over:
        axes.add_band(sheet, band, rows=("y",))
        if band.before:
            axes.add_line(sheet, band.start, rows=("y",))
    end = max(axes.bands(run, view.axis)[-1].end for run in runs)
    lowest = min(axes.lowest(run.history) for run in runs)
    layout = axes.two_rows(view, (over[0].start, end), lowest)
    layout["yaxis"] |= {"domain": [0, 1], "title": None}
    layout["xaxis"] |= {"anchor": "y", "title": None}
    layout["margin"] = {"l": 40, "r": 12, "t": 8, "b": 28}
    del layout["yaxis2"]
    return sheet.figure(layout, SMALL_HEIGHT)


def alt_text(lines: Sequence[Curve]) -> str:
    """A text alternative to the comparison, in one sentence."""
    ends = "; ".join(
        f"{line.label} ends at "
        f"{fmean(each.val_accuracy for run in line.runs if (each := run.final)):.3f}"
        for line in lines
    )
    return f"Validation accuracy of {len(lines)} runs: {ends}."


def _positions(line: Curve, along: Along) -> dict[int, float]:
    """Position of each epoch on the time axis: the mean over the seeds."""
    return _means(line, [along[run.id] for run in line.runs])


def _means(line: Curve, of_runs: Iterable[Sequence[float]]) -> dict[int, float]:
    """The mean of each epoch, over the runs of a curve that reached it."""
    at: dict[int, list[float]] = {}
    for run, values in zip(line.runs, of_runs, strict=True):
        for record, value in zip(run.history, values, strict=True):
            at.setdefault(record.epoch, []).append(value)
    return {epoch: fmean(values) for epoch, values in sorted(at.items())}


def _line(
    sheet: Sheet,
    line: Curve,
    along: Along,
    name: str,
    row: str,
    style: dict[str, str],
    *,
    training: bool,
) -> None:
    """Draw one curve in one row: the range over seeds, training thin, validation thick."""
    where = _positions(line, along)
    parts = [("validation", f"val_{name}", theme.LINE_WIDTH)]
    if training:
        parts.insert(0, ("training", name, theme.THIN_LINE_WIDTH))
    for part, key, width in parts:
        values = compare.band(line.runs, key)
        common = {
            "x": [where[point.epoch] for point in values],
            "yaxis": row,
            "customdata": axes.of_epochs(point.epoch for point in values),
        }
        hidden = common | {"mode": "lines", "hoverinfo": "skip"}
        if len(line.runs) > 1 and part == "validation":
            fill = {"line": {"width": 0}, "fillcolor": theme.faint(style["color"], BAND_OPACITY)}
            sheet.scatter(**hidden, **fill, y=[point.low for point in values])
            sheet.scatter(**hidden, **fill, y=[point.high for point in values], fill="tonexty")
        measured = common | {
            "y": [point.mean for point in values],
            "hovertemplate": f"{theme.plain(line.label)}, {part} {name} <b>%{{y:.3f}}</b>"
            "<extra></extra>",
        }
        drawn = style | {"width": width}
        if not sheet.view.smoothing:
            sheet.scatter(**measured, mode="lines", line=drawn)
            continue
        points = {"marker": {"color": style["color"], "size": width + 3}, "mode": "markers"}
        sheet.scatter(**measured, **points, opacity=axes.RAW_OPACITY)
        sheet.scatter(**hidden, y=_smoothed(line, key, sheet.view), line=drawn)


def _smoothed(line: Curve, key: str, view: View) -> list[float]:
    """The mean over the runs of a curve; each run is smoothed separately."""
    of_runs = [curves.smoothed(run.history, key, view.smoothing) for run in line.runs]
    return [*_means(line, of_runs).values()]


def _names(sheet: Sheet, lines: Sequence[Curve]) -> None:
    """Write the name of each curve right of the plot, as high as its validation accuracy ends.

    Names that would overlap are moved apart, downwards. Of very many curves only the best and the
    worst are named; the hover box names each.
    """
    ends = {line.label: compare.band(line.runs, "val_accuracy")[-1].mean for line in lines}
    named = sorted(
        (line for line in lines if math.isfinite(ends[line.label])),
        key=lambda line: -ends[line.label],
    )
    if len(named) > MAX_NAMED:
        named = [named[0], named[-1]]
    num_rows = 2 if len(named) <= MAX_IN_TWO_LINES else 1
    low, high = axes.accuracy_range(
        min((axes.lowest(run.history) for each in lines for run in each.runs), default=0.5)
    )
    a_row = (high - low) * NAME_HEIGHT / ROW_PIXELS
    free = math.inf  # no name is higher than this
    for line in named:
        words = _in_rows(line.label, num_rows)
        height = a_row * len(words)
        middle = min(ends[line.label], free - height / 2)
        free = middle - height / 2
        sheet.note(
            name=axes.reached(
                max(record.epoch for run in line.runs for record in run.history), beside=True
            ),
            x=1,
            xref="x domain",
            y=middle,
            yref="y",
            text="<br>".join(f"<b>{theme.plain(each)}</b>" for each in words),
            font={"color": colour(lines.index(line), sheet.colours)},
            align="left",
            showarrow=False,
            xanchor="left",
            xshift=6,
        )


def _in_rows(text: str, num_rows: int) -> list[str]:
    """A name in rows of NAME_COLUMNS, broken between words where that is possible."""
    rows = textwrap.wrap(outside_text.shown(text, NAME_COLUMNS * num_rows), NAME_COLUMNS)
    return rows[:num_rows] or [text]


def _ends(along: Along, view: View, *, aligned: bool) -> tuple[float, float]:
    """Range of the time axis: half an epoch beyond the first and last, or from 0."""
    first = min((positions[0] for positions in along.values()), default=1.0)
    last = max((positions[-1] for positions in along.values()), default=1.0)
    if view.axis == "epochs":
        return first - 0.5, last + 0.5
    return (first if aligned else 0.0), last


def _count_from_the_start(ends: tuple[float, float]) -> dict[str, Any]:
    """Tick labels that count epochs from the start of fine-tuning, which is between two epochs."""
    counts = [count for count in range(5, 200, 5) if -ends[0] >= count or ends[1] >= count]
    shown = [(count - 0.5, f"+{count}") for count in (1, *counts) if count - 0.5 <= ends[1]]
    shown += [(0.5 - count, f"\u2212{count}") for count in counts if 0.5 - count >= ends[0]]
    return {
        "dtick": None,
        "tickvals": [at for at, _ in shown],
        "ticktext": [words for _, words in shown],
    }


def _phases(sheet: Sheet, lines: Sequence[Curve], along: Along, ends: tuple[float, float]) -> None:
    """Draw where fine-tuning starts, with phase bands if it is the same position for all."""
    starts: dict[float, list[str]] = {}
    for line in lines:
        run, axis = line.runs[0], sheet.view.axis
        position = curves.fine_tuning_position(run, axis)
        if position is not None:
            shift = along[run.id][0] - curves.positions(run, axis)[0]
            starts.setdefault(round(position + shift, 6), []).append(line.label)
    everyone = len(starts) == 1 and len(next(iter(starts.values()))) == len(lines)
    length = ends[1] - ends[0]
    for position, labels in starts.items():
        if everyone:
            first = lines[0].runs[0].config.phases
            axes.add_band(sheet, Band(first[0], None, ends[0], position))
            axes.add_band(sheet, Band(first[-1], first[0], position, ends[1]))
        axes.add_line(sheet, position)
        words = "fine-tuning starts"
        text = f"<b>{words}</b>"
        if not everyone:
            # Without room for several long names, the colours of the lines say the rest.
            whose = theme.plain(outside_text.shown(labels[0], NAME_COLUMNS))
            text = f"<b>{whose}</b>" if len(labels) == 1 else f"<b>{len(labels)} runs</b>"
            text = text if len(starts) > 1 else f"<b>{words}</b>, {text}"
        axes.add_words(sheet, position, text, (position - ends[0]) / length)
