"""Learning curves: accuracy and loss over the epochs, and the start of fine-tuning."""

import math
from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go

from lib.core.reading import curves
from lib.core.runs import EpochRecord, Phase, Run, TrainConfig
from lib.figures import theme
from lib.figures.reading import axes
from lib.figures.reading.axes import Band, Sheet, View

HEIGHT = 410
PHASE_TITLES = {
    "feature_extraction": "head only",
    "from_scratch": "everything, from random weights",
}
THAWED_TITLES = {
    "partial_fine_tuning": "top layers thawed",
    "full_fine_tuning": "everything thawed",
}
# In a band narrower than NARROW (share of the axis) the name is rotated; below VERY_NARROW it
# is omitted.
NARROW = 0.2
VERY_NARROW = 0.04
BEST_LABEL_DISTANCE = 52  # pixels below its point


def figure(config: TrainConfig, history: Sequence[EpochRecord], *, dark: bool = False) -> go.Figure:
    """The curves of a run that may still be training; the axis has the planned length.

    Args:
        config: Configuration of the run, with the number of epochs and the phases.
        history: The epochs so far; may be empty.
    """
    return figure_of(Run("", config, tuple(history), {}, Path()), dark=dark)


def figure_of(
    run: Run, *, dark: bool = False, view: View | None = None, marked: tuple[int, int] | None = None
) -> go.Figure:
    """Accuracy above loss, on one time axis.

    Training is a thin line, validation a thick one. Phases are named bands: blue while the
    backbone is frozen, orange once layers of it are thawed.

    Args:
        run: A run with any number of epochs.
        marked: First and last epoch that a finding is based on.
    """
    view = view or View()
    colours = theme.palette(dark)
    sheet = Sheet()
    _said_of_each_epoch(sheet, run, view)
    for yaxis, name in zip(axes.ROWS, ("accuracy", "loss"), strict=True):
        for key, title, width, colour in (
            (name, "training", theme.THIN_LINE_WIDTH, colours.muted),
            (f"val_{name}", "validation", theme.LINE_WIDTH, colours.ink),
        ):
            _line(sheet, run, view, key, f"{title} {name}", width, colour, yaxis)
    over = axes.bands(run, view.axis)
    _bands(sheet, run.config, over, colours)
    if run.history:
        if marked:
            _frame(sheet, run, view, marked, colours)
        _best(sheet, run, view, over, colours)
        _last_values(sheet, run, view, over[-1].end)
        _early_stops(sheet, run, view, over, colours)
    layout = axes.two_rows(view, (over[0].start, over[-1].end), axes.lowest(run.history))
    return theme.apply(sheet.figure(layout), dark=dark, height=HEIGHT)


def alt_text(config: TrainConfig, history: Sequence[EpochRecord]) -> str:
    """A text alternative to the figure, in one sentence."""
    if not history:
        return "Learning curves, still empty: no epoch has ended."
    last = history[-1]
    return (
        f"Learning curves over {len(history)} of {config.num_epochs} epochs. Training accuracy "
        f"ends at {last.accuracy:.3f}, validation accuracy at {last.val_accuracy:.3f}."
    )


def _line(
    sheet: Sheet, run: Run, view: View, key: str, title: str, width: int, colour: str, yaxis: str
) -> None:
    """Draw one value over time; if it is smoothed, points show the measured values as well."""
    data = {
        "x": curves.positions(run, view.axis),
        "y": [getattr(record, key) for record in run.history],
        "yaxis": yaxis,
        "name": title,
        "line": {"width": width, "color": colour},
        "marker": {"size": 2 * width, "color": colour},
        "customdata": axes.of_epochs(record.epoch for record in run.history),
        "text": _compared(run.history) if key == "val_accuracy" else [""] * len(run.history),
        "hovertemplate": f"{title} <b>%{{y:.3f}}</b>%{{text}}<extra></extra>",
    }
    if len(run.history) < 2:
        sheet.scatter(**data, mode="markers")
    elif not view.smoothing:
        sheet.scatter(**data, mode="lines")
    else:
        sheet.scatter(**data, mode="markers", opacity=axes.RAW_OPACITY)
        line = data | {
            "y": curves.smoothed(run.history, key, view.smoothing),
            "hovertemplate": None,
            "hoverinfo": "skip",
        }
        sheet.scatter(**line, mode="lines")


def _said_of_each_epoch(sheet: Sheet, run: Run, view: View) -> None:
    """Add the first line of the hover box: learning rate and time. The trace is invisible."""
    sheet.scatter(
        x=curves.positions(run, view.axis),
        y=[record.val_accuracy for record in run.history],
        mode="lines",
        line={"width": 0},
        customdata=axes.of_epochs(record.epoch for record in run.history),
        text=[
            f"{'' if view.axis == 'epochs' else f'epoch {record.epoch}, '}"
            f"rate {record.learning_rate:g}, {record.wall_time_s:.2f} s"
            for record in run.history
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _compared(history: Sequence[EpochRecord]) -> list[str]:
    """For each epoch, the difference between validation and training accuracy in words."""
    words = []
    for record in history:
        points = curves.generalization_gap(record) * 100
        side = "below" if points > 0 else "above"
        words.append(f", {abs(points):.1f} points {side}" if points else ", the same")
    return words


def _bands(sheet: Sheet, config: TrainConfig, over: Sequence[Band], colours: theme.Palette) -> None:
    """Draw a band with a name for each phase, and a line wherever layers are thawed."""
    first, length = over[0].start, over[-1].end - over[0].start
    for band in over:
        axes.add_band(sheet, band, colours)
        share = (band.end - band.start) / length
        if share >= VERY_NARROW:
            upright = share < NARROW
            sheet.note(
                x=band.start,
                y=0,
                yref="y domain",
                text=PHASE_TITLES.get(band.phase.name) or THAWED_TITLES[config.strategy],
                textangle=-90 if upright else 0,
                font={"color": colours.muted},
                showarrow=False,
                xanchor="left",
                yanchor="bottom",
                xshift=1 if upright else 8,
            )
        if band.before is not None:
            words = "fine-tuning starts" if band.phase.step == 1 else "more is thawed"
            text = f"<b>{words}</b>{_rate_change(band.before, band.phase)}"
            axes.add_line(sheet, band.start, colours)
            axes.add_words(sheet, band.start, text, (band.start - first) / length)


def _rate_change(before: Phase, phase: Phase) -> str:
    ratio = before.learning_rate / phase.learning_rate
    if ratio == 1:
        return ""
    sign, factor = ("÷", ratio) if ratio > 1 else ("×", 1 / ratio)
    return f", rate {sign} {factor:,.0f}" if factor >= 100 else f", rate {sign} {factor:.3g}"


def _frame(
    sheet: Sheet, run: Run, view: View, marked: tuple[int, int], colours: theme.Palette
) -> None:
    """Draw a frame around the epochs that a finding is based on, in both rows."""
    along = curves.positions(run, view.axis)
    # Edges are halfway to the neighbouring epochs, like the line where fine-tuning starts.
    edges = [2 * along[0] - along[1] if len(along) > 1 else along[0] - 1, *along]
    edges.append(2 * edges[-1] - edges[-2])
    first, last = (min(max(epoch, 1), len(along)) for epoch in marked)
    for row in axes.ROWS:
        sheet.shape(
            type="rect",
            x0=(edges[first - 1] + edges[first]) / 2,
            x1=(edges[last] + edges[last + 1]) / 2,
            y0=0,
            y1=1,
            yref=f"{row} domain",
            line={"color": colours.ink, "width": 2, "dash": "dot"},
        )


def _best(sheet: Sheet, run: Run, view: View, over: Sequence[Band], colours: theme.Palette) -> None:
    best = curves.best_epoch(run.history)
    position = curves.positions(run, view.axis)[best.epoch - 1]
    band = next(band for band in reversed(over) if band.start <= position)
    sheet.scatter(
        x=[position],
        y=[best.val_accuracy],
        customdata=axes.of_epochs([best.epoch]),
        mode="markers",
        marker={"size": 15, "color": colours.paper, "line": {"width": 3, "color": colours.ink}},
        hoverinfo="skip",
    )
    sheet.note(
        name=axes.reached(best.epoch),
        x=position,
        y=best.val_accuracy,
        text=f"best, epoch {best.epoch}",
        # The label is below the curves, where there is room, and inside the band of its phase.
        ax=0,
        ay=BEST_LABEL_DISTANCE,
        xanchor="left" if position - band.start < (band.end - band.start) / 2 else "right",
        arrowcolor=colours.muted,
        arrowhead=0,
        arrowwidth=1,
        standoff=9,
    )


def _last_values(sheet: Sheet, run: Run, view: View, end: float) -> None:
    """Write the last validation values beside their points, or at the right edge at the end."""
    last = run.history[-1]
    position = end if run.result else curves.positions(run, view.axis)[-1]
    for row, value in zip(axes.ROWS, (last.val_accuracy, last.val_loss), strict=True):
        if not math.isfinite(value):
            continue
        sheet.note(
            name=axes.reached(last.epoch),
            x=position,
            y=axes.note_height(value, row, view),
            yref=row,
            text=f"<b>{value:.3f}</b>",
            showarrow=False,
            xanchor="left",
            xshift=8,
        )


def _early_stops(
    sheet: Sheet, run: Run, view: View, over: Sequence[Band], colours: theme.Palette
) -> None:
    """Mark where early stopping ended a phase, on the validation loss that it monitors."""
    length = over[-1].end - over[0].start
    planned = {phase.key: phase.num_epochs for phase in run.config.phases}
    spans = {span.phase.key: span for span in curves.phase_spans(run.config, run.history)}
    for key, epoch in curves.stopped_early(run).items():
        if key not in spans or not 1 <= epoch <= len(run.history):
            continue
        position = curves.positions(run, view.axis)[epoch - 1]
        left_out = planned[key] - (epoch - spans[key].first + 1)
        sheet.scatter(
            x=[position],
            y=[run.history[epoch - 1].val_loss],
            yaxis="y2",
            mode="markers",
            marker={"symbol": "square", "size": 13, "color": colours.ink},
            customdata=axes.of_epochs([epoch]),
            hovertemplate=f"stopped early, {left_out} epochs before the end<extra></extra>",
        )
        sheet.note(
            name=axes.reached(epoch),
            x=position,
            # Losses leave room at the top of a linear and the bottom of a logarithmic scale.
            y=0 if view.log_loss else 1,
            yref="y2 domain",
            text="stopped early",
            showarrow=False,
            xanchor="left" if position - over[0].start < NARROW * length else "right",
            yanchor="bottom" if view.log_loss else "top",
        )
