"""Training, validation and test images: stratified, and disjoint by construction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.core.errors import DataError

IntArray = npt.NDArray[np.int64]

# The same seed for every run, so that all runs on a dataset have the same validation and test
# images and can be compared. The seed of a run chooses only the training images.
SPLIT_SEED = 0
EVALUATION_SHARE = 1 / 6
# The split of an image in a dataset that has splits of its own.
TRAIN, VALIDATION, TEST = range(3)
# More images would make a run slower, but its interval not much narrower: +- 4 points at 80 %.
MAX_EVALUATION_IMAGES = 400
# Orders to try if a split lacks a class; with six images per class a few orders are enough.
MAX_ATTEMPTS = 200


@dataclass(frozen=True)
class Splits:
    """Indices into a dataset, one array per split; no index is in two of them."""

    train: IntArray
    validation: IntArray
    test: IntArray

    @property
    def sizes(self) -> dict[str, int]:
        """Number of images in each split."""
        return {
            "train": len(self.train),
            "validation": len(self.validation),
            "test": len(self.test),
        }


def evaluation_size(num_images: int) -> int:
    """Return the number of validation images, which is also the number of test images.

    Example:

    >>> evaluation_size(240)
    40
    """
    return min(MAX_EVALUATION_IMAGES, round(num_images * EVALUATION_SHARE))


def max_train_images(num_images: int, num_given: Sequence[int] = ()) -> int:
    """Return the number of images left for training.

    Args:
        num_images: Number of all images.
        num_given: Sizes of the dataset's own training, validation and test splits; a sixth of its
            training images is kept for a split that it lacks. Empty if Thaw makes the splits.

    Example:

    >>> max_train_images(240)
    160
    >>> max_train_images(240, (180, 60, 0))
    150
    """
    if not num_given:
        return num_images - 2 * evaluation_size(num_images)
    return num_given[TRAIN] - evaluation_size(num_given[TRAIN]) * (0 in num_given[VALIDATION:])


def counts_of(given: npt.ArrayLike) -> tuple[int, ...]:
    """Count the images that a dataset assigns to training, validation and test; empty if none.

    Example:

    >>> counts_of([0, 0, 2, 0])
    (3, 0, 1)
    """
    return tuple(np.bincount(given, minlength=3).tolist()) if np.size(given) else ()


def given_of(counts: Sequence[int]) -> IntArray:
    """The split of each image of a reader's own dataset, which come in this order.

    Args:
        counts: From `counts_of`.

    Example:

    >>> given_of((3, 0, 1)).tolist()
    [2, 0, 0, 0]
    """
    return np.repeat(np.arange(len(counts))[::-1], counts[::-1]).astype(np.int64)


def interleaved(labels: IntArray, rng: np.random.Generator) -> IntArray:
    """Return a permutation in which every contiguous part has the overall class shares.

    Args:
        labels: (images,), class indices.
        rng: Decides which image of a class comes first.
    """
    position = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        # Spread each class evenly over 0 to 1; ties are broken by the generator.
        position[rng.permutation(members)] = (np.arange(len(members)) + 0.5) / len(members)
    tie_break = rng.permutation(len(labels))
    order: IntArray = np.lexsort((tie_break, position)).astype(np.int64)
    return order


def _parts(classes: IntArray, held_out: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return test, validation and other images: the first split in which no part lacks a class.

    With few images per class a part may lack one in some orders and not in others; with many
    classes it does in nearly every order.
    """
    every = np.unique(classes)
    for attempt in range(MAX_ATTEMPTS):
        order = interleaved(classes, np.random.default_rng(SPLIT_SEED + attempt))
        test, validation, pool = np.split(order, [held_out, 2 * held_out])
        if attempt == 0:
            first = (test, validation, pool)
        if all(len(np.unique(classes[part])) == len(every) for part in (test, validation, pool)):
            return test, validation, pool
        if held_out < len(every) or np.bincount(classes).min() < 3:
            return first  # No order could help.
    return _one_of_each(classes, held_out)


def _one_of_each(classes: IntArray, held_out: int) -> tuple[IntArray, IntArray, IntArray]:
    """Test, validation and the rest, where the first two begin with an image of every class."""
    order = interleaved(classes, np.random.default_rng(SPLIT_SEED))
    # How many images of its class come before each in this order: none is the first.
    before = np.zeros(len(order), np.int64)
    for label in np.unique(classes):
        members = classes[order] == label
        before[members] = np.arange(members.sum())
    test, validation, others = order[before == 0], order[before == 1], order[before > 1]
    more = held_out - len(test)
    return (
        np.concatenate((test, others[:more])),
        np.concatenate((validation, others[more : 2 * more])),
        others[2 * more :],
    )


def _given_parts(classes: IntArray, given: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Test, validation and the rest, as the dataset divides them."""
    train, validation, test = (np.flatnonzero(given == part) for part in (TRAIN, VALIDATION, TEST))
    if len(validation) and len(test):
        return test, validation, train
    lacking, other, rest = _parts(classes[train], evaluation_size(len(train)))
    kept, train = train[lacking], train[np.concatenate([other, rest])]
    return (test, kept, train) if len(test) else (kept, validation, train)


def split(
    labels: npt.ArrayLike,
    num_images: int,
    seed: int,
    class_names: Sequence[str] = (),
    given: npt.ArrayLike = (),
) -> Splits:
    """Split a dataset and choose the training images.

    Args:
        labels: Class index of every image of the dataset.
        num_images: Number of training images. A smaller set with the same seed is part of a
            larger one.
        seed: Seed of the run, which chooses the training images.
        class_names: Class names in label order, for error messages.
        given: TRAIN, VALIDATION or TEST for every image of a dataset with splits of its own; else
            empty.

    Raises:
        DataError: If there are too few training images, num_images is less than 1, or a class
            would be missing from a split.

    Example:

    >>> parts = split([0, 1] * 120, num_images=100, seed=1)
    >>> parts.sizes
    {'train': 100, 'validation': 40, 'test': 40}
    """
    classes = np.asarray(labels, dtype=np.int64)
    own = np.asarray(given, dtype=np.int64)
    if len(own):
        test, validation, pool = _given_parts(classes, own)
    else:
        test, validation, pool = _parts(classes, evaluation_size(len(classes)))
    if num_images > len(pool):
        raise DataError(
            f"{num_images:,} training images were asked for and there are {len(pool):,}: "
            f"{len(validation):,} of the {len(classes):,} images are kept for validation and "
            f"{len(test):,} for the test.",
            f"Ask for at most {len(pool):,}.",
        )
    if num_images < 1:
        raise DataError(f"{num_images} training images were asked for.", "Ask for at least one.")
    # In the order of the dataset, so that runs on the same images share cached features.
    chosen = np.sort(pool[interleaved(classes[pool], np.random.default_rng(seed))][:num_images])
    for name, part in (("training", chosen), ("validation", validation), ("test", test)):
        missing = np.setdiff1d(classes, classes[part])
        if len(missing):
            label = int(missing[0])
            which = f"class {class_names[label]!r}" if class_names else f"class {label}"
            raise DataError(
                f"The {which} has no image among the {len(part):,} {name} images.",
                "Use more images of it, or leave the class out.",
            )
    return Splits(chosen, validation, test)
