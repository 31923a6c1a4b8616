"""Which photographs a described class wins, against other descriptions or trained classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from lib.core.zero_shot import animals, classifier, ridge

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Logits that may be taken off the trained classes: from nothing to where they lose nearly all.
MAX_CONSTANT, CONSTANT_STEP = 12.0, 0.25
# Equal up to this many logits is a tie: two descriptions that are the same.
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Ranking:
    """What a described class gets on each photograph.

    Args:
        leads: (photographs,), its logit minus that of the strongest other class.
        places: (photographs,), its place among all classes there, from 1; a tie is shared.
        rivals: (photographs,), index of the strongest other class.
        order: (photographs,), photographs by place, and by lead within a place.
    """

    leads: FloatArray
    places: IntArray
    rivals: IntArray
    order: IntArray


def rank(scores: FloatArray, others: FloatArray, classes: IntArray) -> Ranking:
    """Rank photographs by the place that a class has on each of them.

    Logits of different photographs cannot be compared: only their differences on one photograph
    decide. So each photograph is first asked where the class stands among all classes.

    Args:
        scores: (photographs,), logits of the described class.
        others: (photographs, others), logits of the other classes.
        classes: (others,), which classes they are.
    """
    leads = scores - others.max(axis=1)
    leads = np.where(np.abs(leads) <= TIE, 0.0, leads)
    places = 1 + (others > scores[:, np.newaxis] + TIE).sum(axis=1)
    return Ranking(
        leads, places, classes[others.argmax(axis=1)], np.lexsort((-leads, places)).astype(np.int64)
    )


@dataclass(frozen=True, eq=False)
class Fold:
    """Everything that follows from leaving one animal out of the regression.

    Args:
        classes: (animals - 1,), indices of the other animals.
        regression: From a description to the logits of all photographs.
        described: (photographs, animals - 1), logits of the others by their descriptions.
        trained: (photographs, animals - 1), logits of the others by their trained weights.
    """

    classes: IntArray
    regression: ridge.Ridge
    described: FloatArray
    trained: FloatArray

    def ask(
        self, description: FloatArray, *, against_trained: bool = False, constant: float = 0.0
    ) -> Ranking:
        """Rank the photographs for a description.

        Args:
            description: (attributes,), 0 or 1.
            against_trained: True if the other classes keep their trained weights.
            constant: Logits that are taken off the trained classes; described ones keep theirs.
        """
        others = self.trained - constant if against_trained else self.described
        return rank(self.regression.at(description), others, self.classes)


def fold(left_out: int, logits: FloatArray | None = None) -> Fold:
    """Leave an animal out.

    Args:
        left_out: Index of the animal.
        logits: (photographs, animals), what the trained classes say of other photographs; by
            default the shipped ones.
    """
    table = animals.descriptions()
    said = classifier.logits() if logits is None else logits
    classes = np.delete(np.arange(len(table)), left_out)
    regression = ridge.fit(table[classes], said[:, classes].T)
    return Fold(classes, regression, regression.at(table[classes]).T, said[:, classes])


@cache
def shipped_fold(left_out: int) -> Fold:
    """Leave an animal out, on the shipped photographs. Callers must not change the arrays."""
    return fold(left_out)


# --- Every animal left out in turn ----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Every animal left out in turn.

    Args:
        described: (animals,), place of the left-out class on its own photograph, among the other
            animals' descriptions.
        trained: (animals,), the same among their trained classes.
        photographs: (animals,), place of the right photograph in the ranking by its description.
        undescribed: (animals,), the same if no attribute is ticked.
        needed: (animals,), logits to take off the trained classes until it wins its photograph.
        lost: (animals, animals), row: left out; column: another animal whose photograph its trained
            class classifies correctly; logits after which the described class takes it away. NaN
            if the trained classes classify it wrongly, and for the left-out animal itself.
    """

    described: IntArray
    trained: IntArray
    photographs: IntArray
    undescribed: IntArray
    needed: FloatArray
    lost: FloatArray

    def accuracies(self, constant: float) -> tuple[float, float]:
        """Return two accuracies after a constant is taken off the trained classes.

        Args:
            constant: In logits.

        Returns:
            Share of the animals whose photograph goes to their description while they are left
            out, and share of the photographs of trained animals that are still classified
            correctly, over all choices of the animal left out; both 0 to 1.

        Reference:
            Chao and others 2016, calibrated stacking (chao-2016).
        """
        animals_known = self.lost.shape[1] - 1
        kept = (self.lost > constant + TIE).sum() / (len(self.lost) * animals_known)
        return float((self.needed <= constant + TIE).mean()), float(kept)


def _place_of(ranking: Ranking, photograph: int) -> int:
    return int(np.flatnonzero(ranking.order == photograph)[0]) + 1


@cache
def leave_one_out() -> LeaveOneOut:
    """Leave every animal out in turn. Callers must not change the arrays."""
    table = animals.descriptions()
    count = len(table)
    described, trained, photographs, undescribed = np.zeros((4, count), np.int64)
    needed, lost = np.empty(count), np.full((count, count), np.nan)
    for out in range(count):
        left = shipped_fold(out)
        mine, against = left.ask(table[out]), left.ask(table[out], against_trained=True)
        described[out], trained[out] = mine.places[out], against.places[out]
        photographs[out] = _place_of(mine, out)
        undescribed[out] = _place_of(left.ask(np.zeros_like(table[out])), out)
        needed[out] = -against.leads[out]
        right = against.rivals == np.arange(count)
        lost[out, right] = -against.leads[right]
    return LeaveOneOut(described, trained, photographs, undescribed, needed, lost)


def constants() -> tuple[float, ...]:
    """Return the constants that the reader can choose, in logits."""
    return tuple(CONSTANT_STEP * step for step in range(round(MAX_CONSTANT / CONSTANT_STEP) + 1))


def top(places: Sequence[int] | IntArray, count: int) -> int:
    """Return how many places are at most `count`.

    Example:

    >>> top([1, 3, 6], 5)
    2
    """
    return int((np.asarray(places) <= count).sum())
