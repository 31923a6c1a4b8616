"""Quantities of learning curves: the best epoch, the generalisation gap, and their certainty."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from typing import Any

from lib.core import intervals, splits
from lib.core.backbones import load_layer_table
from lib.core.runs import EpochRecord, Phase, Run, TrainConfig

# Quantity on the horizontal axis -> title of the axis.
AXES: dict[str, str] = {
    "epochs": "epoch",
    "seconds": "seconds of training",
    "images": "training images seen",
}
MAX_SMOOTHING = 0.99
# Passes that solve a head in most runs (lib/core/config.py, SOLVED_EPOCHS).
USUAL_PASSES = 30
# What early stopping ends, by the name of the phase; fine-tuning otherwise.
WHAT_STOPPED = {"feature_extraction": "Training the head", "from_scratch": "Training"}


def best_epoch(history: Sequence[EpochRecord]) -> EpochRecord:
    """Return the epoch with the highest validation accuracy, and the lowest loss among equals.

    Raises:
        ValueError: If there are no epochs.
    """
    if not history:
        raise ValueError("A run without epochs has no best one.")
    return max(history, key=lambda record: (record.val_accuracy, -record.val_loss, -record.epoch))


def first_highest(history: Sequence[EpochRecord]) -> EpochRecord:
    """Return the first epoch with the highest validation accuracy.

    Unlike `best_epoch`, a later epoch with the same accuracy and a lower loss is not credited: the
    accuracy had been reached before it.

    Raises:
        ValueError: If there are no epochs.
    """
    if not history:
        raise ValueError("A run without epochs has no highest accuracy.")
    return max(history, key=lambda record: (record.val_accuracy, -record.epoch))


def generalization_gap(record: EpochRecord) -> float:
    """Return training accuracy minus validation accuracy, -1 to 1."""
    return record.accuracy - record.val_accuracy


def phase_ends(
    history: Sequence[EpochRecord], restored: Collection[int] = ()
) -> dict[str, EpochRecord]:
    """Return the epoch with whose weights each phase ended, in the order of the phases.

    Args:
        history: The epochs of a run.
        restored: Epochs whose weights were restored at the end of their phase; the last epoch of
            all other phases counts.
    """
    ends = {record.phase: record for record in history}
    best = [record for record in history if record.epoch in restored]
    return ends | {each.phase: each for each in best if ends[each.phase].step == each.step}


def fine_tuning_gain(
    history: Sequence[EpochRecord], restored: Collection[int] = ()
) -> float | None:
    """Return the validation accuracy after fine-tuning minus before it; None without both.

    Args:
        history: The epochs of a run.
        restored: As for `phase_ends`.
    """
    ends = phase_ends(history, restored)
    if not {"feature_extraction", "fine_tuning"} <= set(ends):
        return None
    return ends["fine_tuning"].val_accuracy - ends["feature_extraction"].val_accuracy


def num_validation(config: TrainConfig, result: Mapping[str, Any]) -> int:
    """Return the number of validation images: from the result or the dataset; 0 if unknown."""
    known = config.catalogued
    expected = splits.evaluation_size(known.num_images) if known else 0
    return int(result.get("split_sizes", {}).get("validation", expected))


@dataclass(frozen=True)
class LayerChange:
    """The relative change of a backbone layer in the last phase of a run.

    Args:
        name: Name of the layer.
        weights: |after - before| / |before| of the weights that an optimizer changes, or 0.
        statistics: The same quantity of its BatchNormalization statistics, or 0.
    """

    name: str
    weights: float
    statistics: float

    @property
    def moved(self) -> bool:
        """True unless weights and statistics are exactly the same as before."""
        return bool(self.weights or self.statistics)


def changes(run: Run) -> tuple[LayerChange, ...]:
    """Return the relative change of each layer with weights in the last phase, in order."""
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
    """The epochs of a phase.

    Args:
        phase: The planned phase.
        first: Its first epoch, counted from 1.
        num_epochs: Number of its epochs; the planned number if it has not ended.
    """

    phase: Phase
    first: int
    num_epochs: int


def phase_spans(config: TrainConfig, history: Sequence[EpochRecord]) -> tuple[PhaseSpan, ...]:
    """Return the epochs of each phase of a run, taking early stopping into account.

    Args:
        history: The epochs so far.
    """
    spans: list[PhaseSpan] = []
    first = 1
    done = [(record.phase, record.step) for record in history]
    for phase in config.phases:
        had = done.count((phase.name, phase.step))
        ended = bool(done) and had > 0 and done[-1] != (phase.name, phase.step)
        planned = phase.num_epochs
        if phase.name == "feature_extraction" and config.head_solver == "solved":
            # Its epochs are passes of a solver, which needs far fewer than it may have.
            planned = max(had, USUAL_PASSES)
        num_epochs = had if ended else planned
        spans.append(PhaseSpan(phase, first, num_epochs))
        first += num_epochs
    return tuple(spans)


# --- The figure -----------------------------------------------------------------------------------


def positions(run: Run, axis: str = "epochs") -> tuple[float, ...]:
    """Return the position of the end of each epoch on an axis.

    Args:
        run: A run with any number of epochs.
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
    """The start of a phase after the first one.

    Args:
        phase: The phase that starts.
        epoch: Its first epoch, counted from 1.
        position: Position on the axis, halfway between the last epoch before it and its first
            one: 10.5 after ten epochs. So no point lies on the line.
    """

    phase: Phase
    epoch: int
    position: float


def phase_starts(run: Run, axis: str = "epochs") -> tuple[PhaseStart, ...]:
    """Return the start of every phase after the first one that has begun.

    Args:
        run: A run with any number of epochs.
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
    """Return where fine-tuning starts on an axis; None if it did not follow a head phase."""
    starts = phase_starts(run, axis)
    return starts[0].position if starts else None


def stopped_early(run: Run) -> dict[str, int]:
    """Return the last epoch of each phase that early stopping ended, by the key of the phase."""
    return dict(run.result.get("stopped_early", {}))


def why_it_stopped(run: Run) -> str:
    """Say which phases early stopping ended, why, and with which weights; "" if it ended none.

    Args:
        run: A run, finished or not.

    Returns:
        A sentence or two for each phase, in the order of the phases.
    """
    said = []
    ended, patience = stopped_early(run), run.config.early_stopping
    for phase in run.config.phases:
        if phase.key not in ended:
            continue
        what = WHAT_STOPPED.get(phase.name, "Fine-tuning")
        said.append(
            f"{what} stopped after epoch {ended[phase.key]}, because the validation loss had not "
            f"become lower for {patience} epoch{'s' * (patience != 1)}."
        )
        if phase.key in run.restored:
            said.append(f"The weights of epoch {run.restored[phase.key]} were kept.")
    return " ".join(said)


def smoothed(history: Sequence[EpochRecord], name: str, weight: float) -> tuple[float, ...]:
    """Return the exponential moving average of a curve, started again in each phase.

    The jump at the start of fine-tuning is not smoothed, because it is what the reader should see.

    Args:
        history: Epochs in order.
        name: "accuracy", "val_accuracy", "loss" or "val_loss".
        weight: Weight of the earlier epochs, 0 to MAX_SMOOTHING; 0 gives the curve itself.

    Raises:
        ValueError: If the weight is out of range.

    Reference:
        Kingma & Ba 2015, "Adam", section 3, for the bias correction (kingma-2015).
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
    """Return the histories of runs as CSV with a header and one line per epoch."""
    text = io.StringIO()
    # The answers for the watched images are no quantity of a curve.
    names = [field.name for field in fields(EpochRecord) if field.name != "right"]
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
        run: A run with at least one epoch.
    """
    gain = fine_tuning_gain(run.history, run.restored.values())
    best = first_highest(run.history)
    num_images = num_validation(run.config, run.result)
    if gain is None:
        return (
            f"The highest validation accuracy is {best.val_accuracy:.3f}, first reached in "
            f"epoch {best.epoch}"
        )
    if gain == 0:
        return "Fine-tuning left the validation accuracy where it was"
    ends = phase_ends(run.history, run.restored.values())
    before, after = ends["feature_extraction"], ends["fine_tuning"]
    verdict = (
        f"Fine-tuning {'gained' if gain > 0 else 'lost'} {abs(gain) * 100:.1f} points "
        f"({before.val_accuracy:.3f} to {after.val_accuracy:.3f})"
    )
    if num_images:
        low, high = intervals.paired_interval(before.val_accuracy, after.val_accuracy, num_images)
        if low <= 0 <= high:
            return f"{verdict}, which may be chance with {num_images} validation images"
    return verdict
