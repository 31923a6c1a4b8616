"""The app's signature: accuracy and loss over the epochs, and the line where fine-tuning starts."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.core import curves
from lib.core.runs import EpochRecord, Phase, TrainConfig
from lib.figures import theme

HEIGHT = 410
PHASE_TITLES = {
    "feature_extraction": "head only",
    "from_scratch": "everything, from random weights",
}
THAWED_TITLES = {
    "partial_fine_tuning": "top layers thawed",
    "full_fine_tuning": "everything thawed",
}
# A band of less than this share of the axis has no room for its name.
NARROW = 0.2
BEST_LABEL_DISTANCE = 52  # pixels below its point


def figure(config: TrainConfig, history: Sequence[EpochRecord], *, dark: bool = False) -> go.Figure:
    """Accuracy above, loss below, on one axis of epochs that is as long as the run will be.

    Training is a thin line, validation a thick one. Phases are named bands, cold while the
    backbone is frozen and warm once something of it is thawed.

    Args:
        config: Of the run: how many epochs there will be, and where the phases begin.
        history: The epochs so far; may be empty.
        dark: Which appearance.
    """
    colours = theme.palette(dark)
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.64, 0.36], vertical_spacing=0.06
    )
    spans = curves.phase_spans(config, history)
    num_epochs = sum(span.num_epochs for span in spans)
    _bands(figure, config, spans, colours)
    epochs = [record.epoch for record in history]
    for row, name in ((1, "accuracy"), (2, "loss")):
        for key, title, width, colour in (
            (name, "training", theme.THIN_LINE_WIDTH, colours.muted),
            (f"val_{name}", "validation", theme.LINE_WIDTH, colours.ink),
        ):
            values = [getattr(record, key) for record in history]
            figure.add_scatter(
                x=epochs,
                y=values,
                name=f"{title} {name}",
                mode="lines" if len(history) > 1 else "markers",
                line={"width": width, "color": colour},
                marker={"size": 2 * width, "color": colour},
                hovertemplate=f"{title} %{{y:.3f}}<extra></extra>",
                row=row,
                col=1,
            )
    if history:
        _marks(figure, spans, history, colours)
    figure.update_xaxes(
        range=[0.5, max(num_epochs, 2) + 0.5],
        dtick=1 if num_epochs <= 10 else 5 if num_epochs <= 60 else 20,
        tick0=0,
        showgrid=False,
        hoverformat="d",
    )
    figure.update_xaxes(title_text="epoch", row=2, col=1)
    figure.update_yaxes(
        title_text="accuracy", range=[_floor(history), 1.02], tickformat=".1f", row=1, col=1
    )
    figure.update_yaxes(title_text="loss", rangemode="tozero", nticks=4, row=2, col=1)
    figure.update_layout(
        margin={"l": 64, "r": 60, "t": 28, "b": 52}, hovermode="x unified", dragmode=False
    )
    return theme.apply(figure, dark=dark, height=HEIGHT)


def alt_text(config: TrainConfig, history: Sequence[EpochRecord]) -> str:
    """The figure in a sentence, for those who cannot see it."""
    if not history:
        return "Learning curves, still empty: no epoch has ended."
    last = history[-1]
    return (
        f"Learning curves over {len(history)} of {config.num_epochs} epochs. Training accuracy "
        f"ends at {last.accuracy:.3f}, validation accuracy at {last.val_accuracy:.3f}."
    )


def _floor(history: Sequence[EpochRecord]) -> float:
    """Lower end of the accuracy axis: 0.5, or lower in steps of a tenth; it seldom moves."""
    lowest = min((min(r.accuracy, r.val_accuracy) for r in history), default=0.5)
    return min(0.5, math.floor(lowest * 10) / 10)


def _bands(
    figure: go.Figure,
    config: TrainConfig,
    spans: Sequence[curves.PhaseSpan],
    colours: theme.Palette,
) -> None:
    """A band a phase, its name, and a line wherever something is thawed."""
    num_epochs = sum(span.num_epochs for span in spans)
    for before, span in zip((None, *spans), spans, strict=False):
        phase, start = span.phase, span.first - 0.5
        cold = phase.name == "feature_extraction"
        figure.add_vrect(
            x0=start,
            x1=start + span.num_epochs,
            fillcolor=colours.cold_band if cold else colours.warm_band,
            line_width=0,
            layer="below",
            row="all",
            col=1,
            exclude_empty_subplots=False,
        )
        if span.num_epochs < NARROW * num_epochs:
            name = ""
        else:
            name = PHASE_TITLES.get(phase.name) or THAWED_TITLES[config.strategy]
        figure.add_annotation(
            x=start,
            y=0,
            xref="x",
            yref="y domain",
            text=name,
            font={"color": colours.muted},
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            xshift=8,
        )
        if before is None:
            continue
        figure.add_vline(
            x=start,
            line={"color": colours.trainable, "width": 3},
            row="all",
            col=1,
            exclude_empty_subplots=False,
        )
        words = "fine-tuning starts" if phase.step == 1 else "more is thawed"
        figure.add_annotation(
            x=start,
            y=1,
            xref="x",
            yref="y domain",
            text=f"<b>{words}</b>{_rate_change(before.phase, phase)}",
            showarrow=False,
            # In the middle of the line where there is room on both sides.
            xanchor="left"
            if start < 0.3 * num_epochs
            else "center"
            if start < 0.7 * num_epochs
            else "right",
            yanchor="bottom",
        )


def _rate_change(before: Phase, phase: Phase) -> str:
    ratio = before.learning_rate / phase.learning_rate
    if ratio == 1:
        return ""
    return f", rate ÷ {ratio:.3g}" if ratio > 1 else f", rate × {1 / ratio:.3g}"


def _marks(
    figure: go.Figure,
    spans: Sequence[curves.PhaseSpan],
    history: Sequence[EpochRecord],
    colours: theme.Palette,
) -> None:
    """The best epoch, and the last validation values at the right edge."""
    best, last = curves.best_epoch(history), history[-1]
    span = next(s for s in reversed(spans) if s.first <= best.epoch)
    figure.add_scatter(
        x=[best.epoch],
        y=[best.val_accuracy],
        mode="markers",
        marker={
            "size": 15,
            "color": colours.paper,
            "line": {"width": 3, "color": colours.ink},
        },
        hoverinfo="skip",
        row=1,
        col=1,
    )
    figure.add_annotation(
        x=best.epoch,
        y=best.val_accuracy,
        text=f"best, epoch {best.epoch}",
        # From below, where accuracy curves leave room, and inside the band of its phase.
        ax=0,
        ay=BEST_LABEL_DISTANCE,
        xanchor="left" if best.epoch - span.first < span.num_epochs / 2 else "right",
        arrowcolor=colours.muted,
        arrowhead=0,
        arrowwidth=1,
        standoff=9,
        row=1,
        col=1,
    )
    for row, value in ((1, last.val_accuracy), (2, last.val_loss)):
        figure.add_annotation(
            x=last.epoch,
            y=value,
            text=f"<b>{value:.3f}</b>",
            showarrow=False,
            xanchor="left",
            xshift=8,
            row=row,
            col=1,
        )
