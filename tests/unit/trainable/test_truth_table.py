"""The truth table as recorded: what Keras 3 and Keras 2 did, and a sentence for each cell."""

import pytest

from lib.core.trainable import truth_table
from lib.core.trainable.truth_table import CELLS, Cell, observed, recorded


def found(kind: str, trainable: bool, when: str, called: str) -> tuple[str, str]:
    """What Keras 3 did, and Keras 2."""
    both = recorded()[CELLS.index(Cell(kind, trainable, when, called))]
    return observed(kind, both.keras), observed(kind, both.keras_2)


@pytest.mark.parametrize(
    ("cell", "keras", "keras_2"),
    [
        (("Dense", True, "before compile", "plainly"), "kernel and bias", "kernel and bias"),
        (("Dense", False, "before compile", "plainly"), "nothing", "nothing"),
        # Keras 3 looks at `trainable` when the first step is built, Keras 2 in compile().
        (("Dense", False, "after compile", "plainly"), "nothing", "kernel and bias"),
        (("Dense", False, "after a first fit", "plainly"), "kernel and bias", "kernel and bias"),
        (
            ("BatchNormalization", True, "before compile", "training=False"),
            truth_table.ALL_FOUR,
            "gamma and beta",
        ),
        (("BatchNormalization", False, "before compile", "training=True"), "nothing", "nothing"),
        (
            ("Dropout", False, "before compile", "training=False"),
            "it drops units",
            "it drops nothing",
        ),
    ],
)
def test_what_was_recorded(cell: tuple[str, bool, str, str], keras: str, keras_2: str) -> None:
    assert found(*cell) == (keras, keras_2)


def test_every_combination_is_there_once_and_has_an_option_a_reader_can_predict() -> None:
    assert len(recorded()) == len(CELLS) == len(set(CELLS)) == 3 * 2 * 3 * 3
    for cell, both in zip(CELLS, recorded(), strict=True):
        for outcome in (both.keras, both.keras_2):
            assert observed(cell.kind, outcome) in truth_table.OPTIONS[cell.kind]
        assert both.keras.keras.startswith("3.")
        assert both.keras_2.keras.startswith("2.")


def test_the_summary_counts_by_the_switch_even_where_the_step_does_not_follow() -> None:
    for cell, both in zip(CELLS, recorded(), strict=True):
        layer = {"Dense": (20, 0), "BatchNormalization": (8, 8), "Dropout": (0, 0)}[cell.kind]
        head = 5
        learning = head + (layer[0] if cell.trainable else 0)
        assert both.keras.facts["trainable"] == learning
        assert both.keras.facts["non_trainable"] == sum(layer) + head - learning


def test_every_cell_has_a_reason_and_no_reason_is_left_over() -> None:
    assert {truth_table.why(cell) for cell in CELLS} == set(truth_table.WHY.values())


def test_the_reasons_are_those_of_the_outcome() -> None:
    for cell, both in zip(CELLS, recorded(), strict=True):
        reason = truth_table.why(cell)
        if reason == truth_table.WHY["traced"]:
            other = Cell(cell.kind, not cell.trainable, "before compile", cell.called)
            assert observed(cell.kind, both.keras) == observed(
                cell.kind, recorded()[CELLS.index(other)].keras
            )
        if reason == truth_table.WHY["lazy"]:
            other = Cell(cell.kind, cell.trainable, "before compile", cell.called)
            assert observed(cell.kind, both.keras) == observed(
                cell.kind, recorded()[CELLS.index(other)].keras
            )
            assert truth_table.differs(cell.kind, both.keras, both.keras_2)
        if reason in (truth_table.WHY["overwritten"], truth_table.WHY["dropout"]):
            assert both.keras.facts["mode"] == "training"
        if reason == truth_table.WHY["frozen_norm"]:
            assert both.keras.facts["mode"] == "inference"
