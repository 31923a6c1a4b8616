"""Take and skip after a shuffle leak, as much as arithmetic says; Thaw's split does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.core import splits
from lib.core.errors import ConfigError
from lib.core.images import shuffle_leak

sizes = st.tuples(st.integers(2, 60), st.integers(1, 59)).filter(lambda pair: pair[1] < pair[0])


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 99))
def test_a_shuffle_loses_and_repeats_nothing(num_images: int, buffer: int, seed: int) -> None:
    order = shuffle_leak.shuffled(num_images, buffer, np.random.default_rng(seed))
    assert sorted(order.tolist()) == list(range(num_images))


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 99))
def test_an_image_comes_at_most_a_buffer_early(num_images: int, buffer: int, seed: int) -> None:
    order = shuffle_leak.shuffled(num_images, buffer, np.random.default_rng(seed))
    assert all(image - place < buffer for place, image in enumerate(order.tolist()))


def test_a_buffer_of_one_image_shuffles_nothing() -> None:
    assert shuffle_leak.shuffled(9, 1, np.random.default_rng(0)).tolist() == list(range(9))


@settings(max_examples=50)
@given(sizes, st.integers(1, 6), st.integers(0, 99), st.integers(0, 80))
def test_each_epoch_is_counted_as_sets_count_it(
    size: tuple[int, int], num_epochs: int, seed: int, buffer: int
) -> None:
    num_images, num_validation = size
    epochs = shuffle_leak.take_and_skip(
        num_images, num_validation, num_epochs=num_epochs, seed=seed, buffer_size=buffer
    )
    known: set[int] = set()
    for epoch in epochs:
        assert len(epoch.validation) == num_validation
        assert len(epoch.train) == num_images - num_validation
        known |= set(epoch.train.tolist())
        assert set(epoch.seen.tolist()) == set(epoch.validation.tolist()) & known
    assert [epoch.epoch for epoch in epochs] == list(range(1, num_epochs + 1))


@pytest.mark.parametrize(("num_images", "num_validation"), [(240, 40), (100, 50)])
def test_the_mean_over_many_seeds_is_the_expected_number(
    num_images: int, num_validation: int
) -> None:
    counts = np.array(
        [
            [
                len(epoch.seen)
                for epoch in shuffle_leak.take_and_skip(
                    num_images, num_validation, num_epochs=3, seed=seed
                )
            ]
            for seed in range(300)
        ]
    )
    expected = [shuffle_leak.expected(num_images, num_validation, epoch) for epoch in (1, 2, 3)]
    # The standard error of a mean over 300 seeds is below 0.2 images here.
    assert counts.mean(axis=0) == pytest.approx(expected, abs=0.7)


def test_thaws_split_has_trained_on_no_validation_image_in_any_epoch() -> None:
    parts = splits.split(np.arange(240) % 2, 160, seed=1)
    epochs = shuffle_leak.trained_on((parts.train, parts.validation) for _ in range(10))
    assert [len(epoch.seen) for epoch in epochs] == [0] * 10


def test_reading_in_one_order_leaks_nothing() -> None:
    order = shuffle_leak.shuffled(50, 50, np.random.default_rng(3))
    epochs = shuffle_leak.trained_on((order[10:], order[:10]) for _ in range(5))
    assert [len(epoch.seen) for epoch in epochs] == [0] * 5


@pytest.mark.parametrize("num_validation", [0, 10, 11])
def test_a_part_without_images_is_refused(num_validation: int) -> None:
    with pytest.raises(ConfigError, match=f"{num_validation} of 10 images cannot be taken"):
        shuffle_leak.take_and_skip(10, num_validation, num_epochs=1, seed=0)


def test_the_lines_that_leak_name_the_numbers() -> None:
    lines = shuffle_leak.code(240, 40).splitlines()
    assert [line.split("#")[0].strip() for line in lines] == [
        "data = data.shuffle(240)",
        "validation = data.take(40)",
        "train = data.skip(40)",
    ]
    assert "shuffle(256)" in shuffle_leak.code(2_000, 333, shuffle_leak.KERAS_BUFFER)
