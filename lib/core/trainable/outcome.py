"""The outcome of an experiment: which arrays moved, how far, and a few other numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Other processors add in another order, so the last digits of a distance differ.
TOLERANCE = 1e-3

Fact = int | float | str | tuple[int, ...]


@dataclass(frozen=True)
class Array:
    """One array of a model before and after an experiment.

    Args:
        name: Path in the model, such as "base/bn/gamma".
        size: How many numbers it holds.
        moved: The largest absolute difference of a number before and after.
        trainable: Whether the model lists it among its trainable weights at the end.
    """

    name: str
    size: int
    moved: float
    trainable: bool

    @property
    def is_statistic(self) -> bool:
        """True for a moving mean or variance, which changes without a gradient."""
        return self.name.rpartition("/")[2].startswith("moving_")


@dataclass(frozen=True)
class Outcome:
    """What an experiment found.

    Args:
        keras: Version of Keras that ran it.
        arrays: Every array that was compared, in the order of the model.
        facts: Other numbers of the experiment by their key in traps.FACTS.
    """

    keras: str
    arrays: tuple[Array, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def moved(self, prefix: str = "") -> tuple[str, ...]:
        """Return the names of the arrays that moved, of those whose name begins with `prefix`."""
        return tuple(
            each.name for each in self.arrays if each.moved and each.name.startswith(prefix)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain values, for JSON and for a reply of a worker."""
        return {
            "keras": self.keras,
            "arrays": [
                [each.name, each.size, float(f"{each.moved:.6g}"), each.trainable]
                for each in self.arrays
            ],
            "facts": {
                key: list(value) if isinstance(value, tuple) else _short(value)
                for key, value in self.facts.items()
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Outcome":
        """Return the outcome that `to_dict` wrote."""
        facts = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values["facts"].items()
        }
        return cls(values["keras"], tuple(Array(*each) for each in values["arrays"]), facts)


def _short(value: Fact) -> Fact:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def same(one: Outcome, other: Outcome) -> bool:
    """Return whether two outcomes agree, whatever the version of Keras.

    The same arrays moved and are listed as trainable, equally far within TOLERANCE, and all facts
    are equal within it.

    Example:

    >>> here = Outcome("3", (Array("kernel", 4, 0.1, True),), {"loss": 2.0})
    >>> same(here, Outcome("4", (Array("kernel", 4, 0.10001, True),), {"loss": 2.0}))
    True
    >>> same(here, Outcome("4", (Array("kernel", 4, 0.0, True),), {"loss": 2.0}))
    False
    """
    if len(one.arrays) != len(other.arrays) or one.facts.keys() != other.facts.keys():
        return False
    arrays = all(
        (a.name, a.size, a.trainable, bool(a.moved)) == (b.name, b.size, b.trainable, bool(b.moved))
        and _close(a.moved, b.moved)
        for a, b in zip(one.arrays, other.arrays, strict=True)
    )
    return arrays and all(_close(one.facts[key], other.facts[key]) for key in one.facts)


def _close(one: Fact, other: Fact) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        if isinstance(one, str | tuple) or isinstance(other, str | tuple):
            return False
        return abs(one - other) <= TOLERANCE * max(1e-3, abs(one), abs(other))
    return one == other
