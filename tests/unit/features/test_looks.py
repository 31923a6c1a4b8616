"""What the channels answer to the shipped images, and the patches that excite them."""

import numpy as np
import pytest

from lib.core.errors import ConfigError
from lib.core.features import depths, looks
from lib.core.maps import feature_maps

MAX_PATCHES_BYTES = 4_000_000


def test_deviations_survive_their_storage_in_bytes() -> None:
    given = np.linspace(-looks.FULL, looks.FULL, 101)
    assert np.abs(looks.deviations(looks.as_bytes(given)) - given).max() <= 0.5 * 4 / 126
    assert looks.deviations(looks.as_bytes([0.0]))[0] == 0


def test_every_example_has_answers_of_chosen_channels_with_patches_at_every_depth() -> None:
    for id_ in feature_maps.examples():
        found = looks.example(id_)
        for depth in depths.depths():
            look = found[depth.block]
            assert look.maps.shape == (len(look.channels), depth.grid, depth.grid)
            for channel in look.channels:
                strip = looks.strip(depth, channel, depths.IMAGE_SIZE)
                assert strip.picture[8:12] == b"WEBP"
                assert len(strip.cells) == looks.NUM_PATCHES
                assert all(0 <= part <= 1 for cell in strip.cells for part in cell)
        assert looks.answers(id_)[8:12] == b"WEBP"
    with pytest.raises(ConfigError, match="No answers"):
        looks.example("no_such_image")


def test_the_patches_of_24_channels_ship_at_every_depth_that_has_them_in_4_megabytes() -> None:
    assert looks.PATCHES_FILE.stat().st_size <= MAX_PATCHES_BYTES
    for depth in depths.depths():
        known = looks.channels()[depth.block]
        assert len(known.chosen) == min(24, depth.channels)
        # Nine different images, so that one odd image cannot be all there is to see.
        for channel in known.chosen:
            assert len(set(known.images[channel].tolist())) == looks.NUM_PATCHES
        with pytest.raises(ConfigError, match="not among those"):
            looks.strip(depth, depth.channels, depths.IMAGE_SIZE)


def test_the_strongest_channels_rise_most_above_their_usual_value_and_differ() -> None:
    answers = np.zeros((2, 2, 5))
    answers[:, 0, 1] = 1
    answers[0, 0, 2] = 8
    answers[:, :, 3] = -9  # far below is not strong
    answers[0, 0, 4] = 7  # the same as channel 2, only weaker
    assert looks.strongest(answers, (0, 1, 2, 3, 4))[:2] == (2, 1)
    assert looks.strongest(answers, (0, 1, 2, 3, 4))[-1] == 4
    assert looks.strongest(answers, (3, 1))[0] == 1


def test_a_window_is_as_large_as_the_field_and_stays_inside_the_image() -> None:
    for depth in depths.depths():
        for place in (0, depth.grid // 2, depth.grid - 1):
            top, left, side = looks.window(depth, (place, 0), depths.IMAGE_SIZE)
            assert side == min(depth.field.size, depths.IMAGE_SIZE)
            assert 0 <= top <= depths.IMAGE_SIZE - side
            assert left == max(0, depth.field.start)
