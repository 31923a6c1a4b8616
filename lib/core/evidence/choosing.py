"""What is lost by choosing a way of training wrongly, over all fields of the recorded runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log10
from statistics import fmean

import numpy as np

from lib.core import intervals
from lib.core.evidence import grid
from lib.core.evidence.gains import FEWEST_SEEDS, THAWED, accuracy, compare
from lib.core.evidence.grid import HEAD, Line, Recorded
from lib.core.intervals import MeanDifference
from lib.core.strategy import rule
from lib.core.strategy.evidence import situation_of
from lib.core.strategy.rule import Situation


@dataclass(frozen=True)
class Policy:
    """What a way of choosing loses, over all fields.

    Args:
        id: Name of the policy.
        lost: Mean over the fields of the accuracy of the best way minus that of the chosen way. The
            best way is the one that the validation images prefer.
        low: Lower end of the 95 % interval of the mean.
        high: Upper end.
        num_fields: Number of fields.
    """

    id: str
    lost: float
    low: float
    high: float
    num_fields: int


@dataclass(frozen=True, eq=False)
class Field:
    """A dataset with a number of images on which several ways were recorded on the same seeds.

    Args:
        recorded: Everything recorded on the dataset.
        num_images: Number of training images.
        ways: Way -> its runs by seed, the same seeds in each.
    """

    recorded: Recorded
    num_images: int
    ways: dict[str, dict[int, Line]]

    @property
    def is_complete(self) -> bool:
        """True if both ways of thawing were recorded."""
        return set(THAWED) <= set(self.ways)

    @property
    def situation(self) -> Situation:
        """The answers to the questions of the page for this field."""
        return situation_of(self.recorded.dataset, self.num_images)

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The ways by test accuracy, best first; on a tie, the way that thaws less first."""
        scores = {way: accuracy(self.recorded, lines) for way, lines in self.ways.items()}
        return tuple(sorted(scores, key=lambda way: -scores[way]))

    def difference(self, first: str, second: str) -> MeanDifference:
        """Compute one way minus another on the same test images.

        Args:
            first: Key of `ways`.
            second: Another key of `ways`.
        """
        point = compare(self.recorded, self.ways[first], self.ways[second], self.num_images)
        assert point is not None, "The ways of a field have the same seeds."
        return point.difference

    @property
    def preferred(self) -> str:
        """The way with the lowest validation loss."""
        return min(self.ways, key=lambda way: self._validation(way))

    @property
    def worst(self) -> str:
        """The way with the highest validation loss."""
        return max(self.ways, key=lambda way: self._validation(way))

    def _validation(self, way: str) -> float:
        return fmean(line.val_loss for line in self.ways[way].values())


def fields(everything: Sequence[Recorded]) -> tuple[Field, ...]:
    """The fields with the head and at least one way of thawing."""
    found = []
    for recorded in everything:
        for number in grid.THAWED_SIZES[recorded.dataset]:
            ways = {way: recorded.seeds(way, number) for way in (HEAD, *THAWED)}
            ways = {way: lines for way, lines in ways.items() if len(lines) >= FEWEST_SEEDS}
            if HEAD not in ways or len(ways) < 2:
                continue
            seeds = sorted(set.intersection(*(set(each) for each in ways.values())))
            if len(seeds) >= FEWEST_SEEDS:
                same = {way: {seed: lines[seed] for seed in seeds} for way, lines in ways.items()}
                found.append(Field(recorded, number, same))
    return tuple(found)


def nearest(of: Sequence[Field], situation: Situation) -> Field | None:
    """Return the field nearest to a situation in the same region of the rule, or None.

    A factor of ten in images counts as much as the whole scale of similarity.
    """
    region = rule.region_of(situation)
    near = [field for field in of if rule.region_of(field.situation) is region]

    def distance(field: Field) -> float:
        images = log10(field.num_images / situation.num_images)
        return abs(images) + abs(field.situation.similarity - situation.similarity)

    return min(near, key=distance, default=None)


def policy(id_: str, of: Sequence[Field], choose: Callable[[Field], str]) -> Policy:
    """What a way of choosing loses against the way that validation images prefer.

    Args:
        id_: Name of the policy.
        of: At least one field.
        choose: The way that it chooses on a field.
    """
    means, variances = [], []
    for field in of:
        best, chosen = field.preferred, choose(field)
        if chosen == best:  # Nothing is lost, and that is certain.
            means.append(0.0)
            continue
        found = field.difference(best, chosen)
        means.append(found.mean)
        variances.append(((found.high - found.low) / 2 / intervals.Z_95) ** 2)
    number = len(means)
    mean, half = fmean(means), intervals.Z_95 * float(np.sqrt(sum(variances))) / number
    return Policy(id_, mean, mean - half, mean + half, number)
