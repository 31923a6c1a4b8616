"""The shuffle of shuffle_leak.py is that of tf.data, and so is the leak of take and skip."""

from itertools import count

import numpy as np
import pytest
import tensorflow as tf

from lib.core import splits
from lib.core.images import shuffle_leak
from lib.core.splits import IntArray
from tests.speeds import thorough_beyond

BUFFERS = [
    (240, 40, 240),
    pytest.param(1_000, 192, shuffle_leak.KERAS_BUFFER, marks=pytest.mark.thorough),
]


def read(data: tf.data.Dataset) -> IntArray:
    """All of a dataset at once, in the order of this reading."""
    (everything,) = data.batch(10_000).as_numpy_iterator()
    return np.asarray(everything, np.int64)


@pytest.mark.thorough
@pytest.mark.parametrize(("num_images", "num_validation", "buffer"), BUFFERS)
def test_tf_data_leaks_as_many_images_in_the_mean(
    num_images: int, num_validation: int, buffer: int
) -> None:
    def of_tensorflow(seed: int) -> list[int]:
        data = tf.data.Dataset.range(num_images).shuffle(buffer, seed=seed)
        train, validation = data.skip(num_validation), data.take(num_validation)
        epochs = shuffle_leak.trained_on((read(train), read(validation)) for _ in range(4))
        return [len(epoch.seen) for epoch in epochs]

    def of_numpy(seed: int) -> list[int]:
        epochs = shuffle_leak.take_and_skip(
            num_images, num_validation, num_epochs=4, seed=seed, buffer_size=buffer
        )
        return [len(epoch.seen) for epoch in epochs]

    seeds = range(24)
    theirs, ours = (np.array([of(seed) for seed in seeds]) for of in (of_tensorflow, of_numpy))
    # Five standard errors of the difference of two means.
    error = np.sqrt((theirs.var(axis=0) + ours.var(axis=0)) / len(seeds))
    assert np.all(np.abs(theirs.mean(axis=0) - ours.mean(axis=0)) <= 5 * error + 0.5)
    assert np.all(np.diff(theirs.mean(axis=0)) >= 0)


@pytest.mark.parametrize("buffer", thorough_beyond([8], [1, 8, 40]))
def test_an_image_comes_where_tf_data_puts_it(buffer: int) -> None:
    num_images, readings = 40, 300
    data = tf.data.Dataset.range(num_images).shuffle(buffer, seed=1).batch(num_images)
    # Each repetition is another reading, with an order of its own.
    theirs = np.array(list(data.repeat(readings).as_numpy_iterator()))
    assert len(np.unique(theirs, axis=0)) == (readings if buffer > 1 else 1)
    rng = np.random.default_rng(2)
    ours = np.array([shuffle_leak.shuffled(num_images, buffer, rng) for _ in range(readings)])
    for image in (0, 20, 39):
        # Where each image comes, on average, and how much that varies.
        first, second = (np.nonzero(orders == image)[1] for orders in (theirs, ours))
        error = np.sqrt((first.var() + second.var()) / readings)
        assert abs(first.mean() - second.mean()) <= 5 * error, image
        assert first.std() == pytest.approx(second.std(), rel=0.3), image


def test_of_the_same_order_tf_data_and_thaw_count_the_same() -> None:
    data = tf.data.Dataset.range(120).shuffle(120, seed=3)
    orders = [read(data) for _ in range(6)]
    # A dataset that is read in just these orders, one after the other.
    numbers = count()
    fixed = tf.data.Dataset.from_generator(
        lambda: iter(orders[next(numbers) % len(orders)]),
        output_signature=tf.TensorSpec((), tf.int64),
    )
    seen, known = [], set[int]()
    for _ in range(3):
        known |= set(read(fixed.skip(20)).tolist())
        seen.append(len(known & set(read(fixed.take(20)).tolist())))
    epochs = shuffle_leak.trained_on((orders[2 * n][20:], orders[2 * n + 1][:20]) for n in range(3))
    assert [len(epoch.seen) for epoch in epochs] == seen


def test_without_reshuffling_tf_data_leaks_nothing() -> None:
    data = tf.data.Dataset.range(120).shuffle(120, seed=3, reshuffle_each_iteration=False)
    epochs = shuffle_leak.trained_on((read(data.skip(20)), read(data.take(20))) for _ in range(4))
    assert [len(epoch.seen) for epoch in epochs] == [0, 0, 0, 0]


def test_the_test_images_of_the_tutorial_have_validated() -> None:
    # 1,000 images in batches of 32: 32 // 5 = 6 batches are taken for the test.
    data = tf.data.Dataset.range(1_000).shuffle(shuffle_leak.KERAS_BUFFER, seed=5)
    validated = set(read(data.skip(192)).tolist())
    seen = len(set(read(data.take(192)).tolist()) & validated)
    # Of 192; facts of the first measurement: 103. The spread over seeds is about 5.
    assert 75 <= seen <= 125


def test_thaws_split_in_tf_data_leaks_nothing() -> None:
    parts = splits.split(np.arange(240) % 2, 160, seed=1)
    train = tf.data.Dataset.from_tensor_slices(parts.train).shuffle(160, seed=1)
    validation = tf.data.Dataset.from_tensor_slices(parts.validation)
    epochs = shuffle_leak.trained_on((read(train), read(validation)) for _ in range(5))
    assert [len(epoch.seen) for epoch in epochs] == [0] * 5
