"""What the recorded runs say: differences between ways, paired over folds and images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.core import intervals
from lib.core.evidence import grid
from lib.core.evidence.grid import EVERYTHING, HEAD, SCRATCH, TOP, Line, Recorded
from lib.core.intervals import MeanDifference

# Thawing is whichever of these the validation images of a run prefer.
THAWED = (TOP, EVERYTHING)
# A comparison of fewer seeds is not shown.
FEWEST_SEEDS = 2


@dataclass(frozen=True)
class Point:
    """A mean difference with some number of training images.

    Args:
        num_images: Number of training images.
        difference: First way minus second way.
        first: Mean test accuracy of the first way.
        second: Mean test accuracy of the second way, on the same images.
    """

    num_images: int
    difference: MeanDifference
    first: float
    second: float


def compare(
    recorded: Recorded, first: dict[int, Line], second: dict[int, Line], num_images: int
) -> Point | None:
    """Compare two ways on the seeds that both have; None with fewer than FEWEST_SEEDS.

    Args:
        recorded: Everything recorded on the dataset.
        first: The runs of one way by seed.
        second: Those of the other.
        num_images: Number of training images of all of them.
    """
    seeds = sorted(set(first) & set(second))
    if len(seeds) < FEWEST_SEEDS:
        return None
    one = [recorded.correct(first[seed]).astype(np.float64) for seed in seeds]
    other = [recorded.correct(second[seed]).astype(np.float64) for seed in seeds]
    images = [recorded.test_images(seed) for seed in seeds]
    found = intervals.folded_difference([a - b for a, b in zip(one, other, strict=True)], images)
    return Point(
        num_images,
        found,
        float(np.concatenate(one).mean()),
        float(np.concatenate(other).mean()),
    )


def thawed(recorded: Recorded, num_images: int) -> dict[int, Line]:
    """The thawed run of each seed that its validation images prefer, among those recorded."""
    found: dict[int, Line] = {}
    for way in THAWED:
        for seed, line in recorded.seeds(way, num_images).items():
            if seed not in found or line.val_loss < found[seed].val_loss:
                found[seed] = line
    return found


def gain_of_thawing(recorded: Recorded) -> tuple[Point, ...]:
    """What thawing gains over the head alone at the same image size, fewest images first."""
    return _points(
        recorded,
        grid.THAWED_SIZES[recorded.dataset],
        lambda number: thawed(recorded, number),
        lambda number: recorded.seeds(HEAD, number),
    )


def gain_of_pretraining(recorded: Recorded) -> tuple[Point, ...]:
    """What a pretrained network with a new head gains over one from scratch."""
    return _points(
        recorded,
        grid.THAWED_SIZES[recorded.dataset],
        lambda number: recorded.seeds(HEAD, number),
        lambda number: recorded.seeds(SCRATCH, number),
    )


def gain_of_resolution(recorded: Recorded, num_images: int) -> tuple[tuple[int, Point], ...]:
    """What a larger image gains for the head, over THAWED_SIZE pixels.

    Returns:
        Pairs of an image size and what it gains, smallest size first.
    """
    found = []
    for size in grid.HEAD_SIZES:
        here = recorded.seeds(HEAD, num_images, image_size=size)
        point = compare(recorded, here, recorded.seeds(HEAD, num_images), num_images)
        if point:
            found.append((size, point))
    return tuple(found)


def _points(
    recorded: Recorded,
    numbers: Sequence[int],
    first: Callable[[int], dict[int, Line]],
    second: Callable[[int], dict[int, Line]],
) -> tuple[Point, ...]:
    found = (compare(recorded, first(each), second(each), each) for each in numbers)
    return tuple(point for point in found if point)


def accuracy(recorded: Recorded, lines: dict[int, Line]) -> float:
    """Mean accuracy of runs over all their test images, 0 to 1."""
    return float(np.concatenate([recorded.correct(line) for line in lines.values()]).mean())


def by_images(recorded: Recorded, way: str) -> tuple[tuple[int, float], ...]:
    """Mean accuracy of a way for each number of images at THAWED_SIZE pixels."""
    found = []
    for number in sorted({*grid.SIZES[recorded.dataset], *grid.THAWED_SIZES[recorded.dataset]}):
        lines = recorded.seeds(way, number)
        if len(lines) >= FEWEST_SEEDS:
            found.append((number, accuracy(recorded, lines)))
    return tuple(found)


def worth_in_images(curve: Sequence[tuple[int, float]], wanted: float) -> tuple[float, bool] | None:
    """With how many images a way reaches an accuracy: straight between its points, over log images.

    Args:
        curve: Pairs of a number of images and an accuracy, fewest images first.
        wanted: An accuracy.

    Returns:
        The number of images, and False if even the most that were recorded do not reach it, in
        which case it is that number; None for an empty curve.

    Example:

    >>> worth_in_images(((50, 0.5), (200, 0.7)), 0.6)
    (100.0, True)
    >>> worth_in_images(((50, 0.5), (200, 0.7)), 0.8)
    (200.0, False)
    """
    if not curve:
        return None
    before = curve[0]
    if before[1] >= wanted:
        return float(before[0]), True
    for point in curve[1:]:
        if point[1] >= wanted:
            share = (wanted - before[1]) / (point[1] - before[1])
            low, high = np.log(before[0]), np.log(point[0])
            return round(float(np.exp(low + share * (high - low))), 6), True
        before = point
    return float(before[0]), False


# --- How deep to cut ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Depth:
    """One cut.

    Args:
        way: As in grid.Line.
        thawed: Share of the backbone's parameters that are thawed, 0 to 1.
        point: What it gains over the head alone.
    """

    way: str
    thawed: float
    point: Point


def depths(recorded: Recorded, num_images: int, shares: dict[str, float]) -> tuple[Depth, ...]:
    """What each cut gains over the head alone, shallowest first.

    Args:
        recorded: Everything recorded on the dataset.
        num_images: Number of training images.
        shares: Way -> share of the parameters that it thaws.
    """
    head = recorded.seeds(HEAD, num_images)
    found = []
    for way, share in sorted(shares.items(), key=lambda item: item[1]):
        point = compare(recorded, recorded.seeds(way, num_images), head, num_images)
        if point:
            found.append(Depth(way, share, point))
    return tuple(found)


def of_rates(recorded: Recorded) -> tuple[tuple[float, Point], ...]:
    """What everything thawed gains over the head alone at each rate, the highest rate first."""
    number = grid.RATE_SIZES[recorded.dataset]
    head = recorded.seeds(HEAD, number)
    found = []
    for rate in grid.RATES:
        point = compare(recorded, recorded.seeds(EVERYTHING, number, rate=rate), head, number)
        if point:
            found.append((rate, point))
    return tuple(found)


# --- Similarity -----------------------------------------------------------------------------------


def similarity_and_gain(
    everything: Sequence[Recorded], similarity: Callable[[str], float | None]
) -> tuple[tuple[str, float, Point], ...]:
    """How similar each dataset is to ImageNet, and what thawing gains with its most images.

    Args:
        everything: All recorded datasets.
        similarity: Dataset -> its measured similarity, 0 to 1; None if it was not measured.
    """
    found = []
    for recorded in everything:
        gain, value = gain_of_thawing(recorded), similarity(recorded.dataset)
        if gain and value is not None:
            found.append((recorded.dataset, value, gain[-1]))
    return tuple(found)


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """Spearman's correlation of pairs, -1 to 1; 0 with fewer than three.

    Example:

    >>> rank_correlation([(0.1, 5.0), (0.4, 3.0), (0.9, 0.0)])
    -1.0
    """
    if len(pairs) < 3:
        return 0.0
    first, second = (_ranks(np.asarray(column)) for column in zip(*pairs, strict=True))
    return round(float(np.corrcoef(first, second)[0, 1]), 6)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rank of each value; equal values share their mean rank."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    for value in np.unique(values):
        same = values == value
        ranks[same] = ranks[same].mean()
    return ranks
