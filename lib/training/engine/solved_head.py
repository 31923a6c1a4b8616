"""The best head on stored features: a convex problem, solved until nothing is left to gain.

A head without a hidden layer on a frozen backbone is logistic regression. Its loss with an L2
penalty has a single minimum, and L-BFGS finds it in a few passes over all images. All functions
here compute in float64 and are deterministic. Call them within `threadpool_limits(1)`: the matrices
are small, and several threads of BLAS are slower than one next to those of TensorFlow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import heads
from lib.training.beside import late_import

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]

# Strengths to choose from, strongest first: each is solved from the solution of the one before.
# Stronger ones were worse on every dataset measured (python -m lib.tools.measure_advice).
L2_CHOICES = (0.1, 0.01, 0.001, 0.0001)
# Without enough images of each class to choose: in the middle of the choices.
USUAL_L2 = 0.01
NUM_FOLDS = 5
# Solved: no step changes the loss by more than a billionth.
TOLERANCE = 1e-9
MAX_STEPS = 200
# Second derivative of the cross-entropy by a logit: at most this.
STEEPEST = 0.25


@dataclass(frozen=True)
class Head:
    """The weights of the last Dense layer.

    Args:
        kernel: (channels, outputs).
        bias: (outputs,).
    """

    kernel: FloatArray
    bias: FloatArray

    def logits(self, features: FloatArray) -> FloatArray:
        """Logits of images, shape (images, outputs)."""
        found: FloatArray = features @ self.kernel + self.bias
        return found


class Problem:
    """The images to fit, in coordinates in which the problem is small and round.

    The best kernel is a combination of the centred features of the images, so as many coordinates
    as there are images are enough. The bias has no penalty, so centring does not change the
    solution.

    Args:
        features: (images, channels).
        labels: (images,), class indices.
        num_classes: Two classes have one logit, more have one each.
    """

    def __init__(self, features: FloatArray, labels: IntArray, num_classes: int) -> None:
        values = np.asarray(features, np.float64)
        self.centre = values.mean(axis=0)
        values = values - self.centre
        self.outputs = heads.outputs_for(num_classes)
        self.labels, self.num_images = labels, len(labels)
        if self.num_images < values.shape[1]:
            squares, left = np.linalg.eigh(values @ values.T)
            kept = squares > squares[-1] * 1e-10
            self.spread = np.sqrt(squares[kept])
            self.basis = values.T @ (left[:, kept] / self.spread)
            self.points = left[:, kept] * self.spread
        else:
            squares, self.basis = np.linalg.eigh(values.T @ values)
            kept = squares > squares[-1] * 1e-10
            self.spread, self.basis = np.sqrt(squares[kept]), self.basis[:, kept]
            self.points = values @ self.basis
        self.targets = (
            labels[:, np.newaxis].astype(np.float64)
            if self.outputs == 1
            else np.eye(num_classes)[labels]
        )

    def loss(self, logits: FloatArray) -> tuple[float, FloatArray]:
        """Mean cross-entropy, and its slope by each logit."""
        if self.outputs == 1:
            each = np.logaddexp(0, logits) - self.targets * logits
            shares = 0.5 * (1 + np.tanh(logits / 2))
        else:
            top = logits.max(axis=1, keepdims=True)
            powers = np.exp(logits - top)
            total = powers.sum(axis=1, keepdims=True)
            shares = powers / total
            each = (np.log(total) + top)[:, 0] - (self.targets * logits).sum(axis=1)
        slopes: FloatArray = (shares - self.targets) / self.num_images
        return float(each.sum() / self.num_images), slopes

    def solve(
        self,
        l2: float,
        start: FloatArray | None = None,
        passes: Callable[[Head], None] | None = None,
        most: int = MAX_STEPS,
    ) -> tuple[Head, FloatArray]:
        """Minimise mean cross-entropy + l2 * |kernel|^2, the penalty of `keras.regularizers.L2`.

        Args:
            l2: Above 0; without a penalty, images that can be separated have no best head.
            start: Second return value for another strength; zeros if None.
            passes: Called with the head after each step of L-BFGS, which is a pass over all images.
            most: Steps after which the head is taken as it is.

        Returns:
            The head, and its kernel and bias in the coordinates of this problem.
        """
        scale = np.sqrt(STEEPEST * self.spread**2 / self.num_images + 2 * l2)[:, np.newaxis]
        shape = (len(self.spread) + 1, self.outputs)

        def value(flat: FloatArray) -> tuple[float, FloatArray]:
            scaled = flat.reshape(shape)
            kernel = scaled[:-1] / scale
            loss, slopes = self.loss(self.points @ kernel + scaled[-1])
            by_kernel = (self.points.T @ slopes + 2 * l2 * kernel) / scale
            slope = np.concatenate([by_kernel, slopes.sum(axis=0, keepdims=True)])
            return loss + l2 * float((kernel**2).sum()), slope.ravel()

        def head(flat: FloatArray) -> Head:
            scaled = flat.reshape(shape)
            kernel = self.basis @ (scaled[:-1] / scale)
            return Head(kernel, scaled[-1] - self.centre @ kernel)

        first = np.zeros(shape) if start is None else start.copy()
        first[:-1] *= scale
        found = late_import("scipy.optimize").minimize(
            value,
            first.ravel(),
            jac=True,
            method="L-BFGS-B",
            callback=(lambda flat: passes(head(flat))) if passes else None,
            options={"maxiter": most, "ftol": TOLERANCE, "gtol": 1e-6},
        )
        plain = found.x.reshape(shape).copy()
        plain[:-1] /= scale
        return head(found.x), plain

    def path(self, strengths: Sequence[float]) -> list[Head]:
        """The best head for each strength, strongest first."""
        found, start = [], None
        for l2 in strengths:
            best, start = self.solve(l2, start)
            found.append(best)
        return found


def get_ready() -> None:
    """Import what solving needs; it takes a fifth of a second."""
    late_import("scipy.optimize")


def folds(labels: IntArray, seed: int) -> list[tuple[IntArray, IntArray]]:
    """Stratified folds: images to fit and held-out images; none if a class has a single image.

    The folds of scikit-learn's `StratifiedKFold(shuffle=True)`, whose import takes over half a
    second (docs/benchmarks.md).
    """
    _, first, which, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    num_folds = min(NUM_FOLDS, int(counts.min()))
    if num_folds < 2:
        return []
    random = np.random.RandomState(seed)
    fold_of, dealt = np.empty(len(labels), int), 0
    for label in np.argsort(first):
        # One after another to each fold, going on where the class before ended.
        given = np.sort(np.arange(dealt, dealt + counts[label]) % num_folds)
        random.shuffle(given)
        fold_of[which == label] = given
        dealt += counts[label]
    return [
        (np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold))
        for fold in range(num_folds)
    ]


def cross_entropy(logits: FloatArray, labels: IntArray) -> FloatArray:
    """Cross-entropy of each image.

    Input shape: (..., images, outputs) and (images,).
    Output shape: (..., images).
    """
    if logits.shape[-1] == 1:
        given = logits[..., 0]
        found: FloatArray = np.logaddexp(0, given) - labels * given
        return found
    top = logits.max(axis=-1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
    which = np.broadcast_to(labels, logits.shape[:-1])[..., np.newaxis]
    return total - np.take_along_axis(logits, which, axis=-1)[..., 0]


def held_out(
    features: FloatArray,
    labels: IntArray,
    num_classes: int,
    dealt: Sequence[tuple[IntArray, IntArray]],
    strengths: Sequence[float] = L2_CHOICES,
) -> FloatArray:
    """Logits of every image from heads that were not fitted to it.

    Output shape: (strengths, images, outputs).
    """
    found = np.zeros((len(strengths), len(labels), heads.outputs_for(num_classes)))
    for fit, ask in dealt:
        for row, head in enumerate(
            Problem(features[fit], labels[fit], num_classes).path(strengths)
        ):
            found[row, ask] = head.logits(features[ask])
    return found


def choose_l2(features: FloatArray, labels: IntArray, num_classes: int, seed: int = 0) -> float:
    """The strength with the lowest cross-entropy of held-out images.

    Args:
        features: (images, channels).
        labels: (images,).
        seed: Of the folds.
    """
    dealt = folds(labels, seed)
    if not dealt or len(np.unique(labels)) < 2:
        return USUAL_L2
    losses = cross_entropy(held_out(features, labels, num_classes, dealt), labels).mean(axis=1)
    return L2_CHOICES[int(np.argmin(losses))]
