"""The borders of the rule: between which values the recorded runs put them."""

from dataclasses import replace

import pytest

from lib.core.evidence import borders, grid
from lib.core.evidence.borders import Band
from lib.core.strategy import rule
from tests.unit.toy_grid import field_of

GAIN, LEVEL = (0.8, 0.9, 0.9), (0.9, 0.9, 0.9)


def of(dataset, *fields):
    """A dataset with fields: (images, accuracies of head, top layers and everything)."""
    found = [field_of(*shares, dataset=dataset, num_images=number) for number, shares in fields]
    return replace(found[0], lines=tuple(line for each in found for line in each.lines))


def test_the_border_of_size_lies_between_no_gain_and_a_gain_on_similar_images():
    cats = of("cats_vs_dogs", (50, LEVEL), (200, LEVEL), (1_000, GAIN))
    solar = of("elpv", (50, GAIN))
    assert borders.size([cats, solar]) == Band(200, 1_000, told=True)
    assert "between 200 and 1,000 images" in borders.size_in_words(borders.size([cats]))
    assert borders.size([solar]) is None
    assert borders.size_in_words(None) == ""


def test_where_datasets_disagree_the_border_is_uncertain_between_them():
    cats = of("cats_vs_dogs", (50, LEVEL), (200, LEVEL), (1_000, LEVEL))
    drawn = of("openmoji_themes", (40, GAIN), (200, GAIN))
    found = borders.size([cats, drawn])
    assert found == Band(40, 1_000, told=False)
    assert "gained with 40 images on one dataset" in borders.size_in_words(found)


@pytest.mark.parametrize(
    ("fields", "band", "words"),
    [
        (((200, LEVEL),), Band(200, None, told=False), "nothing by more than chance up to 200"),
        (((200, GAIN),), Band(None, 200, told=False), "with as few as 200 images"),
    ],
)
def test_a_border_may_lie_beyond_what_was_recorded(fields, band, words):
    found = borders.size([of("cats_vs_dogs", *fields)])
    assert found == band
    assert words in borders.size_in_words(found)


def test_the_border_of_similarity_lies_between_datasets():
    digits, cats = of("digits", (200, GAIN)), of("cats_vs_dogs", (200, LEVEL))
    assert borders.similarity([digits, cats]) == Band(0.33, 1.0, told=True)
    assert "up to a similarity of 0.33" in borders.similarity_in_words(
        borders.similarity([digits, cats])
    )
    solar = of("elpv", (200, LEVEL))
    mixed = borders.similarity([of("openmoji_themes", (200, GAIN)), solar])
    assert mixed == Band(0.35, 0.55, told=False)
    assert borders.similarity([digits]) == Band(0.33, None, told=False)
    assert borders.similarity([cats]) == Band(None, 1.0, told=False)


def test_the_borders_of_the_rule_are_said_to_lie_inside_or_outside():
    inside, outside = Band(200, 2_000, told=True), Band(50, 200, told=True)
    assert inside.holds(rule.LARGE_NUM_IMAGES)
    assert borders.size_in_words(inside).endswith(borders.INSIDE)
    assert borders.size_in_words(outside).endswith(borders.OUTSIDE)


def test_what_ships_says_something_of_both_borders():
    usual = [each for each in grid.read() if each.backbone == grid.BACKBONE]
    for band, words in (
        (borders.size(usual), borders.size_in_words),
        (borders.similarity(usual), borders.similarity_in_words),
    ):
        assert words(band).endswith((borders.INSIDE, borders.OUTSIDE) if band else "")
