"""The layer under the glass: what the browser gets, and what its gestures change."""

import json
from functools import lru_cache
from typing import Any

import streamlit as st

from lib.core.trainable import layer_kinds
from lib.ui import state
from lib.ui.parts import base
from lib.ui.parts.layer_glass import component as layer_glass
from lib.ui.trainable import choices
from lib.ui.trainable.choices import Choices


@lru_cache(maxsize=1)
def fixed() -> str:
    """Return the data that no choice changes as JSON: kinds, sizes, table and code."""
    return json.dumps(
        {
            "kinds": {
                key: {
                    "title": kind.title,
                    "inputs": kind.inputs,
                    "arguments": kind.arguments,
                    "layer": kind.layer,
                    "call": kind.call,
                    "note": kind.note,
                }
                for key, kind in layer_kinds.KINDS.items()
            },
            "sizes": {key: vars(size) for key, size in layer_kinds.SIZES.items()},
            "table": layer_kinds.table(),
            "names": layer_kinds.LISTS,
            "code": layer_kinds.CODE,
        },
        separators=(",", ":"),
    )


def numbers(now: Choices) -> dict[str, Any]:
    """Return the lists and the code as the server computes them.

    Args:
        now: The choices on screen.
    """
    found = layer_kinds.lists(now.kind, now.by_size, now.trainable)
    return {
        "lists": [
            [{"name": each.name, "shape": each.shape, "count": each.count} for each in weights]
            for weights in found.values()
        ],
        "code": layer_kinds.code(now.kind, now.by_size, now.trainable),
    }


def payload(now: Choices, gesture: object) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        now: The choices on screen.
        gesture: Number of the last gesture that the server has received.
    """
    return {
        "fixed": fixed(),
        "kind": now.kind,
        "sizes": now.by_size,
        "trainable": now.trainable,
        "numbers": numbers(now),
        "gesture": gesture,
    }


def _take_over() -> None:
    number = choices.accept_layer(base.said(state.LAYER_GLASS, "gesture"))
    state.choose(state.LAYER_GLASS_GESTURE, number)


@st.fragment
def show() -> None:
    """Draw the layer. Gestures are stored in the session before the next rerun."""
    data = payload(choices.read(), state.read(state.LAYER_GLASS_GESTURE, 0))
    layer_glass.show(data, state.LAYER_GLASS, _take_over)
    choices.share()
