"""The choices of the page: its link, and gestures that make no sense."""

import pytest

from lib.core.trainable import traps, truth_table
from lib.ui.trainable import choices
from lib.ui.trainable.choices import Choices

CELLS, TRAPS = len(truth_table.CELLS), len(traps.TRAPS)
EVERYTHING = Choices(
    kind="attention",
    sizes=(5, 6, 2, 4),
    trainable=False,
    step_kind="Dropout",
    step_trainable=False,
    cells="a0.2".ljust(CELLS, "."),
    trap="sigmoid",
    answers="3b".ljust(TRAPS, "."),
)


def test_a_link_restores_everything() -> None:
    assert choices.from_link(choices.to_link(EVERYTHING)) == (EVERYTHING, ())


@pytest.mark.parametrize("trainable", [True, False])
def test_both_positions_of_the_switch_are_in_a_link(trainable: bool) -> None:
    now = Choices(trainable=trainable)
    assert choices.from_link(choices.to_link(now)) == (now, ())


def test_the_page_opens_frozen_and_a_link_that_does_not_name_the_switch_does_not() -> None:
    assert not Choices().trainable
    assert choices.from_link({"layer": "dense"})[0].trainable
    assert choices.from_link({"layer": "dense", "trainable": "on"})[0].trainable


def test_a_page_without_a_link_is_covered() -> None:
    found, ignored = choices.from_link({})
    assert found == Choices()
    assert set(found.cells + found.answers) == {"."}
    assert ignored == ()


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"layer": "lambda"}, "`lambda` is no kind of layer here."),
        ({"layer": "dense", "sizes": "4"}, "`4` is not the sizes of such a layer."),
        ({"layer": "dense", "sizes": "4_-1"}, "`4_-1` is not the sizes of such a layer."),
        ({"trainable": "maybe"}, "`maybe` is no position of the switch."),
        ({"table": "Dense_up"}, "`Dense_up` is no part of the truth table."),
        ({"cells": "z"}, "`z` is no list of open cells."),
        ({"cells": "²"}, "`²` is no list of open cells."),
        ({"cells": "9"}, "`9` is no list of open cells."),
        ({"cells": "." * (CELLS + 1)}, "is no list of open cells."),
        ({"trap": "none"}, "`none` is no trap of this page."),
        ({"answers": "5"}, "`5` is no list of answers."),
    ],
)
def test_a_part_that_makes_no_sense_is_named_and_left_out(link, words) -> None:
    found, ignored = choices.from_link(link)
    assert len(ignored) == 1
    assert ignored[0].endswith(words)
    assert found == choices.from_link({"layer": found.kind})[0]


def test_a_place_keeps_its_prediction_when_it_is_uncovered() -> None:
    assert choices.prediction(choices.opened(choices.predicted(2))) == 2
    assert choices.is_open(choices.opened("."))
    assert not choices.is_open(choices.predicted(0))
