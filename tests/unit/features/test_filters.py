"""What the first filters are."""

import numpy as np
import pytest

from lib.core.features import filters
from lib.core.features.filters import Kind

RIGHT = np.array([[-1.0, 0, 1]] * 3)


def grey(pattern: np.ndarray) -> np.ndarray:
    return np.repeat(pattern[:, :, np.newaxis], 3, axis=2)


@pytest.mark.parametrize(
    ("pattern", "angle"),
    [(RIGHT, 0), (RIGHT.T, 90), (-RIGHT, 180), (-RIGHT.T, 270), (RIGHT + RIGHT.T, 45)],
)
def test_an_edge_has_the_direction_in_which_brightness_rises(
    pattern: np.ndarray, angle: int
) -> None:
    assert filters.kind(grey(pattern), 4.0) == Kind("edge", angle)


def test_spots_brightness_colours_and_silence_are_told_apart() -> None:
    spot = np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    assert filters.kind(grey(spot), 10.0).name == "spot"
    assert filters.kind(grey(np.ones((3, 3))), 5.0).name == "brightness"
    red_against_green = np.ones((3, 3, 1)) * np.array([1.0, -1.0, 0.0])
    assert filters.kind(red_against_green, 5.0).name == "colour"
    assert filters.kind(grey(RIGHT) * 1e-4, 4.0).name == "silent"


def test_the_nine_patterns_are_orthogonal_so_that_their_shares_add_up() -> None:
    patterns = np.array([*filters._EDGES, *filters._SPOTS, *filters._EVEN]).reshape(9, 9)
    products = patterns @ patterns.T
    assert np.allclose(products, np.diag(np.diag(products)), atol=1e-12)


def test_random_numbers_are_noise_and_pretrained_filters_are_patterns() -> None:
    rng = np.random.default_rng(0)
    made = [filters.kind(rng.normal(size=(3, 3, 3)), 9.0).name for _ in range(100)]
    assert made.count("noise") > 75
    known = filters.load()
    kinds = {name: [kind.name for kind in each.kinds] for name, each in known.items()}
    assert known["pretrained"].kernel.shape == (3, 3, 3, 32)
    assert kinds["pretrained"].count("noise") == 0
    assert {"edge", "spot", "colour"} <= set(kinds["pretrained"])
    assert kinds["scratch"].count("noise") > 28
