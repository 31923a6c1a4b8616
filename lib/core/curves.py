"""What the numbers of a run say: the best epoch, the gap, and how sure one can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from lib.core.backbones import load_layer_table
from lib.core.runs import EpochRecord, Phase, Run, TrainConfig

Z_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution


def wilson_interval(correct: int, num_images: int) -> tuple[float, float]:
    """95 % interval of an accuracy, by Wilson's score.

    Args:
        correct: Images classified correctly.
        num_images: Images in all.

    Raises:
        ValueError: If there are no images, or more correct ones than images.

    Example:

    >>> [round(bound, 3) for bound in wilson_interval(37, 40)]
    [0.801, 0.974]

    Reference:
        Wilson 1927, "Probable Inference" (wilson-1927).
    """
    if not 0 <= correct <= num_images or num_images < 1:
        raise ValueError(f"Expected 0 <= correct <= num_images; got {correct} of {num_images}.")
    share = correct / num_images
    scale = 1 + Z_95**2 / num_images
    centre = (share + Z_95**2 / (2 * num_images)) / scale
    half = Z_95 / scale * sqrt(share * (1 - share) / num_images + Z_95**2 / (4 * num_images**2))
    return max(0.0, centre - half), min(1.0, centre + half)


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


@dataclass(frozen=True)
class LayerChange:
    """How far a layer of the backbone went in the last phase of a run.

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
        config: Of the run.
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


def headline(run: Run) -> str:
    """What a run shows, in one sentence that its numbers bear out.

    A gain is called one only where it exceeds what so few validation images can tell: twice the
    standard error of a difference of two accuracies, taken as independent (which is cautious:
    both are measured on the same images).

    Args:
        run: With at least one epoch.
    """
    gain = fine_tuning_gain(run.history)
    best = best_epoch(run.history)
    num_images = int(run.result.get("split_sizes", {}).get("validation", 0))
    if gain is None:
        return f"Validation accuracy reached {best.val_accuracy:.3f}, best at epoch {best.epoch}"
    points = f"{abs(gain) * 100:.1f} points"
    if gain == 0:
        verdict = "Fine-tuning left the validation accuracy where it was"
    else:
        verdict = f"Fine-tuning {'gained' if gain > 0 else 'lost'} {points}"
    if num_images and gain:
        ends = phase_ends(run.history)
        variances = (
            end.val_accuracy * (1 - end.val_accuracy) / num_images
            for end in (ends["feature_extraction"], ends["fine_tuning"])
        )
        if abs(gain) < 2 * sqrt(sum(variances)):
            return f"{verdict}, too little to tell with {num_images} validation images"
    return verdict
