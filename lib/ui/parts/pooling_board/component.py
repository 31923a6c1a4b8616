"""The small feature map: cells to paint, their averages, and the head on top, in one component.

After a gesture the browser computes the numbers at once; the server computes them again with
lib.core.pooling, and its numbers replace them.
"""

import json
from functools import lru_cache
from typing import Any

import streamlit as st

from lib.core.maps.board import EXAMPLES, MAX_CHANNELS, MAX_SIDE, MAX_VALUE, Board
from lib.figures import theme
from lib.ui import link, shell, state
from lib.ui.parts import base
from lib.ui.parts.pooling_board import board_link

_HTML = """
<section class="board" aria-label="A small feature map">
  <div class="controls">
    <div class="examples" role="group" aria-label="Examples"></div>
    <div class="sizes" role="group" aria-label="Size of the feature map"></div>
  </div>
  <p class="notice" role="status"></p>
  <div class="desk">
    <div class="stage"></div>
    <div class="tools">
      <div class="brush" role="radiogroup" aria-label="Paint with"></div>
      <div class="shift" role="group" aria-label="Shift the pattern"></div>
    </div>
  </div>
  <section class="compare" aria-label="The input of the head">
    <h3>The input of the <a href="#term-head">head</a>, a Dense layer</h3>
    <div class="vectors"></div>
  </section>
  <div class="details">
    <details class="detail">
      <summary>How is a channel averaged?</summary>
      <h3></h3>
      <div class="bars" role="img"></div>
      <p class="sum"></p>
    </details>
    <details>
      <summary>What does the class map show?</summary>
      <h3>Two ways to the same logit</h3>
      <div class="identity"></div>
      <p class="meaning">
        The class map, or class activation map (CAM), shows how much each position contributes to
        the logit, the score of the class.
      </p>
    </details>
  </div>
</section>
"""

_COMPONENT = base.component("pooling_board", _HTML)


def _board(board: Board) -> dict[str, Any]:
    return {
        "height": board.height,
        "width": board.width,
        "channels": board.channels,
        "values": board.values,
        "weights": board.weights,
        "bias": board.bias,
    }


@lru_cache(maxsize=1)
def _fixed() -> str:
    """Return the data that never changes as JSON, encoded only once."""
    return json.dumps(
        {
            "limits": {
                "side": MAX_SIDE,
                "channels": MAX_CHANNELS,
                "value": MAX_VALUE,
            },
            "examples": {
                id_: {
                    "title": example.title,
                    "lesson": example.lesson,
                    "names": example.names,
                    "board": _board(example.board),
                }
                for id_, example in EXAMPLES.items()
            },
        },
        separators=(",", ":"),
    )


def numbers(board: Board) -> dict[str, Any]:
    """Compute every number of the board with lib.core.pooling."""
    activation_map = board.activation_map
    return {
        "averages": board.averages,
        "maxima": board.maxima,
        "map": activation_map,
        "mapAverage": sum(activation_map) / len(activation_map),
        "logit": board.logit,
    }


def payload(board: Board, example: str, gesture: int, *, dark: bool = False) -> dict[str, Any]:
    """Return the data for the browser: the board, the numbers that follow from it, and the colours.

    Args:
        board: The board on screen.
        example: Key of EXAMPLES from which it started.
        gesture: Number of the last gesture that the server has received.
        dark: True for the dark theme.
    """
    colours = theme.palette(dark)
    return {
        "fixed": _fixed(),
        "board": _board(board),
        "example": example,
        "numbers": numbers(board),
        "gesture": gesture,
        "colours": {name: getattr(colours, name) for name in ("paper", "heat", "below")},
    }


def accept(gesture: object) -> tuple[Board, str, int] | None:
    """Parse a gesture on the board; None if it is invalid.

    Args:
        gesture: "board" (height, width, values, weights and bias), "example" and "number", the
            running number of the gesture. It always has the whole board, so that a gesture that
            the next one replaced is not lost.
    """
    match gesture:
        case {
            "board": {
                "height": int(height),
                "width": int(width),
                "values": list(values),
                "weights": list(weights),
                "bias": int() | float() as bias,
            },
            "example": str(example),
            "number": int(number),
        } if example in EXAMPLES and all(
            isinstance(value, int | float) for value in (*values, *weights)
        ):
            try:
                return Board(height, width, tuple(values), tuple(weights), bias), example, number
            except ValueError:
                return None
    return None


def _take_over() -> None:
    if accepted := accept(base.said(state.POOLING_BOARD, "gesture")):
        state.choose(state.BOARD, accepted)


@st.fragment
def show() -> None:
    """Draw the board. Gestures are stored in the session before the next rerun."""
    held: Any = state.read(state.BOARD)
    board, example, gesture = held or (EXAMPLES[board_link.FIRST].board, board_link.FIRST, 0)
    if (said := board_link.LINK.unseen((board, example))) is not None:
        board, example, ignored = board_link.from_link(said)
        state.choose(state.BOARD, (board, example, gesture))
        link.warn(ignored)
    _COMPONENT(
        key=state.POOLING_BOARD,
        data=payload(board, example, gesture, dark=shell.is_dark()),
        on_gesture_change=_take_over,
    )
    first = (EXAMPLES[board_link.FIRST].board, board_link.FIRST)
    board_link.LINK.share(
        (board, example),
        board_link.to_link(board, example),
        is_first=(board, example) == first,
    )
