"""LogME: how well linear models on some features explain the labels, without training one."""

from math import inf, log, pi

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Bounds of the precisions, for features of at most 1: without them, useless features would give an
# infinite precision of the weights, and an exact fit an infinite precision of the noise.
SMALLEST, LARGEST = 1e-10, 1e10
MAX_ITERATIONS = 1_000
# Change of the evidence at which the iteration has converged. With useless features the precisions
# themselves may still drift, towards weights of zero.
TOLERANCE = 1e-10


def logme(features: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the maximum log evidence per label, averaged over one-against-all targets.

    The model of the targets is y = F w + noise, with w ~ N(0, 1/alpha) and noise ~ N(0, 1/beta).
    LogME is log p(y | F) with w integrated out, maximised over alpha and beta, and divided by the
    number of images. It rewards a good fit and penalises each direction that the fit needs, so
    more channels alone do not raise it. Values can be compared only between features with the
    same labels.

    Args:
        features: (num_images, channels), neither centred nor standardised.
        labels: (num_images,), the class of every image.

    Raises:
        ValueError: If the shapes do not fit or a value is not finite.

    Example:

    >>> labels = [0, 0, 1, 1]
    >>> telling, useless = [[1, 0], [1, 0], [0, 1], [0, 1]], [[1, 0], [0, 1], [1, 0], [0, 1]]
    >>> logme(telling, labels) > logme(useless, labels)
    True

    Reference:
        You, Liu, Wang and Long 2021, "LogME: Practical Assessment of Pre-trained Models for
        Transfer Learning", equations 1 to 3 and algorithm 1 (you-2021).
    """
    values, classes = np.asarray(features, np.float64), np.asarray(labels)
    if values.ndim != 2 or classes.shape != values.shape[:1] or not len(classes):
        raise ValueError(
            f"Expected (num_images, channels) and (num_images,); got {values.shape} and "
            f"{classes.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("Expected finite features.")
    # The evidence does not depend on the scale of the features, which alpha absorbs.
    unit = np.abs(values).max() or 1.0
    left, singular, _ = np.linalg.svd(values / unit, full_matrices=False)
    targets = (classes[:, None] == np.unique(classes)).astype(np.float64)
    return float(np.mean([_evidence(left, singular, y, values.shape[1]) for y in targets.T]))


def _evidence(left: FloatArray, singular: FloatArray, y: FloatArray, channels: int) -> float:
    """Compute the maximum log evidence of one target, divided by the number of images.

    Args:
        left: (num_images, rank), left singular vectors of the features.
        singular: (rank,), their singular values.
        y: (num_images,), 1 for the images of the class and 0 for the others.
        channels: Number of channels of the features.
    """
    along = left.T @ y
    squares = singular**2
    # The part that no weights can explain, because it lies outside the span of the features.
    beyond = max(0.0, float(y @ y - along @ along))
    alpha = beta = 1.0
    before = -inf
    for _ in range(MAX_ITERATIONS):
        precision = alpha + beta * squares
        weights = beta * singular * along / precision
        length = float(weights @ weights)
        error = float(((along * alpha / precision) ** 2).sum()) + beyond
        whole = (
            len(y) * log(beta / (2 * pi))
            + channels * log(alpha)
            - beta * error
            - alpha * length
            - np.log(precision).sum()
            - (channels - len(singular)) * log(alpha)
        )
        evidence = float(whole / 2 / len(y))
        if abs(evidence - before) <= TOLERANCE:
            break
        before = evidence
        used = float((beta * squares / precision).sum())
        alpha = float(np.clip(used / length, SMALLEST, LARGEST)) if length else LARGEST
        beta = float(np.clip((len(y) - used) / error, SMALLEST, LARGEST)) if error else LARGEST
    return evidence
