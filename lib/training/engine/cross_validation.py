"""The accuracy of a head on few images: every image is asked of heads that have not seen it.

The images are dealt into folds; each fold is classified by a head that was fitted to the others.
This is repeated with other folds. The strength of the penalty is chosen anew for each of these
heads, from the images it is fitted to, so that a held-out image has no influence on the head that
is asked about it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import heads
from lib.core.errors import DataError
from lib.training.engine import solved_head
from lib.training.engine.solved_head import FloatArray, IntArray
from lib.training.engine.steps import Score

# More repeats average out which images happened to be in one fold. With many images a repeat takes
# longer and changes less.
MAX_REPEATS = 5
IMAGES_IN_REPEATS = 400


@dataclass(frozen=True, eq=False)
class Judged:
    """The answers to images of heads that were not fitted to them.

    Args:
        by_repeat: (repeats, images, classes), probabilities.
        labels: (images,), class indices.
        num_folds: Folds in each repeat.
    """

    by_repeat: npt.NDArray[np.float64]
    labels: IntArray
    num_folds: int

    @property
    def num_repeats(self) -> int:
        """How often the images were dealt into folds."""
        return len(self.by_repeat)

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """(repeats, images), True where one repeat's answer is right."""
        return np.equal(self.by_repeat.argmax(axis=-1), self.labels)

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """(images, classes), the answers of the repeat in the middle by number of right answers.

        Not the means over the repeats: those are the answers of several heads together, which are
        better than those of one, and one is what is handed out.
        """
        order = np.argsort(self.correct.sum(axis=1), kind="stable")
        middle: npt.NDArray[np.float64] = self.by_repeat[order[(self.num_repeats - 1) // 2]]
        return middle

    @cached_property
    def losses(self) -> npt.NDArray[np.float64]:
        """(images,), cross-entropy of each image, the mean over the repeats."""
        shares = np.take_along_axis(
            self.by_repeat,
            np.broadcast_to(self.labels, self.correct.shape)[..., np.newaxis],
            axis=-1,
        )[..., 0]
        found: npt.NDArray[np.float64] = -np.log(
            np.maximum(shares, np.finfo(np.float64).tiny)
        ).mean(axis=0)
        return found


def num_repeats(num_images: int) -> int:
    """How often the images are dealt into folds.

    Example:

    >>> num_repeats(40), num_repeats(200), num_repeats(1_000)
    (5, 2, 1)
    """
    return max(1, min(MAX_REPEATS, IMAGES_IN_REPEATS // num_images))


def judge(
    features: FloatArray,
    labels: IntArray,
    num_classes: int,
    *,
    l2: float = 0.0,
    seed: int = 0,
    say: Callable[[int, int], None] = lambda done, total: None,
) -> Judged:
    """Judge the head on some images by repeated stratified cross-validation, with one BLAS thread.

    Args:
        features: (images, channels), pooled features of a frozen backbone.
        labels: (images,), class indices.
        num_classes: Number of classes.
        l2: Strength of the penalty; 0 to choose it for each head from the images it is fitted to.
        seed: Of the folds.
        say: Called with the heads done and their number; may raise to stop.

    Raises:
        DataError: If a class has a single image.
    """
    repeats = num_repeats(len(labels))
    dealt = [solved_head.folds(labels, seed + repeat) for repeat in range(repeats)]
    if not dealt[0]:
        raise DataError(
            "A class has a single image, so no head can be asked about it that has seen its class.",
            "Use two images or more of each class.",
        )
    outputs = heads.outputs_for(num_classes)
    logits = np.zeros((repeats, len(labels), outputs))
    done, total = 0, sum(map(len, dealt))
    for repeat, folds in enumerate(dealt):
        for fit, ask in folds:
            say(done, total)
            strength = l2 or solved_head.choose_l2(features[fit], labels[fit], num_classes, seed)
            problem = solved_head.Problem(features[fit], labels[fit], num_classes)
            logits[repeat, ask] = problem.solve(strength)[0].logits(features[ask])
            done += 1
    return Judged(heads.softmax(logits), labels, len(dealt[0]))


def score(judged: Judged) -> Score:
    """The score of all images; its logits are the logarithms of the probabilities."""
    logits = np.log(np.maximum(judged.probabilities, np.finfo(np.float64).tiny))
    right = judged.probabilities.argmax(axis=1) == judged.labels
    correct = int(right.sum())
    loss = float(solved_head.cross_entropy(logits, judged.labels).mean())
    return Score(loss, correct / len(right), correct, logits)


def as_json(judged: Judged) -> dict[str, Any]:
    """What result.json says of a cross-validation."""
    return {"num_folds": judged.num_folds, "num_repeats": judged.num_repeats}
