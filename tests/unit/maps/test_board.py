"""On the board both ways lead to the logit, and a shift changes no average."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.maps.board import EXAMPLES, MAX_CHANNELS, MAX_SIDE, MAX_VALUE, Board

cells = st.floats(-MAX_VALUE, MAX_VALUE).map(lambda value: round(value, 2))


@st.composite
def boards(draw):
    height, width = draw(st.integers(1, MAX_SIDE)), draw(st.integers(1, MAX_SIDE))
    weights = draw(st.lists(cells, min_size=1, max_size=MAX_CHANNELS))
    count = height * width * len(weights)
    values = draw(st.lists(cells, min_size=count, max_size=count))
    return Board(height, width, tuple(values), tuple(weights), draw(cells))


@given(boards())
def test_both_ways_lead_to_the_logit(board):
    mean = sum(board.activation_map) / len(board.activation_map)
    assert mean + board.bias == pytest.approx(board.logit, abs=1e-8)


@given(boards(), st.integers(-8, 8), st.integers(-8, 8))
def test_a_shift_changes_no_average_and_no_maximum_and_can_be_undone(board, down, right):
    moved = board.shifted(down, right)
    assert moved.averages == pytest.approx(board.averages, abs=1e-9)
    assert moved.maxima == board.maxima
    assert moved.logit == pytest.approx(board.logit, abs=1e-8)
    assert moved.shifted(-down, -right) == board


def test_a_shift_changes_what_flatten_sees():
    board = EXAMPLES["shifted"].board
    assert board.shifted(0, 1).values != board.values


def test_one_large_number_and_nine_small_ones_have_one_average():
    assert EXAMPLES["one_hot"].lesson.startswith("Each channel becomes one number, its average")
    board = EXAMPLES["one_hot"].board
    # What it is good for comes before what it loses.
    good = f"{len(board.values)} numbers become {len(board.averages)}, and the head stays small"
    lesson = EXAMPLES["one_hot"].lesson
    assert lesson.index(good) < lesson.index("same average")
    assert board.averages == (1.0, 1.0)
    assert board.maxima == (9.0, 1.0)


def test_the_shifted_pattern_is_one_pattern_twice():
    board = EXAMPLES["shifted"].board
    first, second = (board.maps[..., [channel]] for channel in (0, 1))
    alone = Board(board.height, board.width, tuple(first.ravel().tolist()), (1.0,))
    assert alone.shifted(1, 1).values == tuple(second.ravel().tolist())
    assert board.averages[0] == board.averages[1]
    assert board.logit == board.bias


def test_where_all_cells_agree_the_average_is_that_number():
    board = EXAMPLES["equal"].board
    assert board.averages == board.maxima == (4.0, 7.0)


def test_fur_speaks_for_the_cat_and_wheels_against_it():
    board = EXAMPLES["meanings"].board
    assert max(board.activation_map) > 0 > min(board.activation_map)
    assert board.weights[0] > 0 > board.weights[1]
    assert len(EXAMPLES["meanings"].names) == board.channels


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_says_more_than_two_or_three_sentences(name):
    assert EXAMPLES[name].lesson.count(".") <= 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((0, 1, (), (1.0,)), "rows and columns; received 0 x 1"),
        ((1, 7, (0.0,) * 7, (1.0,)), "rows and columns; received 1 x 7"),
        ((1, 1, (), ()), "channels; received 0"),
        ((1, 1, (0.0,) * 5, (0.0,) * 5), "channels; received 5"),
        ((2, 2, (0.0,) * 3, (1.0,)), "Expected 4 values; received 3"),
        ((1, 1, (100.0,), (1.0,)), "numbers from -99 to 99"),
        ((1, 1, (float("nan"),), (1.0,)), "numbers from -99 to 99"),
        ((1, 1, (0.0,), (float("inf"),)), "numbers from -99 to 99"),
    ],
)
def test_a_board_that_is_none_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Board(*fields)
