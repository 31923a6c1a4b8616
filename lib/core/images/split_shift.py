"""Distribution shift: can a classifier tell training images from validation images?"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from lib.core.intervals import Z_95, boundary

FloatArray = npt.NDArray[np.float64]

NUM_FOLDS = 5
NUM_REPEATS = 3
# The classifiers of the folds share most of their images, so their errors do not average out: the
# variance is larger by this factor than that of independent images (nadeau-bengio-2003).
VARIANCE_FACTOR = 1 + NUM_FOLDS / (NUM_FOLDS - 1)
# Added to the diagonal of the kernel, which is 1 on average without the bias.
RIDGE = 1.0
# With fewer images in a set, a fold would be empty.
MIN_IMAGES = 2 * NUM_FOLDS


@dataclass(frozen=True)
class Separability:
    """How well a classifier can tell two sets of images apart by their features.

    Args:
        auc: Area under the ROC curve of held-out images: 0.5 if they cannot be told apart, 1 if
            they always can.
        low: Lower end of its 95 % interval.
        high: Upper end of that interval.
    """

    auc: float
    low: float
    high: float


def separability(
    train_vectors: npt.ArrayLike, validation_vectors: npt.ArrayLike, seed: int = 0
) -> Separability:
    """Try to tell training from validation images with a linear classifier.

    This is a cross-validated ridge classifier that weights both sets equally: every image is scored
    by classifiers that were fitted without it. If both sets are random samples of the same images,
    nothing can be learned, and the area under the ROC curve differs from 0.5 only by chance.

    Input shape: (num_images, channels) each, from a backbone that was trained on neither set.

    Args:
        train_vectors: Features of the training images.
        validation_vectors: Features of the validation images.
        seed: Seed of the folds; the same seed gives the same result.

    Raises:
        ValueError: If the shapes do not fit, a value is not finite, or a set is smaller than
            MIN_IMAGES.

    Reference:
        Lopez-Paz & Oquab 2017, "Revisiting Classifier Two-Sample Tests" (lopez-paz-2017).
    """
    sets = [np.asarray(vectors, np.float64) for vectors in (train_vectors, validation_vectors)]
    if any(each.ndim != 2 for each in sets) or sets[0].shape[1] != sets[1].shape[1]:
        shapes = [each.shape for each in sets]
        raise ValueError(f"Expected two (num_images, channels) of equal channels; got {shapes}.")
    sizes = [len(each) for each in sets]
    if min(sizes) < MIN_IMAGES:
        raise ValueError(f"Expected at least {MIN_IMAGES} images on each side; got {sizes}.")
    vectors = np.concatenate(sets)
    if not np.isfinite(vectors).all():
        raise ValueError("Expected finite features.")
    is_train = np.repeat([True, False], sizes)
    kernel = _kernel(vectors)
    rng = np.random.default_rng(seed)
    aucs = []
    for _ in range(NUM_REPEATS):
        fold = np.empty(len(vectors), int)
        for side in (is_train, ~is_train):
            fold[side] = rng.permutation(side.sum()) % NUM_FOLDS
        for held_out in range(NUM_FOLDS):
            fitted = fold != held_out
            dual = _ridge(kernel[np.ix_(fitted, fitted)], is_train[fitted])
            aucs.append(area_under_roc(kernel[np.ix_(~fitted, fitted)] @ dual, is_train[~fitted]))
    auc = float(np.mean(aucs))
    return Separability(auc, *_auc_interval(auc, *sizes))


def _kernel(vectors: FloatArray) -> FloatArray:
    """Return the products of standardised vectors, plus 1 for the bias; the diagonal averages 2.

    There are usually more channels than images, so the classifier is solved in its dual form, over
    images. Both sets are standardised together, which does not tell them apart.
    """
    spread = vectors.std(axis=0)
    varies = spread > 0
    standard = (vectors[:, varies] - vectors[:, varies].mean(axis=0)) / spread[varies]
    kernel: FloatArray = standard @ standard.T / max(1, standard.shape[1]) + 1
    return kernel


def _ridge(kernel: FloatArray, positive: npt.NDArray[np.bool_]) -> FloatArray:
    """Fit a ridge classifier in its dual form: one weight per training image."""
    # The images of the smaller set have larger weights, so that both sets count the same.
    weights = np.where(positive, 1 / positive.sum(), 1 / (~positive).sum()) * len(positive) / 2
    target = np.where(positive, 1.0, -1.0)
    return np.linalg.solve(kernel + np.diag(RIDGE / weights), target).astype(np.float64)


def area_under_roc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Return how often a positive example scores above a negative one; ties count half.

    Args:
        scores: (num,), higher for examples that are more likely positive.
        positive: (num,), True for positive examples; both values must occur.

    Example:

    >>> area_under_roc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    0.75
    """
    values, is_positive = np.asarray(scores), np.asarray(positive, bool)
    above = values[is_positive][:, None] - values[~is_positive][None, :]
    return float((np.sign(above).mean() + 1) / 2)


def _auc_interval(auc: float, num_first: int, num_second: int) -> tuple[float, float]:
    """Return the 95 % interval of an area under the ROC curve, in the manner of Wilson's interval.

    Its ends are the areas from which the measured one is exactly 1.96 standard errors away.

    Reference:
        Newcombe 2006, "Confidence intervals for an effect size measure based on the
        Mann-Whitney statistic. Part 2", method 5 (newcombe-2006); Nadeau & Bengio 2003,
        "Inference for the Generalization Error" (nadeau-bengio-2003).
    """
    mean_size = (num_first + num_second) / 2

    def beyond(area: float) -> bool:
        spread = 1 + (mean_size - 1) * ((1 - area) / (2 - area) + area / (1 + area))
        variance = VARIANCE_FACTOR * area * (1 - area) * spread / (num_first * num_second)
        return abs(auc - area) > Z_95 * sqrt(variance)

    return boundary(beyond, auc, 0.0), boundary(beyond, auc, 1.0)
