"""What image size is worth is said in the numbers that were recorded."""

import pytest

from lib.core.strategy import resolution
from lib.core.strategy.resolution import SEEDS, SIZES, STEPS, AtSize, Recorded
from lib.figures.strategy import resolution as figures


def recorded(dataset, gain, thawing=None, sizes=(96,)):
    """A dataset whose head gains so much from 96 to 224 pixels, and what thawing adds at sizes."""

    def at(size):
        accuracy = 0.8 + gain * (size - 96) / 128
        thawed = None if thawing is None or size not in sizes else (0.7, 0.7 + thawing)
        return AtSize(size, (accuracy,) * len(SEEDS), (0.5,) * len(STEPS), thawed)

    return Recorded(dataset, 100, 40, tuple(map(at, SIZES)))


def test_the_finding_names_the_largest_and_the_smallest_gain_and_what_thawing_changes():
    found = (recorded("elpv", 0.01, 0.02), recorded("cats_vs_dogs", 0.1, -0.01))
    assert resolution.finding(found) == (
        "From 96 to 224 pixels the head alone gains +10.0 points on Cats and dogs and +1.0 on "
        "Solar cells. Thawing everything at 96 pixels adds -1.0 to +2.0 points."
    )


def test_thawing_is_told_at_both_sizes_where_it_was_recorded_at_both():
    both = (96, 224)
    found = (recorded("elpv", 0.01, 0.02, both), recorded("cats_vs_dogs", 0.1, -0.01, both))
    assert resolution.finding(found).endswith(
        "Thawing everything adds -1.0 to +2.0 points at 96 pixels and -1.0 to +2.0 at 224."
    )


def test_without_thawed_runs_the_finding_is_about_size_alone():
    words = "From 96 to 224 pixels the head alone gains +1.0 points."
    assert resolution.finding([recorded("elpv", 0.01)]) == words


def test_what_ships_is_complete_and_the_photographs_gain_most_from_their_size():
    found = resolution.read()
    assert {each.dataset for each in found} == set(resolution.NUM_IMAGES)
    for each in found:
        assert tuple(at.image_size for at in each.sizes) == SIZES
        for at in each.sizes:
            assert at.thawing_adds is not None
            assert len(at.solved) == len(SEEDS)
            assert len(at.steps) == len(STEPS)
    gains = {each.dataset: each.at(224).accuracy - each.at(96).accuracy for each in found}
    assert max(gains, key=gains.get) == "cats_vs_dogs"


@pytest.mark.parametrize("dark", [False, True])
def test_each_dataset_is_a_line_and_each_thawed_size_a_square(dark):
    found = (recorded("elpv", 0.01, 0.02), recorded("cats_vs_dogs", 0.1))
    drawn = figures.by_size(found, dark=dark)
    lines = [line.name for line in drawn.data if line.marker.symbol != "square"]
    assert lines == [each.title for each in found]
    (square,) = [each for each in drawn.data if each.marker.symbol == "square"]
    assert list(square.y) == pytest.approx([0.8, 0.82])
    assert len(figures.by_steps(found, dark=dark).data) == 2
