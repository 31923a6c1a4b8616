"""What can be said of the curves of a run: findings, suggestions, and the facts they rest on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from lib.core import intervals
from lib.core.reading import curves
from lib.core.runs import EpochRecord, TrainConfig

# A phase with fewer epochs has no shape yet.
MIN_EPOCHS = 4
# Levels at the end of a phase are means of so many epochs, for one epoch alone jumps.
LEVEL_EPOCHS = 3


@dataclass(frozen=True)
class Suggestion:
    """One thing to change.

    Args:
        words: What a button says.
        changes: Arguments of runs.make_config that differ.
    """

    words: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something the curves say.

    Args:
        kind: Key of KINDS.
        first_epoch: Where what it rests on begins, counted from 1.
        last_epoch: Where that ends, itself included.
        explanation: Two sentences: what is seen, and what it means.
        suggestion: One change that can be queued; None where the configuration cannot help.
    """

    kind: str
    first_epoch: int
    last_epoch: int
    explanation: str
    suggestion: Suggestion | None = None

    @property
    def title(self) -> str:
        """The finding in a few words."""
        return KINDS[self.kind][1]

    @property
    def severity(self) -> str:
        """ "fault", "note" or "good"."""
        return KINDS[self.kind][0]


# kind -> severity and title, in the order in which findings are shown.
KINDS: dict[str, tuple[str, str]] = {
    "distribution_shift": ("fault", "Training and validation images differ"),
    "learning_rate_too_high": ("fault", "The learning rate is too high"),
    "learning_rate_too_low": ("fault", "The learning rate is too low"),
    "unstable": ("fault", "Training is unstable"),
    "batch_norm_lag": ("fault", "BatchNormalization lags behind"),
    "fine_tuning_destroyed": ("fault", "Fine-tuning destroyed what was learned"),
    "overfitting": ("fault", "Overfitting"),
    "underfitting": ("fault", "Underfitting"),
    "fine_tuning_helped": ("good", "Fine-tuning helped"),
    "fine_tuning_did_nothing": ("note", "Fine-tuning did nothing"),
    "still_improving": ("note", "Still improving"),
    "too_few_validation_images": ("note", "Too few validation images to tell"),
    "validation_above_training": ("note", "Validation above training"),
}


@dataclass(frozen=True)
class Stretch:
    """The epochs of one phase."""

    key: str
    name: str
    records: tuple[EpochRecord, ...]

    def values(self, name: str) -> list[float]:
        """A curve of the phase: "loss", "accuracy", "val_loss" or "val_accuracy"."""
        return [getattr(record, name) for record in self.records]

    def end(self, name: str) -> float:
        """Level at the end."""
        return fmean(self.values(name)[-LEVEL_EPOCHS:])

    @property
    def is_fine_tuning(self) -> bool:
        """True where layers of the backbone are thawed after a head phase or at once."""
        return self.name == "fine_tuning"

    @property
    def first(self) -> int:
        """Its first epoch, counted from 1 over all phases."""
        return self.records[0].epoch

    @property
    def last(self) -> int:
        """Its last epoch."""
        return self.records[-1].epoch


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    config: TrainConfig
    history: tuple[EpochRecord, ...]
    stretches: tuple[Stretch, ...]
    result: Mapping[str, Any]

    @property
    def guessing_accuracy(self) -> float:
        """What guessing among equally frequent classes scores."""
        return 1 / max(2, len(self.result.get("class_names", ())))

    @property
    def guessing_loss(self) -> float:
        """Cross-entropy of giving every class the same probability."""
        return -math.log(self.guessing_accuracy)

    @property
    def num_validation(self) -> int:
        """Validation images; 0 where that is not known."""
        return curves.num_validation(self.config, self.result)

    def change(self, before: float, after: float) -> tuple[float, float]:
        """95 % interval of the change of an accuracy on the validation images, -1 to 1."""
        if not self.num_validation:
            return -1.0, 1.0
        return intervals.paired_interval(before, after, self.num_validation)

    def parted(self, train: float, val: float) -> bool:
        """True where a training accuracy lies above the 95 % interval of a validation accuracy.

        The training accuracy has no interval: it is of all images that the gap is about.
        """
        number = self.num_validation
        return number > 0 and train > intervals.wilson_interval(round(val * number), number)[1]

    def train_evaluated(self, stretch: Stretch) -> Mapping[str, float] | None:
        """Loss and accuracy of the training images in inference mode at the end of a phase."""
        found: Mapping[str, float] | None = self.result.get("train_evaluated", {}).get(stretch.key)
        return found

    def train_accuracy(self, stretch: Stretch) -> float:
        """Accuracy of the training images at the end of a phase, in inference mode if known."""
        evaluated = self.train_evaluated(stretch)
        return evaluated["accuracy"] if evaluated else stretch.end("accuracy")

    @property
    def batch_norm_moves(self) -> bool:
        """True where BatchNormalization uses the statistics of each batch while it trains."""
        config = self.config
        return config.strategy == "from_scratch" or (
            config.batch_norm != "frozen" and config.fine_tune_epochs > 0
        )
