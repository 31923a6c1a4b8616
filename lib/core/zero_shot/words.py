"""A classifier for a word without training: the answers of ImageNet's classes, added up."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Smaller shares are counted as this much: a logarithm needs more than 0.
LEAST_SHARE = 1e-7


@dataclass(frozen=True)
class Word:
    """A word and the classes of ImageNet that belong to it.

    Args:
        name: The word.
        classes: Indices of the classes, 0 to 999.
    """

    name: str
    classes: tuple[int, ...]


def _classes(*ranges: tuple[int, int]) -> tuple[int, ...]:
    return tuple(index for first, last in ranges for index in range(first, last + 1))


# Dataset -> the words of its two classes, in label order; none if ImageNet has no class for them.
# ImageNet's classes 0 to 397 are its animals, 151 to 268 its breeds of dogs, 281 to 285 its
# domestic cats. Food and drink: 924 to 957 and 959 to 969 without hay (958) and cup (968), and
# corn (987).
WORDS: dict[str, tuple[Word, ...]] = {
    "openmoji_animals_food": (
        Word("animal", _classes((0, 397))),
        Word("food", _classes((924, 957), (959, 967), (969, 969), (987, 987))),
    ),
    "elpv": (),
    "cats_vs_dogs": (Word("cat", _classes((281, 285))), Word("dog", _classes((151, 268)))),
}


def log_odds(probabilities: FloatArray, words: tuple[Word, ...]) -> FloatArray:
    """Add up the probabilities of the classes of two words, and compare them.

    Args:
        probabilities: (images, 1000), of ImageNet's classifier.
        words: Two words.

    Returns:
        Natural logarithm of (second word : first word), positive where the second one is the
        answer. Output shape: (images,).

    Raises:
        ValueError: If there are not two words.

    Example:

    >>> shares = np.zeros((1, 1000)); shares[0, [281, 282, 200]] = 0.1, 0.1, 0.8
    >>> round(float(log_odds(shares, WORDS["cats_vs_dogs"])[0]), 3)  # log(0.8 / 0.2)
    1.386
    """
    if len(words) != 2:
        raise ValueError(f"Expected two words; got {len(words)}.")
    first, second = (
        np.maximum(probabilities[:, list(word.classes)].sum(axis=1), LEAST_SHARE) for word in words
    )
    odds: FloatArray = np.log(second / first)
    return odds


def threshold(unlabelled: FloatArray) -> float:
    """Return where to cut the log odds so that each of two words gets half of some images.

    One word may have eight times as many classes as the other, and the network may like one of
    them more on any drawing. This calibration needs images but no labels; it takes for granted
    that both classes are equally common.

    Args:
        unlabelled: (images,), log odds of training images.

    Example:

    >>> threshold(np.array([-3.0, -2.0, 1.0, 2.0]))
    -0.5

    Reference:
        Calibrating a zero-shot classifier by its own answers: Zhao and others 2021 (zhao-2021).
    """
    return float(np.median(unlabelled))


def correct(odds: FloatArray, labels: IntArray, cut: float = 0.0) -> IntArray:
    """Return 1 for each image whose word is its class, otherwise 0.

    Args:
        odds: (images,), log odds.
        labels: (images,), 0 for the first word and 1 for the second.
        cut: Log odds from which on the second word is the answer.
    """
    right: IntArray = ((odds > cut).astype(np.int64) == labels).astype(np.int64)
    return right
