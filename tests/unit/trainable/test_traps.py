"""The twelve traps as recorded: one answer is right, and the cure moves something else."""

import pytest

from lib.core.trainable import outcome, traps
from lib.core.trainable.traps import FACTS, TRAPS
from lib.ui import sources
from lib.ui.trainable import experiments

RIGHT = {
    "true_again": "All but `first`",
    "child": "The head and `last`",
    "no_compile": "Only the head, and `summary()` counts the base as trainable",
    "training_false": "Yes: `fit` overwrites the argument",
    "build": "The head and the attention layer",
    "optimizer": "Nothing",
    "by_name": "Those of `top_norm`",
    "summary": "Y, as if nothing were frozen",
    "dropout": "No: it drops other units each time",
    "twice": "Nearly one value: -1.008 to -0.992",
    "sigmoid": "`fit` trains the same, and everything is class 1",
    "initial_epoch": "Seven",
}
# Where the arrays move equally far, another number tells the cure from the trap.
SAME_ARRAYS = {"summary", "sigmoid", "dropout"}


@pytest.mark.parametrize("key", TRAPS)
def test_the_recorded_outcome_makes_one_answer_right(key: str) -> None:
    trap, known = TRAPS[key], traps.recorded()[key]
    assert 3 <= len(trap.answers) <= 4
    assert trap.answers[trap.right(known.trap)] == RIGHT[key]


@pytest.mark.parametrize("key", TRAPS)
def test_the_cure_has_another_outcome(key: str) -> None:
    known = traps.recorded()[key]
    assert not outcome.same(known.trap, known.cured)
    moved = [[round(each.moved, 6) for each in one.arrays] for one in (known.trap, known.cured)]
    assert (moved[0] == moved[1]) == (key in SAME_ARRAYS)


@pytest.mark.parametrize("key", sorted(set(TRAPS) - {"summary", "twice"}))
def test_the_answer_follows_from_the_outcome_and_not_from_the_trap(key: str) -> None:
    trap, known = TRAPS[key], traps.recorded()[key]
    assert trap.right(known.cured) != trap.right(known.trap)


def test_there_are_twelve_and_each_fact_has_words_and_each_source_an_address() -> None:
    assert len(TRAPS) == 12
    facts = {
        name
        for known in traps.recorded().values()
        for one in (known.trap, known.cured)
        for name in one.facts
    }
    assert facts == set(FACTS)
    assert {key for trap in TRAPS.values() for key in trap.sources} <= set(sources.SOURCES)


@pytest.mark.parametrize("key", TRAPS)
def test_the_page_shows_the_source_of_the_function_that_is_run(key: str) -> None:
    trap = TRAPS[key]
    for name in (trap.trap, trap.cured):
        source = experiments.source(trap.module, name)
        assert source.startswith(f'def {name}() -> Outcome:\n    """')
        assert "fit(" in source
        assert len(source.splitlines()) <= 20
