"""A learning curve: accuracy against the number of images, and a forecast for more of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.core.intervals import wilson_interval

FloatArray = npt.NDArray[np.float64]

# Shares of the images on the curve.
SHARES = (0.125, 0.25, 0.5, 1.0)
# The curve is extended to this many times the images.
FORECAST_FACTOR = 2
DRAWS, DRAWS_SEED = 500, 0


@dataclass(frozen=True)
class Point:
    """A point of the learning curve.

    Args:
        num_images: Images to which a head was fitted.
        accuracy: Accuracy on images it was not fitted to, 0 to 1.
        low: Lower end of the 95 % interval.
        high: Upper end of the interval.
    """

    num_images: int
    accuracy: float
    low: float
    high: float


def learning_curve(
    num_fitted: Sequence[int], correct: FloatArray, num_images: int
) -> tuple[tuple[Point, ...], Point]:
    """Make the learning curve, and extend it by a power law.

    The errors of heads that are fitted to more and more images are described by a power law,
    `b * images ** -c`. The interval of the forecast combines that of the accuracy now with that of
    the exponent, for which images are resampled. Only images are: the answers of several repeats to
    one image are not independent.

    Args:
        num_fitted: Images to which the heads of each point were fitted, fewest first.
        correct: (points, images), share of the repeats that were right on each image, 0 to 1.
        num_images: Images of the dataset, to which the head of a run is fitted.

    Returns:
        The curve, and the forecast for FORECAST_FACTOR times `num_images`.

    Reference:
        Cortes et al. 1994, "Learning curves: asymptotic values and rate of convergence"
        (cortes-1994).
    """
    every = correct.shape[1]
    curve = []
    for number, each in zip(num_fitted, correct, strict=True):
        low, high = wilson_interval(round(each.sum()), every)
        curve.append(Point(int(number), float(each.mean()), low, high))
    rng = np.random.default_rng(DRAWS_SEED)
    drawn = rng.integers(0, every, (DRAWS, every))
    ratios = _shrinkage(num_fitted, correct[:, drawn].mean(axis=2))
    ratio = float(_shrinkage(num_fitted, correct.mean(axis=1)[:, np.newaxis])[0])
    fast, slow = np.quantile(ratios, (0.025, 0.975))
    now = curve[-1]
    forecast = Point(
        FORECAST_FACTOR * num_images,
        1 - (1 - now.accuracy) * ratio,
        max(0.0, 1 - (1 - now.low) * float(slow)),
        min(1.0, 1 - (1 - now.high) * float(fast)),
    )
    return tuple(curve), forecast


def _shrinkage(num_fitted: Sequence[int], accuracies: FloatArray) -> FloatArray:
    """Factor by which the error changes with FORECAST_FACTOR times the images; at most 1.

    Input shape: (points, draws).
    Output shape: (draws,).
    """
    # Half an error more, so that the logarithm of no error exists.
    errors = np.log(1 - accuracies + 0.5 / max(num_fitted))
    sizes = np.log(np.asarray(num_fitted, np.float64))
    centred = sizes - sizes.mean()
    slope = centred @ errors / (centred @ centred)
    found: FloatArray = np.exp(np.minimum(slope, 0.0) * np.log(FORECAST_FACTOR))
    return found
