"""Duplicate pictures, found by perceptual hashes and verified by pixels.

The hashes select the pairs to compare, and the pixels show whether they are the same picture. The
other pairs only look alike: both may have a plain background, or show one object photographed
twice, which leaks too; only somebody who knows the pictures can decide. A pair is harmful if it
crosses the splits: a test image that was trained on measures nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.core.splits import IntArray, Splits

# Of the 64 bits of a hash at most so many differ in a pair that is worth comparing. Of 60 drawings
# and 60 solar cells, saved again as JPEG or at half size, nine in ten differed in no more.
MAX_DISTANCE = 4
# Correlation of all pixels at 96 x 96. The same images, saved again as JPEG of quality 75, had
# 0.9992 or more, and nine in ten had 0.9978 at half size or of quality 30; no two of the 2,223
# solar cells, of which many look alike, have over 0.9974.
COPY_CORRELATION = 0.998
COMPARED_SIZE = 96
# Of thousands of images on one plain background, nearly every pair is close: no more are compared.
MAX_PAIRS = 20_000
# Hashes compared at a time, so that memory stays bounded.
CHUNK = 512

SAME, COPY, ALIKE = "same", "copy", "alike"
KINDS = {SAME: "the same pixels", COPY: "the same picture, saved again", ALIKE: "nearly alike"}
PARTS = ("training", "validation", "test")


@dataclass(frozen=True, order=True)
class Pair:
    """Two images with close hashes.

    Args:
        first: Index of an image.
        second: Index of the other, larger than that.
        distance: Bits in which their hashes differ.
        kind: Key of KINDS, by their pixels.
    """

    first: int
    second: int
    distance: int
    kind: str


def close_pairs(hashes: npt.ArrayLike, max_distance: int = MAX_DISTANCE) -> IntArray:
    """Every pair of hashes that differ in few bits.

    Args:
        hashes: (num_images,), 64 bits each.
        max_distance: In bits.

    Returns:
        (pairs, 3): the place of one, the place of the other behind it, and the distance in bits;
        the closest MAX_PAIRS, in the order of their places.

    Example:

    >>> close_pairs([0b0000, 0b1111_1111, 0b0001]).tolist()
    [[0, 2, 1]]
    """
    values = np.asarray(hashes, np.uint64)
    found = []
    for start in range(0, len(values), CHUNK):
        # (chunk, num_images), of which only what is behind the diagonal is new.
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
    """How alike two pictures are, from -1 to 1, whatever their brightness and contrast.

    Two pictures of one colour each say nothing, and have 0, unless they are equal.

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
    """The pairs with one picture in one split and the other in another, with their names.

    Args:
        pairs: As they were found.
        kinds: Keys of KINDS that count.
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
    """How many test images nearly look like one of the training images.

    Args:
        pairs: As they were found.
    """
    return len(
        {
            pair.first if one == "test" else pair.second
            for pair, one, other in across(pairs, parts, (ALIKE,))
            if {one, other} == {"training", "test"}
        }
    )
