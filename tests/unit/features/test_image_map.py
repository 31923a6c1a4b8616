"""Images as points: projections, alignment and neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.errors import StoreError
from lib.core.features import image_map
from lib.core.strategy.similarity import NUM_NEIGHBOURS

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(40, 2))


def turned(points: np.ndarray, degrees: float, *, flipped: bool = False) -> np.ndarray:
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points * ([1, -1] if flipped else [1, 1]) @ matrix


@given(st.floats(0, 360), st.booleans(), st.floats(0.1, 10), st.floats(-5, 5))
def test_points_that_were_turned_flipped_moved_and_scaled_come_back(
    degrees: float, flipped: bool, scale: float, shift: float
) -> None:
    moved = scale * turned(POINTS, degrees, flipped=flipped) + shift
    assert np.allclose(image_map.aligned(moved, POINTS), POINTS, atol=1e-8)


def test_a_journey_does_not_turn_for_no_reason() -> None:
    path = image_map.journey([POINTS, turned(POINTS, 170), 5 * turned(POINTS, 60, flipped=True)])
    assert np.allclose(path[0], path[1], atol=1e-8)
    assert np.allclose(path[0], path[2], atol=1e-8)
    assert path.min() >= 0
    assert path.max() <= 1


def test_one_image_far_away_does_not_press_the_rest_together() -> None:
    points = np.vstack([np.tile(POINTS, (10, 1)), [[1e4, 1e4]]])
    path = image_map.within(points[np.newaxis])[0]
    assert np.ptp(path[:-1], axis=0).min() > 0.5
    assert path[-1].tolist() == [1, 1]


def test_the_principal_components_are_those_of_the_standardised_features() -> None:
    features = RNG.normal(size=(60, 5)) * [1, 100, 1, 1, 0]
    points = image_map.principal_components(features)
    values = image_map.standardised(features)
    assert not values[:, 4].any()
    spreads = np.linalg.eigvalsh(values.T @ values)[::-1]
    assert np.allclose((points**2).sum(axis=0), spreads[:2])
    assert abs(points[:, 0] @ points[:, 1]) < 1e-8


def test_neighbours_are_counted_among_all_other_images() -> None:
    centres = np.array([[10.0, 0, 0], [0, 10, 0], [0, 0, 10]])
    labels = np.repeat([0, 1, 2], 6)
    features = centres[labels] + RNG.normal(scale=0.1, size=(18, 3))
    # All five others of its class, and not the image itself, which would make six.
    assert image_map.right_neighbours(features, labels).tolist() == [NUM_NEIGHBOURS] * 18
    mixed = np.arange(18) % 3
    assert image_map.right_neighbours(features, mixed).mean() < 2


@pytest.mark.parametrize("name", image_map.names())
def test_every_shipped_map_has_a_place_for_every_image_at_every_depth(name: str) -> None:
    made = image_map.load(name)
    for points in made.points.values():
        assert points.shape == (18, len(made.labels), 2)
        assert points.min() >= 0
        assert points.max() <= image_map.FINEST
    assert set(made.points) == set(image_map.PROJECTIONS)
    assert all(0 <= each <= NUM_NEIGHBOURS for each in made.neighbours)


def test_a_map_survives_its_storage_and_an_unknown_one_is_refused() -> None:
    made = image_map.load("openmoji_animals_food")
    again = image_map.from_arrays(image_map.arrays(made))
    assert (again.points["tsne"] == made.points["tsne"]).all()
    assert again.neighbours == made.neighbours
    with pytest.raises(StoreError, match="ships with Thaw"):
        image_map.load("no_such_dataset")
