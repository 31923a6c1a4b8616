"""The link of the board: a small feature map as a parameter of the address, and back."""

import re
from collections.abc import Mapping

from lib.core.maps.board import EXAMPLES, Board
from lib.ui import state
from lib.ui.link import Link, quoted

LINK = Link((state.LINK_BOARD,), state.POOLING_BOARD)
FIRST = next(iter(EXAMPLES))
# Between the parts of a board, and between the numbers of a part; no number has them.
PART, NUMBER = "~", "_"
_NUMBER = re.compile(r"-?[0-9]{1,2}(\.[0-9]{1,6})?")


def _words(numbers: tuple[float, ...]) -> str:
    return NUMBER.join(f"{round(number, 6):g}" for number in numbers)


def _numbers(text: str) -> tuple[float, ...]:
    parts = text.split(NUMBER)
    if not all(map(_NUMBER.fullmatch, parts)):
        raise ValueError(f"Expected numbers; received {text!r}.")
    return tuple(map(float, parts))


def to_link(board: Board, example: str) -> dict[str, str]:
    """Return the parameters of a link to a board.

    Args:
        board: The board on screen.
        example: Key of EXAMPLES from which it started.

    Example:

    >>> to_link(EXAMPLES["equal"].board, "equal")
    {'board': 'equal'}
    >>> to_link(Board(1, 2, (9.0, 0.5), (-1.0,)), "equal")
    {'board': 'equal~1_2~9_0.5~-1~0'}
    """
    if board == EXAMPLES[example].board:
        return {state.LINK_BOARD: example}
    parts = ((board.height, board.width), board.values, board.weights, (board.bias,))
    return {state.LINK_BOARD: PART.join((example, *map(_words, parts)))}


def from_link(link: Mapping[str, str]) -> tuple[Board, str, tuple[str, ...]]:
    """Return the board that a link describes; an invalid one is the first example.

    Args:
        link: Parameters by name.

    Returns:
        The board, the key of its example, and a sentence for each part of the link that was
        ignored.

    Example:

    >>> from_link({"board": "equal~1_2~9_0.5~-1~0"})[0].averages
    (4.75,)
    """
    said = link.get(state.LINK_BOARD, FIRST)
    example, *parts = said.split(PART)
    if example in EXAMPLES and not parts:
        return EXAMPLES[example].board, example, ()
    try:
        sides, values, weights, (bias,) = map(_numbers, parts)
        height, width = map(int, sides)
        board = Board(height, width, values, weights, bias)
    except ValueError:
        board = None
    if board is None or example not in EXAMPLES:
        ignored = f"{quoted(said)} is no board; this is “{EXAMPLES[FIRST].title}”."
        return EXAMPLES[FIRST].board, FIRST, (ignored,)
    return board, example, ()
