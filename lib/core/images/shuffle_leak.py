"""How take and skip after a shuffle leak: validation images that have been trained on.

A shuffled tf.data dataset has a new order every time it is read. `take` and `skip` after it divide
that order and not the images, so they divide differently in every epoch. This module has the
shuffle of tf.data in NumPy, and counts the leaked images (tests/oracle/test_data_leak.py compares
both with tf.data).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.core.errors import ConfigError
from lib.core.splits import IntArray

# `keras.utils.image_dataset_from_directory` shuffles within eight batches of 32 images.
KERAS_BUFFER = 256


@dataclass(frozen=True, eq=False)
class Epoch:
    """The validation of one epoch.

    Args:
        epoch: From 1.
        train: Images that were trained on in this epoch, sorted.
        validation: Images that validated at its end, sorted.
        seen: Those of `validation` that had been trained on by then, sorted.
    """

    epoch: int
    train: IntArray
    validation: IntArray
    seen: IntArray


def shuffled(num_images: int, buffer_size: int, rng: np.random.Generator) -> IntArray:
    """One order in which `tf.data.Dataset.range(num_images).shuffle(buffer_size)` can be read.

    tf.data fills a buffer and then, image by image, takes out any one of it and puts the next in
    its place. With a buffer as large as the dataset every order is equally likely; with a smaller
    one an image comes at most `buffer_size - 1` places early.

    Args:
        num_images: Of the dataset.
        buffer_size: Of the shuffle, in images.

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
    # No more images come in: what is left goes out in any order.
    order[filled:] = rng.permutation(buffer)
    return order


def take_and_skip(
    num_images: int, num_validation: int, *, num_epochs: int, seed: int, buffer_size: int = 0
) -> tuple[Epoch, ...]:
    """Train and validate on `data.skip(k)` and `data.take(k)` of one shuffled dataset.

    Every epoch reads the dataset twice, once to train and once to validate, as `fit` does; with
    `reshuffle_each_iteration`, the default, each time in a new order.

    Args:
        num_images: Of the dataset.
        num_validation: How many are taken for validation.
        num_epochs: How many epochs.
        buffer_size: Of the shuffle, in images; 0 for all of them.

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
    """Which validation images of each epoch had been trained on, in it or before.

    Args:
        epochs: The images trained on and the images validated with, an epoch a pair.

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
    """How many validation images have been trained on after some epochs, on average.

    With a buffer of all images each epoch leaves every image out of training with the same
    chance, `num_validation / num_images`, whatever happened before.

    Example:

    >>> round(expected(240, 40, 1), 1), round(expected(240, 40, 3), 1)
    (33.3, 39.8)
    """
    return num_validation * (1 - (num_validation / num_images) ** epoch)


def code(num_images: int, num_validation: int, buffer_size: int = 0) -> str:
    """The lines that leak, as tutorials have them.

    Args:
        num_images: Of the dataset.
        num_validation: How many are taken for validation.
        buffer_size: Of the shuffle, in images; 0 for all of them.
    """
    return (
        f"data = data.shuffle({buffer_size or num_images})  # anew at every reading\n"
        f"validation = data.take({num_validation})\n"
        f"train = data.skip({num_validation})  # of another order\n"
    )
