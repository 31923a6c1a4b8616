"""Figures that compare runs: overlaid on common axes, or one small figure for each run."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import plotly.graph_objects as go

from lib.core.config import names_of
from lib.core.reading import compare, curves
from lib.core.runs import Run
from lib.core.settings import Group
from lib.figures import theme
from lib.figures.reading import axes
from lib.figures.reading.axes import Band, Sheet, View

HEIGHT = 480
SMALL_HEIGHT = 230
DASHES = ("solid", "dash", "dot")
# Settings that exist only for some strategies.
FOLLOWERS = frozenset({"head_epochs", *names_of(Group.FINE_TUNING, Group.THAWING)})
# With more lines, a unified hover box would be taller than the figure.
MAX_IN_ONE_BOX = 8
# Minimum distance of the letters at the line ends, and height of the rows, in pixels.
LETTER_PIXELS = 20
ROW_PIXELS = {"y": 240.0, "y2": 135.0}
# Training lines are drawn for at most this many curves, so that the figure stays readable.
MAX_WITH_TRAINING = 3
BAND_OPACITY = 0.22


@dataclass(frozen=True)
class Curve:
    """One curve of a comparison.

    Args:
        letter: Letter at the end of the curve and in the table.
        label: Short label.
        runs: One run, or several runs that differ only in their seed.
    """

    letter: str
    label: str
    runs: tuple[Run, ...]


def curves_of(runs: Sequence[Run], *, over_seeds: bool) -> tuple[Curve, ...]:
    """The curves of a comparison, each with a letter.

    Args:
        runs: In the order of the table.
        over_seeds: Whether runs that differ only in their seed form one curve.
    """
    together = (
        [group.runs for group in compare.groups(runs)] if over_seeds else [(r,) for r in runs]
    )
    names = [name for name in compare.differing(runs) if not (over_seeds and name == "seed")]
    for some in ([name for name in names if name not in followers(runs)], names):
        labels = [compare.label(members[0], some) for members in together]
        if len(set(labels)) == len(labels):
            break
    return tuple(
        Curve(letter(place), label, members)
        for place, (label, members) in enumerate(zip(labels, together, strict=True))
    )


def followers(runs: Sequence[Run]) -> frozenset[str]:
    """Settings that differ only because the strategies differ, so labels can omit them."""
    return FOLLOWERS if "strategy" in compare.differing(runs) else frozenset()


def letter(place: int) -> str:
    """A, B, ... Z, AA, AB ...

    Example:

    >>> letter(0), letter(27)
    ('A', 'AB')
    """
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def colour(place: int, colours: theme.Palette) -> str:
    """The colour of the curve with this index."""
    return colours.runs[place % len(colours.runs)]


def overlay(
    lines: Sequence[Curve], *, dark: bool = False, view: View | None = None, aligned: bool = False
) -> go.Figure:
    """Validation accuracy and loss of all curves; a band shows the range over several seeds.

    Args:
        aligned: Whether the start of fine-tuning is at 0 for every run.
    """
    view = view or View()
    colours = theme.palette(dark)
    runs = [run for line in lines for run in line.runs]
    along = {run.id: curves.positions(run, view.axis) for run in runs}
    if aligned:
        along |= zip((run.id for run in runs), compare.aligned(runs, view.axis), strict=True)
    sheet = Sheet()
    for row, name in zip(axes.ROWS, ("accuracy", "loss"), strict=True):
        _letters(sheet, lines, along, view, name, row, colours)
        for place, line in enumerate(lines):
            style = {
                "color": colour(place, colours),
                "dash": DASHES[place // len(colours.runs) % len(DASHES)],
            }
            training = len(lines) <= MAX_WITH_TRAINING
            _line(sheet, line, along, view, name, row, style, training=training)
    ends = _ends(along, view, aligned=aligned)
    _phases(sheet, lines, along, ends, view, colours)
    lowest = min((axes.lowest(run.history) for run in runs), default=0.5)
    layout = axes.two_rows(view, ends, lowest)
    if len(lines) > MAX_IN_ONE_BOX:
        layout["hovermode"] = "closest"
    if aligned:
        title = f"{curves.AXES[view.axis]}, from the start of fine-tuning"
        layout["xaxis"]["title"] = {"text": title}
        if view.axis == "epochs":
            layout["xaxis"] |= _count_from_the_start(ends)
    return theme.apply(sheet.figure(layout), dark=dark, height=HEIGHT)


def small(
    line: Curve,
    place: int,
    others: Sequence[Curve],
    *,
    dark: bool = False,
    view: View | None = None,
) -> go.Figure:
    """The accuracy of one curve in a small figure, with the same axis ranges as all others.

    Args:
        line: From curves_of.
    """
    view = view or View()
    colours = theme.palette(dark)
    runs = [run for each in others for run in each.runs]
    along = {run.id: curves.positions(run, view.axis) for run in runs}
    style = {"color": colour(place, colours)}
    sheet = Sheet()
    _line(sheet, line, along, view, "accuracy", "y", style, training=True)
    over = axes.bands(line.runs[0], view.axis)
    for band in over:
        axes.add_band(sheet, band, colours, rows=("y",))
        if band.before:
            axes.add_line(sheet, band.start, colours, rows=("y",))
    end = max(axes.bands(run, view.axis)[-1].end for run in runs)
    lowest = min(axes.lowest(run.history) for run in runs)
    layout = axes.two_rows(view, (over[0].start, end), lowest)
    layout["yaxis"] |= {"domain": [0, 1], "title": None}
    layout["xaxis"] |= {"anchor": "y", "title": None}
    layout["margin"] = {"l": 40, "r": 12, "t": 8, "b": 28}
    del layout["yaxis2"]
    return theme.apply(sheet.figure(layout), dark=dark, height=SMALL_HEIGHT)


def alt_text(lines: Sequence[Curve]) -> str:
    """A text alternative to the comparison, in one sentence."""
    ends = "; ".join(
        f"{line.letter}, {line.label}, ends at "
        f"{fmean(run.history[-1].val_accuracy for run in line.runs):.3f}"
        for line in lines
    )
    return f"Validation accuracy of {len(lines)} runs: {ends}."


def _positions(line: Curve, along: dict[str, tuple[float, ...]]) -> dict[int, float]:
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
    along: dict[str, tuple[float, ...]],
    view: View,
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
            "hovertemplate": f"{line.letter} {part} {name} <b>%{{y:.3f}}</b><extra></extra>",
        }
        drawn = style | {"width": width}
        if not view.smoothing:
            sheet.scatter(**measured, mode="lines", line=drawn)
            continue
        points = {"marker": {"color": style["color"], "size": width + 3}, "mode": "markers"}
        sheet.scatter(**measured, **points, opacity=axes.RAW_OPACITY)
        sheet.scatter(**hidden, y=_smoothed(line, key, view), line=drawn)


def _smoothed(line: Curve, key: str, view: View) -> list[float]:
    """The mean over the runs of a curve; each run is smoothed separately."""
    of_runs = [curves.smoothed(run.history, key, view.smoothing) for run in line.runs]
    return [*_means(line, of_runs).values()]


def _letters(
    sheet: Sheet,
    lines: Sequence[Curve],
    along: dict[str, tuple[float, ...]],
    view: View,
    name: str,
    row: str,
    colours: theme.Palette,
) -> None:
    """Draw the letter at the end of each curve; letters that would overlap are moved apart."""
    values = {
        line.letter: axes.note_height(compare.band(line.runs, f"val_{name}")[-1].mean, row, view)
        for line in lines
    }
    drawn = [
        height
        for line in lines
        for point in compare.band(line.runs, f"val_{name}")
        if math.isfinite(height := axes.note_height(point.mean, row, view))
    ] or [0.0]
    if row == "y":
        drawn += axes.accuracy_range(min(drawn))
    elif not view.log_loss:
        drawn.append(0.0)  # the axis starts at 0
    gap = (max(drawn) - min(drawn)) * LETTER_PIXELS / ROW_PIXELS[row]
    # Accuracies end near the top of their row and losses near the bottom, so letters are moved
    # towards the middle.
    down = -1 if row == "y" else 1
    nearest: dict[float, float] = {}  # height of the letter placed last at each position
    for line in sorted(lines, key=lambda line: down * values[line.letter]):
        if not math.isfinite(values[line.letter]):
            continue
        where = _positions(line, along)
        last = max(where)
        free = nearest.get(where[last], -math.inf) + gap
        nearest[where[last]] = max(down * values[line.letter], free)
        sheet.note(
            name=axes.reached(last),
            x=where[last],
            y=down * nearest[where[last]],
            yref=row,
            text=f"<b>{line.letter}</b>",
            font={"color": colour(lines.index(line), colours)},
            bgcolor=colours.paper,
            borderpad=0,
            showarrow=False,
            xanchor="left",
            xshift=6,
        )


def _ends(along: dict[str, tuple[float, ...]], view: View, *, aligned: bool) -> tuple[float, float]:
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


def _phases(
    sheet: Sheet,
    lines: Sequence[Curve],
    along: dict[str, tuple[float, ...]],
    ends: tuple[float, float],
    view: View,
    colours: theme.Palette,
) -> None:
    """Draw where fine-tuning starts, with phase bands if it is the same position for all."""
    starts: dict[float, list[str]] = {}
    for line in lines:
        position = curves.fine_tuning_position(line.runs[0], view.axis)
        if position is not None:
            shift = along[line.runs[0].id][0] - curves.positions(line.runs[0], view.axis)[0]
            starts.setdefault(round(position + shift, 6), []).append(line.letter)
    everyone = len(starts) == 1 and len(next(iter(starts.values()))) == len(lines)
    length = ends[1] - ends[0]
    for position, letters in starts.items():
        if everyone:
            first = lines[0].runs[0].config.phases
            cold = Band(first[0], None, ends[0], position)
            axes.add_band(sheet, cold, colours)
            axes.add_band(sheet, Band(first[-1], first[0], position, ends[1]), colours)
        axes.add_line(sheet, position, colours)
        words = "fine-tuning starts"
        text = f"<b>{words}</b>" if everyone else f"<b>{', '.join(letters)}</b>"
        if len(starts) == 1 and not everyone:
            text = f"<b>{words}</b>, {', '.join(letters)}"
        axes.add_words(sheet, position, text, (position - ends[0]) / length)
