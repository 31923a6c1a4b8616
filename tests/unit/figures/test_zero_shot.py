"""The figures of the page Zero-shot draw what was recorded, from no image on."""

from xml.etree import ElementTree

import pytest

from lib.core.strategy import evidence
from lib.core.zero_shot import ranking, recorded
from lib.core.zero_shot.recorded import Share
from lib.figures.strategy import evidence as strategy_figures
from lib.figures.zero_shot import images, one_space, trade_off
from lib.ui.strategy import evidence as strategy_page


def curve(dataset: str) -> list[images.Point]:
    return images.points(recorded.read()[dataset], evidence.read().of(dataset))


def test_a_curve_goes_from_no_image_over_a_few_to_a_trained_head() -> None:
    shown = curve("cats_vs_dogs")
    assert [point.images for point in shown] == [0, 0, 2, 4, 10, 20, 50, 200, 1000]
    assert [point.how for point in shown][:3] == [
        images.UNCALIBRATED,
        images.WORDS,
        images.NEAREST,
    ]
    assert shown[-1].how == images.TRAINED
    assert all(point.share.low <= point.share.value <= point.share.high for point in shown)


def test_solar_cells_begin_with_one_image_of_each_class() -> None:
    assert curve("elpv")[0].images == 2
    assert images.worth(curve("elpv")) is None


def test_what_no_image_is_worth_is_the_first_number_that_reaches_it() -> None:
    def point(number: int, value: float, how: str = images.NEAREST) -> images.Point:
        return images.Point(number, Share(value, value, value), how)

    shown = [point(0, 0.8, images.WORDS), point(2, 0.7), point(4, 0.8), point(10, 0.9)]
    assert images.worth(shown) == 4
    assert images.worth(shown[:2]) is None
    assert images.worth(curve("cats_vs_dogs")) == 200


@pytest.mark.parametrize("dark", [False, True])
def test_every_point_is_drawn_with_its_range_and_none_stands_at_minus_infinity(dark: bool) -> None:
    shown = curve("openmoji_animals_food")
    drawn = images.accuracies(shown, images.lowest_of(shown), 0.5, dark=dark)
    marks = [trace for trace in drawn.data if trace.mode == "markers"]
    assert sum(len(trace.y) for trace in marks) == len(shown)
    assert all(at > 0 for trace in marks for at in trace.x)
    assert "0" in drawn.layout.xaxis.ticktext
    for point in shown:
        assert f"{point.share.value:.1%}" in images.alt(shown)


def test_the_strategy_page_has_the_words_at_no_image_left_of_the_fewest() -> None:
    found = evidence.read()
    for dataset in found.datasets:
        words = strategy_page.no_images(dataset)
        drawn = strategy_figures.accuracies(found.of(dataset), "test", 0.4, no_images=words)
        ticks = list(drawn.layout.xaxis.ticktext)
        assert ("0" in ticks) == bool(words) == (dataset != "elpv")
        if words:
            stars = [trace for trace in drawn.data if str(trace.marker.symbol).startswith("star")]
            assert [star.y[0] for star in stars] == [share.value for _, share in words]
            fewest = min(cell.num_images for cell in found.of(dataset))
            assert all(star.x[0] < fewest * 0.75 for star in stars)
            assert "0 images: Words as they are" in strategy_figures.accuracies_alt(
                found.of(dataset), "test", words
            )
    assert strategy_figures.lowest(found.cells, "test", [("words", Share(0.4, 0.31, 0.5))]) == 0.3


def test_the_line_in_the_trade_off_is_where_the_reader_is() -> None:
    found = ranking.leave_one_out()
    drawn = trade_off.trade_off(found, 5.75)
    assert drawn.layout.shapes[0].x0 == 5.75
    left_out, trained = drawn.data[0].y, drawn.data[1].y
    place = ranking.constants().index(5.75)
    assert (left_out[place], trained[place]) == found.accuracies(5.75)
    assert f"{left_out[place]:.0%}" in trade_off.trade_off_alt(found, 5.75)


def test_in_the_picture_of_one_space_the_photograph_is_nearest_to_the_zebra() -> None:
    tree = ElementTree.fromstring(one_space.svg(dark=True))
    assert any("zebra" in (node.text or "") for node in tree.iter())
    across, down = one_space._ORIGIN

    def slope(end: tuple[int, int]) -> float:
        import math

        return math.atan2(down - end[1], end[0] - across)

    apart = [abs(slope(end) - slope(one_space._PHOTOGRAPH)) for end in one_space._ENDS]
    assert apart.index(min(apart)) == one_space.MATCH
    assert "zebra" in one_space.TEXTS[one_space.MATCH]
