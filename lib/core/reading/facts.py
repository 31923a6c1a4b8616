"""Findings about the curves of a run, suggestions, and the facts that they are derived from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from lib.core import intervals
from lib.core.reading import curves
from lib.core.runs import EpochRecord, TrainConfig

# A phase with fewer epochs is too short to be diagnosed.
MIN_EPOCHS = 4
# The level at the end of a phase is the mean of this many epochs; a single epoch varies too much.
LEVEL_EPOCHS = 3
# A phase that lowers the accuracy of the training images by more than this has forgotten them.
FORGOTTEN = 0.1


@dataclass(frozen=True)
class Suggestion:
    """One suggested change.

    Args:
        words: Label of its button.
        changes: Arguments of runs.make_config that change.
    """

    words: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One finding about the curves of a run.

    Args:
        kind: Key of KINDS.
        first_epoch: First epoch that shows it, counted from 1.
        last_epoch: Last epoch that shows it.
        explanation: Two sentences: what is seen, and what it means.
        suggestion: One change that can be trained; None if no setting can help.
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
    "input_range": ("fault", "The input has the wrong range"),
    "leak": ("fault", "Validation images are training images"),
    "labels_shifted": ("fault", "Training and validation name the classes differently"),
    "training_labels": ("fault", "Some training labels are wrong"),
    "imbalance": ("fault", "One class has far too few images"),
    "one_answer": ("fault", "Every image gets the same answer"),
    "empty_features": ("fault", "The frozen layers say nothing about the classes"),
    "nothing_moved": ("fault", "Layers were thawed, and nothing moved"),
    "distribution_shift": ("fault", "Training and validation images differ"),
    "learning_rate_too_high": ("fault", "The learning rate is too high"),
    "learning_rate_too_low": ("fault", "The learning rate is too low"),
    "unstable": ("fault", "Training is unstable"),
    "batch_norm_lag": ("fault", "BatchNormalization lags behind"),
    "fine_tuning_destroyed": ("fault", "Fine-tuning destroyed what was learned"),
    "overfitting": ("fault", "Overfitting"),
    "underfitting": ("fault", "Underfitting"),
    "trained_too_short": ("fault", "Trained too short"),
    "fine_tuning_helped": ("good", "Fine-tuning helped"),
    "fine_tuning_did_nothing": ("note", "Fine-tuning did nothing"),
    "still_improving": ("note", "Still improving"),
    "small_images": ("note", "Smaller than the network was made for"),
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
        """Return a curve of the phase: "loss", "accuracy", "val_loss" or "val_accuracy"."""
        return [getattr(record, name) for record in self.records]

    def end(self, name: str) -> float:
        """Return the level of a curve at the end of the phase."""
        return fmean(self.values(name)[-LEVEL_EPOCHS:])

    def finding(self, kind: str, explanation: str, suggestion: Suggestion | None) -> Finding:
        """Return a finding that all epochs of the phase show."""
        return Finding(kind, self.first, self.last, explanation, suggestion)

    @property
    def is_fine_tuning(self) -> bool:
        """True if layers of the backbone are thawed in this phase."""
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
    """The facts about a run that the rules use."""

    config: TrainConfig
    history: tuple[EpochRecord, ...]
    stretches: tuple[Stretch, ...]
    result: Mapping[str, Any]

    @property
    def guessing_accuracy(self) -> float:
        """Accuracy of guessing among equally frequent classes."""
        return 1 / max(2, len(self.result.get("class_names", ())))

    @property
    def guessing_loss(self) -> float:
        """Cross-entropy of predicting the same probability for every class."""
        return -math.log(self.guessing_accuracy)

    @property
    def num_validation(self) -> int:
        """Number of validation images; 0 if unknown."""
        return curves.num_validation(self.config, self.result)

    def change(self, before: float, after: float) -> tuple[float, float]:
        """Return the 95 % interval of a change of the validation accuracy, -1 to 1."""
        if not self.num_validation:
            return -1.0, 1.0
        return intervals.paired_interval(before, after, self.num_validation)

    def parted(self, train: float, val: float) -> bool:
        """Return True if a training accuracy is above the 95 % interval of a validation accuracy.

        The training accuracy needs no interval, because it covers all training images.
        """
        number = self.num_validation
        return number > 0 and train > intervals.wilson_interval(round(val * number), number)[1]

    def train_evaluated(self, stretch: Stretch) -> Mapping[str, float] | None:
        """Return loss and accuracy of the training images, in inference mode, after a phase."""
        found: Mapping[str, float] | None = self.result.get("train_evaluated", {}).get(stretch.key)
        return found

    def train_accuracy(self, stretch: Stretch) -> float:
        """Return the accuracy of the training images after a phase, in inference mode if known."""
        evaluated = self.train_evaluated(stretch)
        return evaluated["accuracy"] if evaluated else stretch.end("accuracy")

    @property
    def forgot_its_own(self) -> bool:
        """True if the last phase left even the training images worse, in inference mode."""
        if len(self.stretches) < 2:
            return False
        before, after = map(self.train_evaluated, self.stretches[-2:])
        return bool(before and after and after["accuracy"] < before["accuracy"] - FORGOTTEN)

    @property
    def batch_norm_moves(self) -> bool:
        """True if BatchNormalization uses the statistics of each batch during training."""
        config = self.config
        return config.strategy == "from_scratch" or (
            config.batch_norm != "frozen" and config.fine_tune_epochs > 0
        )
