"""Folds of a dataset: every image is a test image once, and pairs of runs share their images.

The seeds go over the folds: seeds 0 to 4 test every image once, seeds 5 to 9 once more with other
folds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.core import splits
from lib.core.errors import DataError

IntArray = npt.NDArray[np.int64]

NUM_FOLDS = 5
# Validation images for each training image, and their limits: a few hardly tell when to stop, and
# many cost more than they tell.
VALIDATION_SHARE = 1 / 3
FEWEST_VALIDATION, MOST_VALIDATION = 30, 150


@dataclass(frozen=True, eq=False)
class Deal:
    """The images of one run, as indices into the dataset; no index is in two of them.

    Args:
        train: Images to fit.
        validation: Images that say when to stop, and which learning rate to use.
        test: The fold: images that are asked once, at the end.
    """

    train: IntArray
    validation: IntArray
    test: IntArray


def validation_size(num_images: int) -> int:
    """Return the number of validation images that go with some training images.

    Example:

    >>> [validation_size(number) for number in (20, 200, 1_000)]
    [30, 67, 150]
    """
    return max(FEWEST_VALIDATION, min(MOST_VALIDATION, round(num_images * VALIDATION_SHARE)))


def fold_of(labels: IntArray, seed: int) -> IntArray:
    """Return the fold of every image for the round of a seed: 0 to NUM_FOLDS - 1.

    Each class is spread over the folds, so that no two folds differ by more than one image of it.

    Args:
        labels: (images,), class indices.
        seed: Seeds of one round, such as 0 to 4, have the same folds.
    """
    rng = np.random.default_rng(seed // NUM_FOLDS)
    found = np.empty(len(labels), np.int64)
    dealt = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        # Goes on where the last class ended, so that the folds have the same size too.
        found[members] = (dealt + np.arange(len(members))) % NUM_FOLDS
        dealt += len(members)
    return found


def tested(labels: IntArray, seed: int) -> IntArray:
    """Return the indices of the test images of a seed, in the order of the dataset."""
    return np.flatnonzero(fold_of(labels, seed) == seed % NUM_FOLDS)


def most_images(num_images: int) -> int:
    """Return the number of training images that are left beside the fold and validation images.

    Example:

    >>> most_images(240), most_images(2_223)
    (144, 1628)
    """
    pool = num_images - -(-num_images // NUM_FOLDS)
    return max(number for number in range(1, pool) if number + validation_size(number) <= pool)


def deal(labels: IntArray, seed: int, num_images: int) -> Deal:
    """Deal the images of a run.

    A smaller training set of the same seed is part of a larger one.

    Args:
        labels: (images,), class indices.
        seed: Of the run; decides the fold too.
        num_images: Number of training images.

    Raises:
        DataError: If the dataset has not so many images beside its fold.
    """
    test = tested(labels, seed)
    pool = np.setdiff1d(np.arange(len(labels)), test)
    num_validation = validation_size(num_images)
    if not 1 <= num_images <= len(pool) - num_validation:
        raise DataError(
            f"{num_images:,} training images were asked for, and {len(pool) - num_validation:,} "
            "are left beside the test and validation images.",
            "Ask for fewer.",
        )
    order = pool[splits.interleaved(labels[pool], np.random.default_rng(seed))]
    return Deal(order[:num_images], order[len(order) - num_validation :], test)
