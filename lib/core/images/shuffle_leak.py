"""How `take` and `skip` after a shuffle leak: validation images that have been trained on.

A shuffled tf.data dataset has a new order every time it is read. `take` and `skip` after it split
that order and not the images, so the split is different in every epoch. This module repeats the
shuffle of tf.data in NumPy and counts the leaked images (tests/oracle/test_data_leak.py compares
both with tf.data).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.core.errors import ConfigError
from lib.core.splits import IntArray

# Shuffle buffer of `keras.utils.image_dataset_from_directory`: eight batches of 32 images.
KERAS_BUFFER = 256


@dataclass(frozen=True, eq=False)
class Epoch:
    """The images of one epoch.

    Args:
        epoch: Number of the epoch, counted from 1.
        train: Training images of this epoch, sorted.
        validation: Validation images of this epoch, sorted.
        seen: Validation images that were trained on in this epoch or before, sorted.
    """

    epoch: int
    train: IntArray
    validation: IntArray
    seen: IntArray


def shuffled(num_images: int, buffer_size: int, rng: np.random.Generator) -> IntArray:
    """Draw one order of `tf.data.Dataset.range(num_images).shuffle(buffer_size)`.

    tf.data fills a buffer. Then it takes a random image out of the buffer and puts the next image
    in its place, again and again. With a buffer as large as the dataset every order is equally
    likely; with a smaller one an image moves forward by at most `buffer_size - 1` places.

    Args:
        num_images: Number of images in the dataset.
        buffer_size: Size of the shuffle buffer in images.
        rng: Source of the random numbers.

    Reference:
        TensorFlow API, tf.data.Dataset.shuffle (tf-shuffle).
    """
    if buffer_size >= num_images:
        return rng.permutation(num_images).astype(np.int64)
    order = np.empty(num_images, np.int64)
    buffer = np.arange(buffer_size)
    filled = num_images - buffer_size
    places = rng.integers(0, buffer_size, filled)
    for position, place in enumerate(places):
        order[position] = buffer[place]
        buffer[place] = buffer_size + position
    # No more images come in: the rest of the buffer comes out in random order.
    order[filled:] = rng.permutation(buffer)
    return order


def take_and_skip(
    num_images: int, num_validation: int, *, num_epochs: int, seed: int, buffer_size: int = 0
) -> tuple[Epoch, ...]:
    """Simulate training on `data.skip(k)` and validation on `data.take(k)` of a shuffled dataset.

    Every epoch reads the dataset twice, once to train and once to validate, as `fit` does; with
    `reshuffle_each_iteration`, the default, each time in a new order.

    Args:
        num_images: Number of images in the dataset.
        num_validation: Number of images that `take` takes for validation.
        num_epochs: Number of epochs.
        seed: Seed of the shuffle.
        buffer_size: Size of the shuffle buffer in images; 0 for the whole dataset.

    Raises:
        ConfigError: If one of the two parts would be empty.

    Example:

    >>> [len(each.seen) for each in take_and_skip(240, 40, num_epochs=4, seed=0)]
    [31, 36, 40, 40]
    """
    if not 0 < num_validation < num_images:
        raise ConfigError(
            f"{num_validation:,} of {num_images:,} images cannot be taken for validation.",
            "Use more images.",
        )
    rng = np.random.default_rng(seed)

    def order() -> IntArray:
        return shuffled(num_images, buffer_size or num_images, rng)

    return trained_on(
        (order()[num_validation:], order()[:num_validation]) for _ in range(num_epochs)
    )


def trained_on(
    epochs: Iterable[tuple[Sequence[int] | IntArray, Sequence[int] | IntArray]],
) -> tuple[Epoch, ...]:
    """Find the validation images of each epoch that were trained on in that epoch or before.

    Args:
        epochs: For each epoch its training images and its validation images.

    Example:

    >>> [epoch.seen.tolist() for epoch in trained_on([([0, 1], [2]), ([0, 2], [1])])]
    [[], [1]]
    """
    known = np.empty(0, np.int64)
    result = []
    for number, (train, validation) in enumerate(epochs, start=1):
        train, validation = np.sort(np.asarray(train)), np.sort(np.asarray(validation))
        known = np.union1d(known, train)
        result.append(Epoch(number, train, validation, np.intersect1d(validation, known)))
    return tuple(result)


def expected(num_images: int, num_validation: int, epoch: int) -> float:
    """Return the expected number of validation images that have been trained on by an epoch.

    With a buffer for all images, every epoch leaves each image out of training with probability
    `num_validation / num_images`, independently of earlier epochs.

    Example:

    >>> round(expected(240, 40, 1), 1), round(expected(240, 40, 3), 1)
    (33.3, 39.8)
    """
    return num_validation * (1 - (num_validation / num_images) ** epoch)


def code(num_images: int, num_validation: int, buffer_size: int = 0) -> str:
    """Write the lines of code that leak, as many tutorials have them.

    Args:
        num_images: Number of images in the dataset.
        num_validation: Number of images for validation.
        buffer_size: Size of the shuffle buffer in images; 0 for the whole dataset.
    """
    return (
        f"data = data.shuffle({buffer_size or num_images})  # anew at every reading\n"
        f"validation = data.take({num_validation})\n"
        f"train = data.skip({num_validation})  # of another order\n"
    )
