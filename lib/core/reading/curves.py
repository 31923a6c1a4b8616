"""Quantities of learning curves: the best epoch, the generalisation gap, and their certainty."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from typing import Any

from lib.core import intervals, splits
from lib.core.backbones import load_layer_table
from lib.core.runs import EpochRecord, Phase, Run, TrainConfig

# What the horizontal axis can be -> its title.
AXES: dict[str, str] = {
    "epochs": "epoch",
    "seconds": "seconds of training",
    "images": "training images seen",
}
MAX_SMOOTHING = 0.99


def best_epoch(history: Sequence[EpochRecord]) -> EpochRecord:
    """The epoch with the highest validation accuracy; of equals the one with the lowest loss.

    Raises:
        ValueError: If there are no epochs.
    """
    if not history:
        raise ValueError("A run without epochs has no best one.")
    return max(history, key=lambda record: (record.val_accuracy, -record.val_loss, -record.epoch))


def generalization_gap(record: EpochRecord) -> float:
    """Training accuracy minus validation accuracy: how much does not carry over, -1 to 1."""
    return record.accuracy - record.val_accuracy


def phase_ends(history: Sequence[EpochRecord]) -> dict[str, EpochRecord]:
    """The last epoch of each phase, in order of the phases."""
    return {record.phase: record for record in history}


def fine_tuning_gain(history: Sequence[EpochRecord]) -> float | None:
    """Validation accuracy at the end of fine-tuning minus before it; None without both."""
    ends = phase_ends(history)
    if not {"feature_extraction", "fine_tuning"} <= set(ends):
        return None
    return ends["fine_tuning"].val_accuracy - ends["feature_extraction"].val_accuracy


def num_validation(config: TrainConfig, result: Mapping[str, Any]) -> int:
    """From the result, or while a run goes on from what is known of its dataset; else 0."""
    known = config.catalogued
    expected = splits.evaluation_size(known.num_images) if known else 0
    return int(result.get("split_sizes", {}).get("validation", expected))


@dataclass(frozen=True)
class LayerChange:
    """The relative change of a backbone layer in the last phase of a run.

    Args:
        name: Of the layer.
        weights: |after - before| / |before| of what an optimizer changes; 0 where it has none.
        statistics: The same of its BatchNormalization statistics; 0 where it has none.
    """

    name: str
    weights: float
    statistics: float

    @property
    def moved(self) -> bool:
        """True unless everything of it is bit for bit what it was."""
        return bool(self.weights or self.statistics)


def changes(run: Run) -> tuple[LayerChange, ...]:
    """How far each layer with weights went in the last phase of a finished run, in order."""
    last = run.config.phases[-1].key
    weights, statistics = (
        run.result.get(fact, {}).get(last, {}) for fact in ("moved", "moved_statistics")
    )
    layers = load_layer_table(run.config.backbone, run.config.image_size)
    return tuple(
        LayerChange(row.name, weights.get(row.name, 0.0), statistics.get(row.name, 0.0))
        for row in layers
        if row.weights
    )


@dataclass(frozen=True)
class PhaseSpan:
    """Where a phase lies on the axis of epochs.

    Args:
        phase: The phase as it was planned.
        first: Its first epoch, counted from 1.
        num_epochs: As many as it had, or will have where it has not ended.
    """

    phase: Phase
    first: int
    num_epochs: int


def phase_spans(config: TrainConfig, history: Sequence[EpochRecord]) -> tuple[PhaseSpan, ...]:
    """Where each phase of a run lies; one that early stopping ended is as long as it was.

    Args:
        history: The epochs so far.
    """
    spans: list[PhaseSpan] = []
    first = 1
    done = [(record.phase, record.step) for record in history]
    for phase in config.phases:
        had = done.count((phase.name, phase.step))
        ended = bool(done) and had > 0 and done[-1] != (phase.name, phase.step)
        num_epochs = had if ended else phase.num_epochs
        spans.append(PhaseSpan(phase, first, num_epochs))
        first += num_epochs
    return tuple(spans)


# --- The figure -----------------------------------------------------------------------------------


def positions(run: Run, axis: str = "epochs") -> tuple[float, ...]:
    """Where each epoch of a run lies on an axis: where it ends.

    Args:
        run: With any number of epochs.
        axis: Key of AXES.

    Raises:
        KeyError: If there is no such axis.
    """
    if axis == "epochs":
        return tuple(float(record.epoch) for record in run.history)
    of_epoch = {
        "seconds": [record.wall_time_s for record in run.history],
        "images": [float(run.config.num_images)] * len(run.history),
    }[axis]
    return tuple(accumulate(of_epoch))


@dataclass(frozen=True)
class PhaseStart:
    """Where a later phase of a run takes over from the one before it.

    Args:
        phase: The one that starts.
        epoch: Its first epoch, counted from 1.
        position: On the axis, halfway between the last epoch before it and its first: 10.5 after
            ten epochs. So neither point lies on the line.
    """

    phase: Phase
    epoch: int
    position: float


def phase_starts(run: Run, axis: str = "epochs") -> tuple[PhaseStart, ...]:
    """Every start of a phase after the first, as far as the run has come.

    Args:
        run: With any number of epochs.
        axis: Key of AXES.
    """
    planned = {(phase.name, phase.step): phase for phase in run.config.phases}
    along = positions(run, axis)
    return tuple(
        PhaseStart(
            planned[now.phase, now.step],
            now.epoch,
            (along[row] + along[row + 1]) / 2,
        )
        for row, (before, now) in enumerate(pairwise(run.history))
        if (before.phase, before.step) != (now.phase, now.step) and (now.phase, now.step) in planned
    )


def fine_tuning_position(run: Run, axis: str = "epochs") -> float | None:
    """Where fine-tuning starts on an axis; None where it did not follow a head phase."""
    starts = phase_starts(run, axis)
    return starts[0].position if starts else None


def stopped_early(run: Run) -> dict[str, int]:
    """The last epoch of each phase that early stopping ended, by the phase's key."""
    return dict(run.result.get("stopped_early", {}))


def smoothed(history: Sequence[EpochRecord], name: str, weight: float) -> tuple[float, ...]:
    """A moving average of a curve that starts again with each phase.

    Across the start of fine-tuning there is nothing to smooth: the jump is the lesson.

    Args:
        history: Epochs in order.
        name: "accuracy", "val_accuracy", "loss" or "val_loss".
        weight: Of what came before, 0 to MAX_SMOOTHING; 0 gives the curve itself.

    Raises:
        ValueError: If the weight is out of range.

    Reference:
        Kingma & Ba 2015, "Adam", section 3, for the correction of the start (kingma-2015).
    """
    if not 0 <= weight <= MAX_SMOOTHING:
        raise ValueError(f"Expected a weight from 0 to {MAX_SMOOTHING}; got {weight}.")
    averages: list[float] = []
    phase, total, share = None, 0.0, 0.0
    for record in history:
        if (record.phase, record.step) != phase:
            phase, total, share = (record.phase, record.step), 0.0, 0.0
        total = weight * total + (1 - weight) * getattr(record, name)
        share = weight * share + (1 - weight)
        averages.append(total / share)
    return tuple(averages)


def to_csv(runs: Sequence[Run]) -> str:
    """The histories of runs as a table with a heading, one line an epoch."""
    text = io.StringIO()
    names = [field.name for field in fields(EpochRecord)]
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["run", *names, "seconds", "images_seen"])
    for run in runs:
        along = zip(run.history, positions(run, "seconds"), positions(run, "images"), strict=True)
        for record, seconds, images in along:
            values = (getattr(record, name) for name in names)
            table.writerow([run.id, *values, round(seconds, 4), int(images)])
    return text.getvalue()


# --- In words -------------------------------------------------------------------------------------


def headline(run: Run) -> str:
    """Summarise a run in one sentence.

    A gain is reported as certain only if its interval does not contain 0.

    Args:
        run: With at least one epoch.
    """
    gain = fine_tuning_gain(run.history)
    best = best_epoch(run.history)
    num_images = num_validation(run.config, run.result)
    if gain is None:
        return f"Validation accuracy reached {best.val_accuracy:.3f}, best at epoch {best.epoch}"
    points = f"{abs(gain) * 100:.1f} points"
    if gain == 0:
        verdict = "Fine-tuning left the validation accuracy where it was"
    else:
        verdict = f"Fine-tuning {'gained' if gain > 0 else 'lost'} {points}"
    if num_images and gain:
        ends = phase_ends(run.history)
        before, after = ends["feature_extraction"], ends["fine_tuning"]
        low, high = intervals.paired_interval(before.val_accuracy, after.val_accuracy, num_images)
        if low <= 0 <= high:
            return f"{verdict}, which may be chance with {num_images} validation images"
    return verdict
