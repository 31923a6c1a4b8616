"""The section about one step of `fit()`: the truth table, and running a row of it.

The browser gets what happened of open rows only, so a covered row is covered there too.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib.core.trainable import truth_table
from lib.core.trainable.outcome import Outcome
from lib.core.trainable.truth_table import Cell, Recorded
from lib.ui import ask, sources, state
from lib.ui.parts import base
from lib.ui.parts.step_table import component as step_table
from lib.ui.trainable import choices, experiments
from lib.ui.trainable.choices import Choices

TASK = "lib.training.experiments.answer:run_step"


WHEN = {
    "before compile": "before `compile()`",
    "after compile": "after `compile()`, before the first `fit()`",
    "after a first fit": "after a first `fit()`",
}
CALLED = {
    "plainly": "plainly",
    "training=False": "`training=False`",
    "training=True": "`training=True`",
}


def _summary(outcome: Outcome) -> str:
    return f"{outcome.facts['trainable']} trainable, {outcome.facts['non_trainable']} not"


def _outcome(kind: str, outcome: Outcome) -> dict[str, Any]:
    """Return what happened, for the browser."""
    return {
        "keras": outcome.keras,
        "observed": truth_table.observed(kind, outcome),
        "moved": list(truth_table.of_the_layer(outcome).items()),
        "mode": outcome.facts["mode"],
        "summary": _summary(outcome),
    }


def _row(place: int, cell: Cell, known: Recorded, at: str, ran: Outcome | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "place": place,
        "when": WHEN[cell.when],
        "called": CALLED[cell.called],
        "prediction": choices.prediction(at),
        "open": choices.is_open(at),
    }
    if not row["open"]:
        return row
    differed = truth_table.differs(cell.kind, known.keras, known.keras_2)
    return row | {
        "outcome": _outcome(cell.kind, known.keras),
        "keras2": _outcome(cell.kind, known.keras_2) if differed else None,
        "why": truth_table.why(cell),
        "ran": None if ran is None else _outcome(cell.kind, ran),
        "agrees": ran is None or not truth_table.differs(cell.kind, known.keras, ran),
    }


def payload(now: Choices, ran: Mapping[int, Outcome], gesture: object) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        now: The choices on screen.
        ran: Outcomes of this machine, by the place of their cell.
        gesture: Number of the last gesture that the server has received.
    """
    rows = [
        _row(place, cell, truth_table.recorded()[place], now.cells[place], ran.get(place))
        for place, cell in enumerate(truth_table.CELLS)
        if (cell.kind, cell.trainable) == (now.step_kind, now.step_trainable)
    ]
    first = truth_table.recorded()[0]
    return {
        "kinds": truth_table.KINDS,
        "kind": now.step_kind,
        "trainable": now.step_trainable,
        "cells": now.cells,
        "options": truth_table.OPTIONS[now.step_kind],
        "versions": [first.keras.keras, first.keras_2.keras],
        "rows": rows,
        "gesture": gesture,
    }


def _take_over() -> None:
    number, wanted = choices.accept_table(base.said(state.STEP_TABLE, "gesture"))
    state.choose(state.STEP_TABLE_GESTURE, number)
    if wanted is not None:
        state.choose(state.ONE_STEP, wanted)


@st.fragment
def show() -> None:
    """Draw the table; a row runs in a worker when the reader asks for it."""
    ran: dict[Any, Outcome] = dict(ask.answers(state.ONE_STEP))
    data = payload(choices.read(), ran, state.read(state.STEP_TABLE_GESTURE, 0))
    step_table.show(data, state.STEP_TABLE, _take_over)
    wanted = state.read(state.ONE_STEP)
    if isinstance(wanted, int) and wanted not in ran:
        answer = ask.ask(
            state.ONE_STEP,
            wanted,
            TASK,
            waiting="Running one step with the installed Keras",
            keep=len(truth_table.CELLS),
            read=Outcome.from_dict,
            cell=wanted,
        )
        if answer is not None:
            st.rerun()
    sources.cite("tf-keras", "keras-20285", "keras-transfer")
    with st.expander("The code that runs one row", icon=":material/code:"):
        experiments.show("one_step", "one_step")
    choices.share()
