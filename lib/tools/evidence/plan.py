"""Which runs the evidence consists of, the most important ones first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lib.core.evidence import folds, grid
from lib.core.evidence.grid import EVERYTHING, GRADUAL, HEAD, RATES, SCRATCH, TOP

# The first thawed layers of the question "how deep to cut?", between TOP and EVERYTHING.
DEPTHS = (
    "block_14_expand_conv",
    "block_8_expand_conv",
    "block_5_expand_conv",
    "block_3_expand_conv",
)
# Datasets of which more is asked than what thawing gains.
DISSIMILAR, SIMILAR, TECHNICAL = "digits", "cats_vs_dogs", "elpv"
SCRATCH_RATE = 1e-3
# Deeper than TOP the highest rate destroys the network, as the runs of all rates show: of two
# rates, those are tried that are left.
OF_TOP, DEEPER = RATES[:2], RATES[1:]


@dataclass(frozen=True)
class Job:
    """A run to record.

    Args:
        dataset: Key of grid.SIZES.
        way: As in grid.Line.
        num_images: Training images.
        seed: Of the run.
        image_size: In pixels.
        rate: Of the thawed layers; 0 for a head.
    """

    dataset: str
    way: str
    num_images: int
    seed: int
    image_size: int = grid.THAWED_SIZE
    rate: float = 0.0


def heads(sizes: Sequence[int], seeds: Sequence[int]) -> Iterator[Job]:
    """Heads on stored features: all datasets and numbers of images."""
    for size in sizes:
        for dataset, numbers in grid.SIZES.items():
            for num_images in numbers:
                for seed in seeds:
                    yield Job(dataset, HEAD, num_images, seed, size, 0.0)


def gains(
    way: str, rows: Sequence[int], seeds: Sequence[int], of: Sequence[float] = ()
) -> Iterator[Job]:
    """What a way of thawing gains, at several rates.

    Args:
        way: TOP or EVERYTHING.
        rows: Which of the numbers of images of grid.THAWED_SIZES.
        seeds: Of the runs.
        of: The rates; without any, two.
    """
    for seed in seeds:
        for row in rows:
            for dataset, numbers in grid.THAWED_SIZES.items():
                for rate in of or (OF_TOP if way == TOP else DEEPER):
                    yield Job(dataset, way, numbers[row], seed, rate=rate)


def of_rates(dataset: str, seeds: Sequence[int]) -> Iterator[Job]:
    """What the rate does."""
    for seed in seeds:
        for rate in RATES:
            yield Job(dataset, EVERYTHING, grid.RATE_SIZES[dataset], seed, rate=rate)


def scratch(dataset: str, rows: Sequence[int], seeds: Sequence[int]) -> Iterator[Job]:
    """Training from scratch."""
    for row in rows:
        for seed in seeds:
            number = grid.THAWED_SIZES[dataset][row]
            yield Job(dataset, SCRATCH, number, seed, rate=SCRATCH_RATE)


def depths(dataset: str, rows: Sequence[int], seeds: Sequence[int]) -> Iterator[Job]:
    """How deep to cut."""
    for row in rows:
        for seed in seeds:
            for layer in DEPTHS:
                for rate in DEEPER:
                    number = grid.THAWED_SIZES[dataset][row]
                    yield Job(dataset, f"from {layer}", number, seed, rate=rate)


def gradual(dataset: str, seeds: Sequence[int]) -> Iterator[Job]:
    """Thawing in two steps."""
    for seed in seeds:
        for rate in RATES[:2]:
            yield Job(dataset, GRADUAL, grid.RATE_SIZES[dataset], seed, rate=rate)


def jobs() -> tuple[Job, ...]:
    """All runs, in the order in which they are recorded, each once.

    Five seeds, so that every image is a test image once; ten of heads, and of thawed runs that take
    seconds.
    """
    few, most = (0, 1), (2,)
    first, later = grid.SEEDS[: folds.NUM_FOLDS], grid.SEEDS[folds.NUM_FOLDS :]
    further = (DISSIMILAR, SIMILAR, TECHNICAL)
    asked = [
        *heads((grid.THAWED_SIZE,), grid.SEEDS),
        *gains(TOP, few, first),
        *gains(EVERYTHING, few, first),
        *gains(TOP, most, first),
    ]
    for dataset in (DISSIMILAR, SIMILAR):
        asked += depths(dataset, few, first)
    for dataset in further:
        asked += [
            *of_rates(dataset, first),
            *gradual(dataset, first),
            *scratch(dataset, (0,), first),
        ]
    asked += gains(EVERYTHING, most, first)
    asked += [*heads(grid.HEAD_SIZES, grid.SEEDS), *gains(TOP, few, later)]
    asked += [*gains(EVERYTHING, (0,), later), *scratch(DISSIMILAR, (1,), first)]
    return tuple(dict.fromkeys(asked))
