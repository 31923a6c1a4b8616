"""The app's signature: accuracy and loss over the epochs, and the line where fine-tuning starts."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.core import curves
from lib.core.runs import EpochRecord, TrainConfig
from lib.figures import theme

HEIGHT = 430
PHASE_TITLES = {
    "feature_extraction": "head only",
    "from_scratch": "everything, from random weights",
}
THAWED_TITLES = {
    "partial_fine_tuning": "top layers thawed",
    "full_fine_tuning": "everything thawed",
}
# The best epoch's label would leave the plot beyond this share of its width.
LABEL_LEFT_BEYOND = 0.8


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
    _bands(figure, config, colours)
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
        _marks(figure, config, history, colours)
    figure.update_xaxes(
        range=[0.5, max(config.num_epochs, 2) + 0.5],
        dtick=1 if config.num_epochs <= 10 else 5 if config.num_epochs <= 60 else 20,
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
        margin={"l": 70, "r": 76, "t": 28, "b": 52}, hovermode="x unified", dragmode=False
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


def _bands(figure: go.Figure, config: TrainConfig, colours: theme.Palette) -> None:
    """A band a phase, its name, and the line between head and fine-tuning."""
    start = 0.5
    for phase in config.phases:
        cold = phase.name == "feature_extraction"
        figure.add_vrect(
            x0=start,
            x1=start + phase.num_epochs,
            fillcolor=colours.cold_band if cold else colours.warm_band,
            line_width=0,
            layer="below",
            row="all",
            col=1,
            exclude_empty_subplots=False,
        )
        figure.add_annotation(
            x=start,
            y=0,
            xref="x",
            yref="y domain",
            text=PHASE_TITLES.get(phase.name) or THAWED_TITLES[config.strategy],
            font={"color": colours.muted},
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            xshift=8,
        )
        if start > 0.5:
            figure.add_vline(
                x=start,
                line={"color": colours.trainable, "width": 3},
                row="all",
                col=1,
                exclude_empty_subplots=False,
            )
            figure.add_annotation(
                x=start,
                y=1,
                xref="x",
                yref="y domain",
                text=f"<b>fine-tuning starts</b>, {_rate_change(config)}",
                showarrow=False,
                # The second half may be short, so the words go where there is more room.
                xanchor="left" if start < 0.6 * config.num_epochs else "right",
                yanchor="bottom",
            )
        start += phase.num_epochs


def _rate_change(config: TrainConfig) -> str:
    ratio = config.head_learning_rate / config.fine_tune_learning_rate
    return f"rate ÷ {ratio:g}" if ratio > 1 else f"rate {config.fine_tune_learning_rate:g}"


def _marks(
    figure: go.Figure,
    config: TrainConfig,
    history: Sequence[EpochRecord],
    colours: theme.Palette,
) -> None:
    """The best epoch, and the last validation values at the right edge."""
    best, last = curves.best_epoch(history), history[-1]
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
    right = best.epoch > LABEL_LEFT_BEYOND * config.num_epochs
    figure.add_annotation(
        x=best.epoch,
        y=best.val_accuracy,
        text=f"best, epoch {best.epoch}",
        showarrow=False,
        yshift=-24,
        xanchor="right" if right else "left",
        # Later points of the curve may run through the words.
        bgcolor=colours.paper,
        opacity=0.85,
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
