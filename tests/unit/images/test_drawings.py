"""Drawings are drawn in several processes, in the order of their names, and leave none of them."""

import psutil
import pytest

from lib.training.images import drawings
from lib.training.images.drawings import draw, draw_all

NAMES = ["1F435", "2615", "1F43B-200D-2744-FE0F", "1F34C", "1F347", "1F41E", "1F9C9", "1F436"]


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.parametrize("num_names", [0, 1, 2, len(NAMES)])
def test_many_processes_draw_what_one_draws_in_the_same_order(num_names):
    before = children()
    assert list(draw_all(NAMES[:num_names])) == [draw(name) for name in NAMES[:num_names]]
    assert children() == before


@pytest.mark.parametrize("processes", [1, 3])
def test_a_process_that_ends_too_early_is_told_and_the_others_are_ended(processes, monkeypatch):
    monkeypatch.setattr(drawings, "MAX_PROCESSES", processes)
    monkeypatch.setattr(drawings.os, "cpu_count", lambda: processes)
    before = children()
    with pytest.raises(OSError, match="draws nothing has ended"):
        list(draw_all([NAMES[0], NAMES[1], "nothing", *NAMES[2:]]))
    assert children() == before


def test_who_stops_half_way_leaves_no_process():
    before = children()
    going_on = draw_all(NAMES * 40)
    assert next(going_on) == draw(NAMES[0])
    assert children() > before
    going_on.close()
    assert children() == before
