"""The head phase of a run whose head is solved: the head, and the curve of its passes."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from lib.core import heads
from lib.core.config import SOLVED_EPOCHS
from lib.core.reading import watched
from lib.training.engine import cross_validation, solved_head
from lib.training.engine.cross_validation import Judged
from lib.training.engine.solved_head import FloatArray, Head, IntArray, Problem
from lib.training.engine.steps import Examples


@dataclass(frozen=True, eq=False)
class Images:
    """Some images as a head sees them.

    Args:
        features: (images, channels), pooled features of a frozen backbone.
        labels: (images,), class indices.
    """

    features: FloatArray
    labels: IntArray

    @classmethod
    def of(cls, examples: Examples) -> "Images":
        """The images of a split."""
        (features,) = examples.tensors
        return cls(features.numpy().astype(np.float64), examples.labels.numpy())


@dataclass(frozen=True)
class Pass:
    """One step of L-BFGS on all images.

    Args:
        loss: Mean cross-entropy of the training images before the step.
        accuracy: Their accuracy before the step.
        val_loss: Mean cross-entropy of the validation images after the step; in a cross-validation
            of all images, each by a head that is not fitted to it.
        val_accuracy: Accuracy of the same.
        wall_time_s: Seconds of the step.
        right: As in EpochRecord, after the step.
    """

    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    wall_time_s: float
    right: str = ""


@dataclass(frozen=True, eq=False)
class Solved:
    """A head, and how it was found.

    Args:
        head: The head with the lowest loss.
        l2: Strength of its penalty.
        passes: The steps, in order.
        judged: Of a cross-validated run.
    """

    head: Head
    l2: float
    passes: tuple[Pass, ...]
    judged: Judged | None


def solve(
    train: Images,
    validation: Images | None,
    num_classes: int,
    *,
    l2: float,
    seed: int,
    say: Callable[[int, int], None],
    watch: Sequence[int] = (),
) -> Solved:
    """Solve the head of a run.

    Args:
        train: The images to fit.
        validation: Other images; None to cross-validate the images to fit.
        num_classes: Number of classes.
        l2: Strength of the penalty; 0 to choose it by cross-validation of the images to fit.
        seed: Of the folds.
        say: Called with the heads of the cross-validation that are done, and their number.
        watch: Validation images whose answers each pass reports.

    Raises:
        DataError: If the images cannot be cross-validated, because a class has a single image.
    """
    with threadpool_limits(1):
        judged = None
        if validation is None:
            judged = cross_validation.judge(
                train.features, train.labels, num_classes, l2=l2, seed=seed, say=say
            )
        l2 = l2 or solved_head.choose_l2(train.features, train.labels, num_classes, seed)
        started = time.monotonic()
        found = _path(train, num_classes, l2)
        seconds = time.monotonic() - started
        before = _scores(found, train, [(train, found)])
        if validation is not None:
            after = _scores(found, validation, [(validation, found)])
            right = [_right(head, validation, watch) for head in found[1:]]
        else:
            after = _scores(found, train, _by_others(train, num_classes, l2, seed))
            right = [""] * (len(found) - 1)
    each_s = round(seconds / (len(found) - 1), 4)
    passes = tuple(
        Pass(*old, *new, wall_time_s=each_s, right=answers)
        for old, new, answers in zip(before[:-1], after[1:], right, strict=True)
    )
    return Solved(found[-1], l2, passes, judged)


def _right(head: Head, images: Images, watch: Sequence[int]) -> str:
    """The answers of a head for some of the images, as in EpochRecord."""
    rows = list(watch)
    said = heads.softmax(head.logits(images.features[rows])).argmax(axis=1)
    return watched.in_digits(said, images.labels[rows])


def _path(images: Images, num_classes: int, l2: float) -> list[Head]:
    """The head at the start, where it knows nothing, and after each step."""
    outputs = heads.outputs_for(num_classes)
    found = [Head(np.zeros((images.features.shape[1], outputs)), np.zeros(outputs))]
    problem = Problem(images.features, images.labels, num_classes)
    best, _ = problem.solve(l2, passes=found.append, most=SOLVED_EPOCHS)
    # A problem that is solved at the start still has an epoch, so that the run has a curve.
    return found if len(found) > 1 else [*found, best]


def _by_others(
    images: Images, num_classes: int, l2: float, seed: int
) -> list[tuple[Images, list[Head]]]:
    """Each fold, with the path of the head that is fitted to the other folds."""
    return [
        (
            Images(images.features[ask], images.labels[ask]),
            _path(Images(images.features[fit], images.labels[fit]), num_classes, l2),
        )
        for fit, ask in solved_head.folds(images.labels, seed)
    ]


def _scores(
    steps: Sequence[Head], whole: Images, parts: Sequence[tuple[Images, Sequence[Head]]]
) -> list[tuple[float, float]]:
    """Mean cross-entropy and accuracy of some images at the start and after each step.

    Args:
        steps: One head for each score.
        whole: All images.
        parts: The same in parts, each with its own heads; the last of them where it has fewer.
    """
    losses, correct = np.zeros(len(steps)), np.zeros(len(steps))
    for images, path in parts:
        last = path[-1]
        for step, (_, head) in enumerate(
            itertools.zip_longest(steps, path[: len(steps)], fillvalue=last)
        ):
            logits = head.logits(images.features)
            losses[step] += solved_head.cross_entropy(logits, images.labels).sum()
            said = heads.softmax(logits).argmax(axis=1)
            correct[step] += (said == images.labels).sum()
    num_images = len(whole.labels)
    means = zip(losses / num_images, correct / num_images, strict=True)
    return [(float(loss), float(accuracy)) for loss, accuracy in means]
