"""What a case shows, computed from its recorded runs: how much a fault costs, with its interval.

Each measure compares the broken runs with the mended ones, seed by seed. The 95 % intervals are
over seeds and test images where both change the value, and over seeds where no image does
(`lib.core.intervals`). For a run with nothing wrong, a measure says why it only looks wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from lib.core import intervals
from lib.core.broken import store
from lib.core.broken.store import Outcomes, Recorded

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Claim:
    """What a case shows.

    Args:
        value: The mean over the seeds: a difference of accuracies from -1 to 1, or of losses.
        low: Lower end of its 95 % interval.
        high: Upper end.
        broken: The same quantity of the broken runs, before the difference is taken.
        mended: Of the mended runs. For a run with nothing wrong, `broken` and `mended` are the two
            quantities of the same runs that are compared.
        num_seeds: Number of seeds.
        holds: True if the effect is there: the interval lies on the side that the case claims.
        words: What it shows, in one or two sentences.
    """

    value: float
    low: float
    high: float
    broken: float
    mended: float
    num_seeds: int
    holds: bool
    words: str


def claim(recorded: Recorded) -> Claim:
    """Return what the recorded runs of a case show."""
    return MEASURES[recorded.case.measure](recorded)


def _of(outcomes: Outcomes, name: str) -> FloatArray:
    return np.array([each[name] for each in outcomes.results])


def _points(value: float) -> str:
    return f"{abs(value) * 100:.1f} points"


def _range(low: float, high: float) -> str:
    return f"95 % interval {low * 100:.1f} to {high * 100:.1f}"


def _over_seeds(values: FloatArray) -> tuple[float, float, float]:
    """Mean of a value over seeds, and its 95 % interval by Student's t."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, -float("inf"), float("inf")
    half = intervals.t_quantile(len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))
    return mean, mean - half, mean + half


def _seeds(number: int) -> str:
    return f"over {number} seeds" if number > 1 else "with one seed"


# --- What a fault costs ---------------------------------------------------------------------------


def _test_accuracy(recorded: Recorded) -> Claim:
    broken, mended = recorded.outcomes, recorded.mended_outcomes
    return _right(recorded, np.ones(len(broken.labels), bool), "test accuracy", mended)


def _recall_of_last_class(recorded: Recorded) -> Claim:
    name = recorded.evidence.confusion["class_names"][-1]
    labels = recorded.outcomes.labels
    found = _right(
        recorded, labels == labels.max(), f'recall of "{name}"', recorded.mended_outcomes
    )
    validation = float(_of(recorded.outcomes, "val_accuracy").mean())
    words = (
        f"{found.words} The validation accuracy of the broken runs was {validation:.1%} even so."
    )
    return Claim(**(vars(found) | {"words": words}))


def _right(recorded: Recorded, chosen: npt.NDArray[np.bool_], what: str, mended: Outcomes) -> Claim:
    """Compare the share of right answers on some of the test images, which all runs share."""
    broken = recorded.outcomes
    number = min(len(broken.seeds), len(mended.seeds))
    first, second = broken.right[:number, chosen], mended.right[:number, chosen]
    differences = first.astype(float) - second.astype(float)
    low, high = intervals.crossed_interval(differences)
    value, was, is_ = float(differences.mean()), float(second.mean()), float(first.mean())
    return Claim(
        value,
        low,
        high,
        is_,
        was,
        number,
        high < 0,
        f"It cost {_points(value)} of {what} ({_range(-high, -low)}), {_seeds(number)}: {is_:.1%} "
        f"instead of {was:.1%} on {int(chosen.sum()):,} test images.",
    )


def _validation_minus_test(recorded: Recorded) -> Claim:
    shown, mended = (
        _of(each, "val_accuracy") - _of(each, "test_accuracy")
        for each in (recorded.outcomes, recorded.mended_outcomes)
    )
    number = min(len(shown), len(mended))
    value, low, high = _over_seeds(shown[:number] - mended[:number])
    above = float(shown.mean())
    return Claim(
        value,
        low,
        high,
        above,
        float(mended.mean()),
        number,
        low > 0,
        f"Validation promised {_points(above)} more than the test images gave. In the mended runs "
        f"the two differ by {_points(float(mended.mean()))}; the promise grew by {_points(value)} "
        f"({_range(low, high)}), {_seeds(number)}.",
    )


def _validation_uncertainty(recorded: Recorded) -> Claim:
    broken, mended = (
        np.array([_half_width(each["val_accuracy"], each["num_validation"]) for each in of.results])
        for of in (recorded.outcomes, recorded.mended_outcomes)
    )
    number = min(len(broken), len(mended))
    value, low, high = _over_seeds(broken[:number] - mended[:number])
    values = _of(recorded.outcomes, "val_accuracy")
    images = int(recorded.outcomes.results[0]["num_validation"])
    return Claim(
        value,
        low,
        high,
        float(broken.mean()),
        float(mended.mean()),
        number,
        low > 0,
        f"With {images} validation images the accuracy is known to plus or minus "
        f"{_points(float(broken.mean()))}, and to {_points(float(mended.mean()))} in the mended "
        f"runs. Between seeds it was anything from {values.min():.0%} to {values.max():.0%}.",
    )


def _half_width(accuracy: float, num_images: float) -> float:
    number = int(num_images)
    low, high = intervals.wilson_interval(round(accuracy * number), number)
    return (high - low) / 2


def _test_loss(recorded: Recorded) -> Claim:
    broken, mended = (
        _of(each, "test_loss") for each in (recorded.outcomes, recorded.mended_outcomes)
    )
    number = min(len(broken), len(mended))
    value, low, high = _over_seeds(broken[:number] - mended[:number])
    accuracy = _right(
        recorded, np.ones(len(recorded.outcomes.labels), bool), "", recorded.mended_outcomes
    )
    told = accuracy.low > 0 or accuracy.high < 0
    same = "The accuracy changed by" if told else "The accuracy changed by no more than chance,"
    return Claim(
        value,
        low,
        high,
        float(broken.mean()),
        float(mended.mean()),
        number,
        low > 0,
        f"The loss on the test images was {broken.mean():.2f} instead of {mended.mean():.2f} "
        f"(difference {value:.2f}, 95 % interval {low:.2f} to {high:.2f}), {_seeds(number)}: the "
        f"wrong answers are more confident. {same} {accuracy.value * 100:+.1f} points.",
    )


# --- Why nothing is wrong -------------------------------------------------------------------------


def _training_evaluated(recorded: Recorded) -> Claim:
    of = recorded.outcomes
    seen, again, val = (_of(of, name) for name in ("accuracy", "train_accuracy", "val_accuracy"))
    value, low, high = _over_seeds(again - val)
    return Claim(
        value,
        low,
        high,
        float(seen.mean()),
        float(again.mean()),
        len(seen),
        low > 0 and bool((val > seen).all()),
        f"While they were trained on, the training images scored {seen.mean():.1%} and validation "
        f"{val.mean():.1%}. Evaluated as validation images are, the same training images scored "
        f"{again.mean():.1%}, {_seeds(len(seen))}.",
    )


def _dip(recorded: Recorded) -> Claim:
    of = recorded.outcomes
    head, lowest, end = (
        _of(of, name) for name in ("head_val_accuracy", "low_val_accuracy", "val_accuracy")
    )
    value, low, high = _over_seeds(end - head)
    return Claim(
        value,
        low,
        high,
        float(lowest.mean()),
        float(end.mean()),
        len(head),
        low > 0 and bool((lowest < head).all()),
        f"After thawing, validation fell from {head.mean():.1%} to {lowest.mean():.1%}, and ended "
        f"at {end.mean():.1%}: {_points(value)} above the head alone ({_range(low, high)}), "
        f"{_seeds(len(head))}.",
    )


def _noise(recorded: Recorded) -> Claim:
    of, history = recorded.outcomes, recorded.shown.history
    late = [record.val_accuracy for record in history[-len(history) // 2 :]]
    spread = (max(late) - min(late)) / 2
    margin = _half_width(history[-1].val_accuracy, of.results[0]["num_validation"])
    number = int(of.results[0]["num_validation"])
    test = float(_of(of, "test_accuracy").mean())
    return Claim(
        margin - spread,
        margin - spread,
        margin - spread,
        spread,
        margin,
        len(of.seeds),
        spread < margin,
        f"In the second half the line moves within plus or minus {_points(spread)}. With {number} "
        f"validation images chance alone makes plus or minus {_points(margin)}. The test accuracy "
        f"is {test:.1%}, {_seeds(len(of.seeds))}.",
    )


# Measure of a case -> what it shows.
MEASURES: dict[str, Callable[[Recorded], Claim]] = {
    "test_accuracy": _test_accuracy,
    "recall_of_last_class": _recall_of_last_class,
    "validation_minus_test": _validation_minus_test,
    "validation_uncertainty": _validation_uncertainty,
    "test_loss": _test_loss,
    "training_evaluated": _training_evaluated,
    "dip": _dip,
    "noise": _noise,
}


def in_the_game() -> tuple[str, ...]:
    """Return the ids of the recorded cases whose effect shows, in the order of the catalogue."""
    found = ((case_id, store.load(case_id)) for case_id in store.recorded())
    return tuple(case_id for case_id, recorded in found if recorded and claim(recorded).holds)
