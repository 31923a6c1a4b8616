"""Learning curves: accuracy and loss over the epochs, and the start of fine-tuning."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from lib.core.reading import curves
from lib.core.runs import EpochRecord, Phase, Run, TrainConfig
from lib.figures import theme
from lib.figures.reading import axes, narrow
from lib.figures.reading.axes import Band, Sheet, View

# Accuracy and loss fit the first screen, below the controls and the result.
HEIGHT = 360
PHASE_TITLES = {
    "feature_extraction": "head only",
    "from_scratch": "everything, from random weights",
}
THAWED_TITLES = {
    "partial_fine_tuning": "top layers thawed",
    "full_fine_tuning": "everything thawed",
    "gradual_fine_tuning": "everything thawed",
}
# A band narrower than NARROW, a share of the axis, has its name rotated; below VERY_NARROW, none.
NARROW = 0.2
VERY_NARROW = 0.04
# Share of the height of the axis that the name of a band takes.
NAME_HEIGHT = 0.2
BEST_LABEL_DISTANCE = 52  # pixels below its point
# Titles of the time axis, which also say what the two lines are.
AXIS_TITLES = {
    "epochs": "epoch (thick line: validation, thin: training)",
    "seconds": "seconds of training (thick line: validation, thin: training)",
    "images": "training images seen (thick line: validation, thin: training)",
}


def _band_title(config: TrainConfig, phase: Phase) -> str:
    """Return the name of a band; the first step of gradual fine-tuning thaws the top layers."""
    first_step = config.strategy == "gradual_fine_tuning" and phase.thaw_from
    strategy = "partial_fine_tuning" if first_step else config.strategy
    return PHASE_TITLES.get(phase.name) or THAWED_TITLES[strategy]


def figure(
    config: TrainConfig,
    history: Sequence[EpochRecord],
    *,
    dark: bool = False,
    values: bool = True,
) -> go.Figure:
    """The curves of a run that may still be training; the axis has the planned length.

    Args:
        config: Configuration of the run, with the number of epochs and the phases.
        history: The epochs so far; may be empty.
        values: As for `figure_of`.
    """
    return figure_of(Run("", config, tuple(history), {}, Path()), dark=dark, values=values)


def figure_of(
    run: Run,
    *,
    dark: bool = False,
    view: View | None = None,
    marked: tuple[int, int] | None = None,
    rates: bool = True,
    values: bool = True,
) -> go.Figure:
    """Accuracy above loss, on one time axis.

    Training is a thin line, validation a thick one. Phases are named bands: blue while the
    backbone is frozen, orange once layers of it are thawed.

    Args:
        run: A run with any number of epochs.
        marked: First and last epoch that a finding is based on.
        rates: Whether the figure says which learning rates the run had.
        values: Whether the figure says which accuracy was the highest, and which values are last.
    """
    view, colours = view or View(), theme.palette(dark)
    sheet = Sheet(colours, view)
    _said_of_each_epoch(sheet, run, rates=rates)
    for yaxis, name in zip(axes.ROWS, ("accuracy", "loss"), strict=True):
        for key, title, width, colour in (
            (name, "training", theme.THIN_LINE_WIDTH, colours.muted),
            (f"val_{name}", "validation", theme.LINE_WIDTH, colours.ink),
        ):
            _line(sheet, run, key, f"{title} {name}", width, colour, yaxis)
    over = axes.bands(run, view.axis)
    _bands(sheet, run, over, rates=rates)
    framed = None
    if run.history:
        framed = axes.add_frame(sheet, run, marked) if marked else None
        if values:
            _best(sheet, run, over)
            _last_values(sheet, run, over[-1].end)
        _early_stops(sheet, run, over)
        _kept(sheet, run, over)
    layout = axes.two_rows(view, (over[0].start, over[-1].end), axes.lowest(run.history))
    layout["xaxis"]["title"] = {"text": AXIS_TITLES[view.axis]}
    return sheet.figure(layout, HEIGHT, meta={"narrow": narrow.changes(sheet, over, framed)})


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
    sheet: Sheet, run: Run, key: str, title: str, width: int, colour: str, yaxis: str
) -> None:
    """Draw one value over time; if it is smoothed, points show the measured values as well."""
    view = sheet.view
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


def _said_of_each_epoch(sheet: Sheet, run: Run, *, rates: bool) -> None:
    """Add the first line of the hover box: learning rate and time. The trace is invisible."""
    sheet.scatter(
        x=curves.positions(run, sheet.view.axis),
        y=[record.val_accuracy for record in run.history],
        mode="lines",
        line={"width": 0},
        customdata=axes.of_epochs(record.epoch for record in run.history),
        text=[
            f"{'' if sheet.view.axis == 'epochs' else f'epoch {record.epoch}, '}"
            f"{f'rate {record.learning_rate:g}, ' if rates else ''}{record.wall_time_s:.2f} s"
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


def _bands(sheet: Sheet, run: Run, over: Sequence[Band], *, rates: bool) -> None:
    """Draw a band with a name for each phase, and a line wherever layers are thawed.

    The line appears when the phase before it is over, in a replay and while a run is training.
    """
    first, length = over[0].start, over[-1].end - over[0].start
    spans = {span.phase.key: span for span in curves.phase_spans(run.config, run.history)}
    for band in over:
        axes.add_band(sheet, band)
        share = (band.end - band.start) / length
        if share >= VERY_NARROW:
            upright = share < NARROW
            above = not upright and _begins_low(run, band, sheet.view)
            sheet.note(
                x=band.start,
                y=1 if above else 0,
                yref="y domain",
                text=_band_title(run.config, band.phase),
                textangle=-90 if upright else 0,
                font={"color": sheet.colours.muted},
                showarrow=False,
                xanchor="left",
                yanchor="top" if above else "bottom",
                xshift=1 if upright else 8,
            )
        if band.before is not None:
            words = "fine-tuning starts" if band.phase.step == 1 else "more is thawed"
            text = f"<b>{words}</b>{_rate_change(band.before, band.phase) if rates else ''}"
            last_before = spans[band.phase.key].first - 1
            seen: dict[str, Any] = {
                "name": axes.reached(last_before),
                "visible": len(run.history) >= last_before,
            }
            axes.add_line(sheet, band.start, **seen)
            axes.add_words(sheet, band.start, text, (band.start - first) / length, **seen)


def _begins_low(run: Run, band: Band, view: View) -> bool:
    """Return True if curves run at the bottom of a band, where its name is, and none at the top."""
    lowest = axes.lowest(run.history)
    end_of_name = band.start + (band.end - band.start) / 3
    heights = [
        (value - lowest) / (1 - lowest)
        for record, position in zip(run.history, curves.positions(run, view.axis), strict=True)
        if band.start <= position <= end_of_name and lowest < 1
        for value in (record.accuracy, record.val_accuracy)
    ]
    return bool(heights) and min(heights) < NAME_HEIGHT and max(heights) < 1 - NAME_HEIGHT


def _rate_change(before: Phase, phase: Phase) -> str:
    ratio = before.learning_rate / phase.learning_rate
    if ratio == 1:
        return ""
    sign, factor = ("÷", ratio) if ratio > 1 else ("×", 1 / ratio)
    return f", rate {sign} {factor:,.0f}" if factor >= 100 else f", rate {sign} {factor:.3g}"


def _band_at(over: Sequence[Band], position: float) -> Band:
    return next(band for band in reversed(over) if band.start <= position)


def _best(sheet: Sheet, run: Run, over: Sequence[Band]) -> None:
    best, colours = curves.first_highest(run.history), sheet.colours
    position = curves.positions(run, sheet.view.axis)[best.epoch - 1]
    band = _band_at(over, position)
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
        text=f"{narrow.HIGHEST}, epoch {best.epoch}",
        # The label is below the curves, where there is room, and inside the band of its phase.
        ax=0,
        ay=BEST_LABEL_DISTANCE,
        xanchor="left" if position - band.start < (band.end - band.start) / 2 else "right",
        bgcolor=axes.behind(sheet, band.phase),
        arrowcolor=colours.muted,
        arrowhead=0,
        arrowwidth=1,
        standoff=9,
    )


def _last_values(sheet: Sheet, run: Run, end: float) -> None:
    """Write the last validation values beside their points, or at the right edge at the end."""
    last = run.history[-1]
    position = end if run.result else curves.positions(run, sheet.view.axis)[-1]
    for row, value in zip(axes.ROWS, (last.val_accuracy, last.val_loss), strict=True):
        if not math.isfinite(value):
            continue
        sheet.note(
            name=axes.reached(last.epoch, beside=True),
            x=position,
            y=axes.note_height(value, row, sheet.view),
            yref=row,
            text=f"<b>{value:.3f}</b><br>last" if row == "y" else f"<b>{value:.3f}</b>",
            showarrow=False,
            xanchor="left",
            xshift=8,
        )


def _early_stops(sheet: Sheet, run: Run, over: Sequence[Band]) -> None:
    """Mark where early stopping ended a phase, on the validation loss that it monitors."""
    length = over[-1].end - over[0].start
    planned = {phase.key: phase.num_epochs for phase in run.config.phases}
    spans = {span.phase.key: span for span in curves.phase_spans(run.config, run.history)}
    for key, epoch in curves.stopped_early(run).items():
        if key not in spans or not 1 <= epoch <= len(run.history):
            continue
        position = curves.positions(run, sheet.view.axis)[epoch - 1]
        left_out = planned[key] - (epoch - spans[key].first + 1)
        words = f"stopped early, {left_out} epochs before the end"
        if key in run.restored:
            words = f"{words}; the weights of epoch {run.restored[key]} were restored"
        sheet.scatter(
            x=[position],
            y=[run.history[epoch - 1].val_loss],
            yaxis="y2",
            mode="markers",
            marker={"symbol": "square", "size": 13, "color": sheet.colours.ink},
            customdata=axes.of_epochs([epoch]),
            hovertemplate=f"{words}<extra></extra>",
        )
        sheet.note(
            name=axes.reached(epoch),
            x=position,
            # Losses leave room at the top of a linear and the bottom of a logarithmic scale.
            y=0 if sheet.view.log_loss else 1,
            yref="y2 domain",
            text="stopped early",
            bgcolor=axes.behind(sheet, spans[key].phase),
            showarrow=False,
            xanchor="left" if position - over[0].start < NARROW * length else "right",
            yanchor="bottom" if sheet.view.log_loss else "top",
        )


def _kept(sheet: Sheet, run: Run, over: Sequence[Band]) -> None:
    """Mark the epochs whose weights were restored, on the validation loss that decided it."""
    colours, along = sheet.colours, curves.positions(run, sheet.view.axis)
    for epoch in run.restored.values():
        if not 1 <= epoch <= len(run.history):
            continue
        loss = run.history[epoch - 1].val_loss
        sheet.scatter(
            x=[along[epoch - 1]],
            y=[loss],
            yaxis="y2",
            customdata=axes.of_epochs([epoch]),
            mode="markers",
            marker={"size": 13, "color": colours.paper, "line": {"width": 3, "color": colours.ink}},
            hoverinfo="skip",
        )
        sheet.note(
            name=axes.reached(len(run.history)),
            x=along[epoch - 1],
            y=axes.note_height(loss, "y2", sheet.view),
            yref="y2",
            text=f"kept, epoch {epoch}",
            bgcolor=axes.behind(sheet, _band_at(over, along[epoch - 1]).phase),
            showarrow=False,
            xanchor="right" if epoch > len(run.history) / 2 else "left",
            yanchor="bottom",
            yshift=8,
        )
