"""What the browser draws of a split: a dot for each image, coloured by what it is used for.

main.js draws it, and steps through the epochs of a leak without asking the server.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.core.images.shuffle_leak import Epoch
from lib.core.splits import IntArray, Splits
from lib.figures import theme

# A letter for each use an image can have; one string of them describes thousands of dots.
TRAIN, VALIDATION, TEST, UNUSED, SEEN = "tveux"


@dataclass(frozen=True)
class Use:
    """What an image is used for, as a kind of dot.

    Args:
        code: A letter.
        name: In words.
        shape: "circle", "square", "diamond" or "ring", as colour must not say it alone.
        colour: Name of a colour in theme.Palette.
    """

    code: str
    name: str
    shape: str
    colour: str


USES = (
    Use(TRAIN, "training", "circle", "train"),
    Use(VALIDATION, "validation", "square", "validation"),
    Use(TEST, "test", "diamond", "test"),
    Use(UNUSED, "not used", "ring", "train"),
)
LEAK_USES = (
    Use(TRAIN, "trained on", "circle", "train"),
    Use(VALIDATION, "validates, never trained on", "square", "validation"),
    Use(SEEN, "validates, though trained on", "square", "ink"),
    Use(UNUSED, "not trained on yet", "ring", "train"),
)


def codes(parts: Splits, num_images: int) -> str:
    """The use of every image, as one letter per image.

    Args:
        parts: A split.
        num_images: Of the dataset.

    Example:

    >>> codes(Splits(np.array([4, 0]), np.array([1]), np.array([3])), 5)
    'tvuet'
    """
    letters = np.full(num_images, UNUSED)
    letters[parts.train], letters[parts.validation], letters[parts.test] = TRAIN, VALIDATION, TEST
    return "".join(letters)


def leak_codes(epochs: Sequence[Epoch], num_images: int) -> list[str]:
    """The use of every image at the end of each epoch, as one letter per image.

    Args:
        epochs: From the first on.
        num_images: Of the dataset.
    """
    letters = np.full(num_images, UNUSED)
    result = []
    for epoch in epochs:
        letters[epoch.train] = TRAIN
        shown = letters.copy()
        shown[epoch.validation] = VALIDATION
        shown[epoch.seen] = SEEN
        result.append("".join(shown))
    return result


def split_dots(
    parts: Splits, labels: IntArray, class_names: Sequence[str], *, dark: bool = False
) -> dict[str, Any]:
    """A split, class by class.

    Args:
        parts: The split.
        labels: (num_images,), class index of every image.
        class_names: In label order.
        dark: Which appearance.
    """
    letters = codes(parts, len(labels))
    frame = _frame("", letters, labels, class_names, together=True)
    return _described([frame], USES, letters, class_names, dark) | {
        "label": "A dot for each image: " + in_words(parts, labels, class_names),
    }


def leak_dots(
    epochs: Sequence[Epoch], labels: IntArray, class_names: Sequence[str], *, dark: bool = False
) -> dict[str, Any]:
    """The epochs of a leak: who validates, and who of them has been trained on.

    Args:
        epochs: From the first on.
        labels: (num_images,), class index of every image.
        class_names: In label order.
        dark: Which appearance.
    """
    steps = leak_codes(epochs, len(labels))
    frames = [
        _frame(f"epoch {epoch.epoch} of {len(epochs)}", letters, labels, class_names)
        for epoch, letters in zip(epochs, steps, strict=True)
    ]
    last = epochs[-1]
    return _described(frames, LEAK_USES, steps[-1], class_names, dark) | {
        "label": "A dot for each image, epoch by epoch. In the last epoch "
        f"{len(last.seen):,} of {len(last.validation):,} validation images have been trained on.",
    }


def in_words(parts: Splits, labels: IntArray, class_names: Sequence[str]) -> str:
    """The split in a sentence, for those who cannot see it.

    Example:

    >>> parts = Splits(np.array([0, 2]), np.array([1]), np.array([3]))
    >>> in_words(parts, np.array([0, 0, 1, 1]), ("cat", "dog"))
    'cat: 1 training, 1 validation, 0 test; dog: 1 training, 0 validation, 1 test.'
    """
    counts = {
        name: np.bincount(labels[part], minlength=len(class_names))
        for name, part in (
            ("training", parts.train),
            ("validation", parts.validation),
            ("test", parts.test),
        )
    }
    rows = (
        f"{title}: " + ", ".join(f"{count[label]:,} {name}" for name, count in counts.items())
        for label, title in enumerate(class_names)
    )
    return "; ".join(rows) + "."


def _frame(
    words: str,
    letters: str,
    labels: IntArray,
    class_names: Sequence[str],
    *,
    together: bool = False,
) -> dict[str, Any]:
    """All dots at one moment; `together` puts those of the same use beside each other."""
    everything = np.array(list(letters))
    order = {code: place for place, code in enumerate((TRAIN, VALIDATION, TEST, SEEN, UNUSED))}
    groups = []
    for label in range(len(class_names)):
        members = np.flatnonzero(labels == label)
        if together:
            members = np.array(sorted(members, key=lambda at: (order[letters[at]], at)), np.int64)
        groups.append("".join(everything[members]))
    return {"words": words, "groups": groups, "counts": dict(Counter(letters))}


def _described(
    frames: list[dict[str, Any]],
    uses: Sequence[Use],
    letters: str,
    class_names: Sequence[str],
    dark: bool,
) -> dict[str, Any]:
    colours = theme.palette(dark)
    counts: Mapping[str, int] = Counter(letters)
    return {
        "frames": frames,
        "names": list(class_names),
        "uses": [
            {
                "code": use.code,
                "name": use.name,
                "shape": use.shape,
                "colour": getattr(colours, use.colour),
            }
            for use in uses
            if use.code != UNUSED
            or any(use.code in frame["counts"] for frame in frames)
            or counts[use.code]
        ],
        "paper": colours.paper,
    }
