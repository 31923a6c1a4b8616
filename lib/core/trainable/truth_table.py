"""What one step of `fit()` changes: every combination, as Keras 3 and Keras 2 did it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from lib.core.files.shipped import DATA
from lib.core.trainable.outcome import Outcome

FILE = DATA / "trainable" / "truth_table.json"

KINDS = ("Dense", "BatchNormalization", "Dropout")
WHEN = ("before compile", "after compile", "after a first fit")
CALLED = ("plainly", "training=False", "training=True")

# What a reader can predict for each kind: the arrays that move, or what a Dropout does.
ALL_FOUR = "gamma, beta and both statistics"
OPTIONS: dict[str, tuple[str, ...]] = {
    "Dense": ("nothing", "kernel and bias"),
    "BatchNormalization": ("nothing", "gamma and beta", "both statistics", ALL_FOUR),
    "Dropout": ("it drops nothing", "it drops units"),
}
_ARRAYS = {
    (): "nothing",
    ("kernel", "bias"): "kernel and bias",
    ("gamma", "beta"): "gamma and beta",
    ("moving_mean", "moving_variance"): "both statistics",
    ("gamma", "beta", "moving_mean", "moving_variance"): ALL_FOUR,
}


@dataclass(frozen=True)
class Cell:
    """A combination.

    Args:
        kind: Class of the layer.
        trainable: What its `trainable` is set to.
        when: When it is set; until then it is the opposite.
        called: How the model that holds the layer is called.
    """

    kind: str
    trainable: bool
    when: str
    called: str


CELLS: tuple[Cell, ...] = tuple(Cell(*each) for each in product(KINDS, (True, False), WHEN, CALLED))


@dataclass(frozen=True)
class Recorded:
    """What was recorded for a combination.

    Args:
        keras: With the Keras that Thaw uses.
        keras_2: With Keras 2, the package tf-keras.
    """

    keras: Outcome
    keras_2: Outcome


@lru_cache(maxsize=1)
def recorded() -> tuple[Recorded, ...]:
    """Return what was recorded, in the order of CELLS."""
    rows: Mapping[str, list[dict[str, object]]] = json.loads(FILE.read_text("utf-8"))
    return tuple(
        Recorded(Outcome.from_dict(new), Outcome.from_dict(old))
        for new, old in zip(rows["keras"], rows["keras_2"], strict=True)
    )


def of_the_layer(outcome: Outcome) -> dict[str, float]:
    """Return how far each array of the layer itself moved, by its name in the layer."""
    return {
        each.name.rpartition("/")[2]: each.moved
        for each in outcome.arrays
        if "layer" in each.name.split("/")
    }


def observed(kind: str, outcome: Outcome) -> str:
    """Return the option that an outcome makes true.

    Args:
        kind: Class of the layer.
        outcome: Of one step.
    """
    if kind == "Dropout":
        return "it drops units" if outcome.facts["mode"] == "training" else "it drops nothing"
    moved = tuple(name for name, far in of_the_layer(outcome).items() if far)
    return _ARRAYS.get(moved, ", ".join(moved))


def differs(kind: str, one: Outcome, other: Outcome) -> bool:
    """Return whether two outcomes say different things: other arrays, mode or summary."""
    return observed(kind, one) != observed(kind, other) or one.facts != other.facts


WHY = {
    "dropout": "A Dropout has no weights, so `trainable` says nothing about it. The mode decides, "
    "and fit() runs in training mode.",
    "traced": "The first fit() built the training step with the old value and keeps it. "
    "Only compile() builds a new one, and no warning says so.",
    "lazy": "Keras 3 reads `trainable` when fit() builds its first step, so a change after "
    "compile() still counts before that. Keras 2 read it in compile().",
    "overwritten": "fit() calls the whole model with training=True. In Keras 3 that reaches "
    "every layer inside and overwrites the `training` of the call.",
    "frozen_norm": "A BatchNormalization with `trainable = False` always runs in inference "
    "mode, so its statistics stay as well.",
    "norm": "The optimizer changes gamma and beta. In training mode the layer itself updates its "
    "statistics, without a gradient.",
    "frozen": "The optimizer changes only what `trainable_weights` lists.",
    "plain": "The optimizer changes every weight that `trainable_weights` lists.",
}


def why(cell: Cell) -> str:
    """Return one sentence or two about why a step does what it does.

    Args:
        cell: The combination.
    """
    if cell.kind == "Dropout":
        return WHY["overwritten" if cell.called == "training=False" else "dropout"]
    if cell.when == "after a first fit":
        return WHY["traced"]
    if cell.when == "after compile":
        return WHY["lazy"]
    if cell.kind == "BatchNormalization":
        if not cell.trainable:
            return WHY["frozen_norm"]
        return WHY["overwritten" if cell.called == "training=False" else "norm"]
    return WHY["plain" if cell.trainable else "frozen"]
