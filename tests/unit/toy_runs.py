"""Runs of a tiny network in NumPy with a fault that is known because it was built in.

Two layers stand for a backbone and its head. The backbone is pretrained on a first task; then the
head is trained on a second one that is like it, and at last everything. What is wrong with a run
is decided by how its data and its training are made, and not by drawing a curve, so the labels in
test_diagnose.py owe nothing to the thresholds they test.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lib.core import runs
from lib.core.images.split_shift import separability
from lib.core.runs import EpochRecord, Run

INPUTS, HIDDEN, BATCH = 20, 48, 16
# To look for a shift in; more would only take longer.
SHIFT_IMAGES = 150
PRETRAINING_IMAGES, PRETRAINING_EPOCHS = 2_000, 30
# Scale of the first weights where nothing is pretrained.
FIRST_SCALE = 0.3


@dataclass(frozen=True)
class Toy:
    """A run to be made.

    Args:
        num_images: To train on.
        num_validation: To validate on.
        head_epochs: With the backbone frozen; 0 without that phase.
        fine_tune_epochs: With everything thawed.
        head_rate: Of gradient descent with momentum 0.9.
        fine_tune_rate: The same after thawing.
        bend: How far the bands are bent: what a straight line cannot follow.
        noise: How far images of a class are spread: what cannot be learned.
        wrong_labels: Share of the training labels that are turned over.
        task_angle: How far the second task is from the first, in radians.
        shift: What is added to every validation image.
        dropout: In front of the head.
        scratch: True starts from random weights and has one phase.
        hidden: Units of the backbone that can be used.
        image_size: Which the run says it had; that of the backbone, so that nothing is said of it.
        seed: Of everything random.
    """

    num_images: int = 600
    num_validation: int = 600
    head_epochs: int = 12
    fine_tune_epochs: int = 0
    head_rate: float = 0.02
    fine_tune_rate: float = 0.003
    bend: float = 1.0
    noise: float = 0.4
    wrong_labels: float = 0.0
    task_angle: float = 0.6
    shift: float = 0.0
    dropout: float = 0.0
    scratch: bool = False
    hidden: int = HIDDEN
    image_size: int = 224
    seed: int = 0


def _images(rng, num_images, angle, noise, bend=1.0):
    """Points on two bent bands, turned by the angle of the task, among inputs that say nothing."""
    labels = rng.integers(0, 2, num_images)
    along = rng.uniform(-2, 2, num_images)
    across = bend * np.sin(2 * along) + np.where(labels, 1.0, -1.0) * 0.8
    plane = np.stack([along, across], axis=1) + noise * rng.normal(size=(num_images, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rest = 0.5 * rng.normal(size=(num_images, INPUTS - 2))
    return np.concatenate([plane @ turn, rest], axis=1), labels


class _Network:
    """Inputs, one layer of ReLU, one logit; cross-entropy; momentum."""

    def __init__(self, rng, hidden):
        self.rng = rng
        self.weights = [
            FIRST_SCALE * rng.normal(size=(INPUTS, hidden)),
            np.zeros(hidden),
            FIRST_SCALE * rng.normal(size=hidden),
            np.zeros(()),
        ]

    def logits(self, images, dropout=0.0):
        first, bias, head, head_bias = self.weights
        self.active = np.maximum(images @ first + bias, 0)
        if dropout:
            self.active = self.active * (self.rng.random(self.active.shape) > dropout)
            self.active /= 1 - dropout
        return self.active @ head + head_bias

    def scores(self, images, labels, dropout=0.0):
        logits = self.logits(images, dropout)
        losses = np.logaddexp(0, np.where(labels, -logits, logits))
        return losses, (logits > 0) == labels, 1 / (1 + np.exp(-np.clip(logits, -500, 500)))

    def epoch(self, images, labels, rate, velocity, *, thawed, dropout):
        """Train once on every image; the mean loss and accuracy on the way, as Keras has them."""
        seen = []
        for chosen in np.array_split(
            self.rng.permutation(len(images)), max(1, len(images) // BATCH)
        ):
            x, y = images[chosen], labels[chosen]
            losses, correct, share = self.scores(x, y, dropout)
            seen.append((losses.sum(), correct.sum()))
            error = (share - y) / len(chosen)
            active = self.active
            back = np.outer(error, self.weights[2]) * (active > 0)
            gradients = [x.T @ back, back.sum(axis=0), active.T @ error, error.sum()]
            for index in range(4) if thawed else (2, 3):
                velocity[index] = 0.9 * velocity[index] - rate * gradients[index]
                self.weights[index] = self.weights[index] + velocity[index]
        return [float(total) / len(images) for total in np.sum(seen, axis=0)]


@cache
def _pretrained(hidden):
    rng = np.random.default_rng(0)
    network = _Network(rng, hidden)
    images, labels = _images(rng, PRETRAINING_IMAGES, 0.0, 0.2)
    velocity = [0.0] * 4
    for _ in range(PRETRAINING_EPOCHS):
        network.epoch(images, labels, 0.02, velocity, thawed=True, dropout=0.0)
    return tuple(network.weights)


def train(toy: Toy) -> Run:
    """Make the run."""
    rng = np.random.default_rng(toy.seed)
    images, labels = _images(rng, toy.num_images, toy.task_angle, toy.noise, toy.bend)
    val_images, val_labels = _images(rng, toy.num_validation, toy.task_angle, toy.noise, toy.bend)
    labels = np.where(rng.random(len(labels)) < toy.wrong_labels, 1 - labels, labels)
    val_images = val_images + toy.shift * np.sign(np.sin(np.arange(INPUTS) + 1))
    network = _Network(rng, toy.hidden)
    if not toy.scratch:
        network.weights[:2] = _pretrained(toy.hidden)[:2]
    config = runs.make_config(
        dataset="elpv",
        strategy="from_scratch" if toy.scratch else "full_fine_tuning",
        num_images=toy.num_images,
        image_size=toy.image_size,
        head_epochs=toy.head_epochs,
        fine_tune_epochs=toy.fine_tune_epochs,
        head_learning_rate=toy.head_rate,
        fine_tune_learning_rate=toy.fine_tune_rate,
        optimizer="sgd",
        dropout=toy.dropout,
        seed=toy.seed,
    )
    history, evaluated = [], {}
    with np.errstate(over="ignore", invalid="ignore"):
        for phase in config.phases:
            velocity = [0.0] * 4
            for _ in range(phase.num_epochs):
                loss, accuracy = network.epoch(
                    images,
                    labels,
                    phase.learning_rate,
                    velocity,
                    thawed=phase.name != "feature_extraction",
                    dropout=toy.dropout,
                )
                val_losses, val_correct, _ = network.scores(val_images, val_labels)
                history.append(
                    EpochRecord(
                        len(history) + 1,
                        phase.name,
                        loss,
                        accuracy,
                        float(val_losses.mean()),
                        float(val_correct.mean()),
                        phase.learning_rate,
                        0.01,
                    )
                )
            losses, correct, _ = network.scores(images, labels)
            evaluated[phase.key] = {"loss": float(losses.mean()), "accuracy": float(correct.mean())}
    found = separability(images[:SHIFT_IMAGES], val_images[:SHIFT_IMAGES], toy.seed)
    result = {
        "status": "finished",
        "class_names": ["functional", "defective"],
        "split_sizes": {
            "train": toy.num_images,
            "validation": toy.num_validation,
            "test": toy.num_validation,
        },
        "train_evaluated": evaluated,
        "shift": {
            "auc": found.auc,
            "low": found.low,
            "high": found.high,
            "num_train": toy.num_images,
            "num_validation": toy.num_validation,
        },
    }
    return Run(runs.run_id(config), config, tuple(history), result, Path("toy"))
