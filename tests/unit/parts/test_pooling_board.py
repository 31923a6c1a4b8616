"""What the browser sends is taken as the board it says, or not at all."""

import copy
import json

import pytest

from lib.core import pooling
from lib.core.maps.board import EXAMPLES, Board
from lib.ui.parts.pooling_board import component as pooling_board

GESTURE = {
    "board": {"height": 1, "width": 2, "values": [0, 4], "weights": [2.5], "bias": -1},
    "example": "equal",
    "number": 7,
}


def test_a_gesture_becomes_its_board():
    board = Board(1, 2, (0, 4), (2.5,), -1)
    assert pooling_board.accept(GESTURE) == (board, "equal", 7)
    assert board.logit == 2.5 * 2 - 1


def changed(**fields):
    gesture = copy.deepcopy(GESTURE)
    gesture["board"] |= fields
    return gesture


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        "board",
        {},
        GESTURE | {"example": "no such example"},
        GESTURE | {"number": "7"},
        changed(height=9),
        changed(values=[0]),
        changed(values=[0, "4"]),
        changed(values=[0, 1e9]),
        changed(weights=[]),
        changed(weights=[float("nan")]),
        changed(bias=None),
    ],
)
def test_nonsense_changes_nothing(nonsense):
    assert pooling_board.accept(nonsense) is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_browser_gets_the_numbers_of_core(name):
    board = EXAMPLES[name].board
    sent = json.loads(json.dumps(pooling_board.payload(board, name, 3)))
    averages = pooling.global_average_pool(board.maps)[0]
    assert sent["numbers"]["averages"] == averages.tolist()
    assert sent["numbers"]["logit"] == pytest.approx(
        sent["numbers"]["mapAverage"] + board.bias, abs=1e-12
    )
    assert sent["gesture"] == 3
    assert json.loads(sent["fixed"])["examples"][name]["board"] == sent["board"]


def test_light_and_dark_have_colours_of_their_own():
    board = EXAMPLES["equal"].board
    light, dark = (pooling_board.payload(board, "equal", 0, dark=dark) for dark in (False, True))
    assert light["colours"] != dark["colours"]
