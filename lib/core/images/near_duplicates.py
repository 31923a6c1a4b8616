"""Duplicate pictures, found by perceptual hashes and verified by pixels.

The hashes select the pairs to compare, and the pixels show whether both are the same picture. Other
pairs are only nearly alike: both may have a plain background, or show one object photographed
twice, which leaks too. Only a person who knows the pictures can decide. A pair is harmful if its
images are in different splits: a test image that was also trained on measures nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.core.splits import IntArray, Splits

# Only pairs whose 64-bit hashes differ in at most this many bits are compared. When 60 drawings and
# 60 solar cells were saved again as JPEG or at half size, nine in ten differed in no more bits.
MAX_DISTANCE = 4
# Correlation of all pixels at 96 x 96. The same images had 0.9992 or more when saved again as JPEG
# of quality 75, and nine in ten had 0.9978 or more at half size or quality 30. No two of the 2,223
# solar cells, many of which look alike, have more than 0.9974.
COPY_CORRELATION = 0.998
COMPARED_SIZE = 96
# Among thousands of images on a plain background, nearly every pair is close: compare no more.
MAX_PAIRS = 20_000
# Number of hashes compared at a time, so that memory stays bounded.
CHUNK = 512

SAME, COPY, ALIKE = "same", "copy", "alike"
KINDS = {SAME: "the same pixels", COPY: "the same picture, saved again", ALIKE: "nearly alike"}
PARTS = ("training", "validation", "test")


@dataclass(frozen=True, order=True)
class Pair:
    """Two images with close hashes.

    Args:
        first: Index of an image.
        second: Index of the other image, larger than `first`.
        distance: Number of bits in which their hashes differ.
        kind: Key of KINDS, decided by their pixels.
    """

    first: int
    second: int
    distance: int
    kind: str


def close_pairs(hashes: npt.ArrayLike, max_distance: int = MAX_DISTANCE) -> IntArray:
    """Find the pairs of hashes that differ in few bits.

    Args:
        hashes: (num_images,), 64 bits each.
        max_distance: Largest distance in bits.

    Returns:
        (pairs, 3): index of the first, index of the second (larger), and distance in bits; the
        MAX_PAIRS closest pairs, sorted by index.

    Example:

    >>> close_pairs([0b0000, 0b1111_1111, 0b0001]).tolist()
    [[0, 2, 1]]
    """
    values = np.asarray(hashes, np.uint64)
    found = []
    for start in range(0, len(values), CHUNK):
        # (chunk, num_images); only pairs right of the diagonal are new.
        distances = np.bitwise_count(values[start : start + CHUNK, np.newaxis] ^ values)
        rows, columns = np.nonzero(distances <= max_distance)
        new = columns > rows + start
        rows, columns = rows[new], columns[new]
        found.append(np.stack([rows + start, columns, distances[rows, columns]], axis=1))
    if not found:
        return np.empty((0, 3), np.int64)
    pairs = np.concatenate(found).astype(np.int64)
    return pairs[np.sort(np.argsort(pairs[:, 2], kind="stable")[:MAX_PAIRS])]


def correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the correlation of two pictures, -1 to 1, independent of brightness and contrast.

    It is 1 for equal pictures, and 0 if one of two different pictures has only one colour.

    Example:

    >>> round(correlation([[0, 10], [20, 30]], [[5, 10], [15, 20]]), 6)
    1.0
    """
    one, other = (np.asarray(each, np.float64).ravel() for each in (first, second))
    if np.array_equal(one, other):
        return 1.0
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if norm else 0.0


def across(
    pairs: Sequence[Pair], parts: Splits, kinds: Collection[str] = (SAME, COPY)
) -> tuple[tuple[Pair, str, str], ...]:
    """Find the pairs whose images are in different splits, with the names of both splits.

    Args:
        pairs: Pairs of images of the dataset.
        parts: Splits of the dataset.
        kinds: Keys of KINDS to include.
    """
    part_of = {
        int(index): name
        for name, members in zip(PARTS, (parts.train, parts.validation, parts.test), strict=True)
        for index in members
    }
    placed = (
        (pair, part_of.get(pair.first), part_of.get(pair.second))
        for pair in pairs
        if pair.kind in kinds
    )
    return tuple(
        (pair, one, other) for pair, one, other in placed if one and other and one != other
    )


def trained_alike(pairs: Sequence[Pair], parts: Splits) -> int:
    """Count the test images that are nearly alike to a training image.

    Args:
        pairs: Pairs of images of the dataset.
        parts: Splits of the dataset.
    """
    return len(
        {
            pair.first if one == "test" else pair.second
            for pair, one, other in across(pairs, parts, (ALIKE,))
            if {one, other} == {"training", "test"}
        }
    )
