"""The figures of similarity draw what was measured, and nothing from outside as markup."""

import pytest

from lib.core.strategy import similarity
from lib.figures.strategy import similarity as figures
from lib.figures.strategy.similarity import Place

ELPV = similarity.references()["elpv"]


@pytest.mark.parametrize("dark", [False, True])
def test_both_lines_stand_at_what_was_measured_with_its_intervals(dark):
    drawn = figures.depths(ELPV, dark=dark)
    probe, vote = drawn.data
    assert list(probe.y) == [depth.probe_correct / 500 for depth in ELPV.depths]
    assert list(vote.y) == [depth.neighbours_correct / 500 for depth in ELPV.depths]
    share = ELPV.share(ELPV.depths[0].probe_correct)
    assert probe.y[0] + probe.error_y.array[0] == pytest.approx(share.high)
    assert probe.y[0] - probe.error_y.arrayminus[0] == pytest.approx(share.low)
    assert drawn.layout.shapes[0].y0 == drawn.layout.shapes[0].y1 == ELPV.chance
    assert drawn.layout.yaxis.range[0] < min(ELPV.chance, share.low)


def test_the_two_lines_are_told_apart_without_colour():
    probe, vote = figures.depths(ELPV).data
    assert probe.line.dash != vote.line.dash
    assert probe.marker.symbol != vote.marker.symbol


def test_the_scale_has_a_row_for_each_place_and_an_interval_for_the_one_on_the_page():
    places = [Place("a", 1.0), Place("b", 0.4, (0.3, 0.6)), Place("c", 0.9, said=True)]
    drawn = figures.scale(places, 0.5)
    assert list(drawn.layout.yaxis.ticktext) == ["a", "b", "c"]
    points = [trace for trace in drawn.data if trace.mode == "markers"]
    assert [(trace.x[0], trace.y[0]) for trace in points] == [(1.0, 0), (0.4, 1), (0.9, 2)]
    assert points[2].marker.symbol == "diamond-open"
    (line,) = [trace for trace in drawn.data if trace.mode == "lines"]
    assert list(line.x) == [0.3, 0.6]
    assert drawn.layout.shapes[0].x0 == 0.5


def test_both_figures_are_said_in_a_sentence():
    said = figures.depths_alt(ELPV)
    assert "early features, linear probe 0.830, neighbours 0.798" in said
    assert "0.678" in said
    assert figures.scale_alt([Place("Your answer", 0.25, said=True)]).endswith("Your answer 0.25.")
