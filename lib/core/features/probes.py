"""How far each depth carries: the accuracy of a linear head on the features of every depth.

The head is the one that a run with a frozen backbone trains: logistic regression, solved, with a
penalty chosen by cross-validation. Each image is classified by a head that has not seen it. The
backbone, the input size and the choice of images are those of lib.core.strategy.similarity.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from lib.core import intervals
from lib.core.errors import StoreError
from lib.core.features.depths import Depth, depths
from lib.core.files.shipped import DATA
from lib.core.intervals import PairedDifference
from lib.core.strategy.similarity import IMAGE_SIZE, NUM_NEIGHBOURS, Share

FILE = DATA / "features" / "probes.json"


@dataclass(frozen=True)
class Probe:
    """The quality of the features of one depth.

    Args:
        block: Name of the depth.
        correct: Images that the cross-validated head classifies correctly.
        only: Images that it classifies correctly and the head on the last depth does not.
        last_only: Images that only the head on the last depth classifies correctly.
        neighbours: Neighbours of the same class, of NUM_NEIGHBOURS for each image.
    """

    block: str
    correct: int
    only: int
    last_only: int
    neighbours: int


@dataclass(frozen=True)
class Probes:
    """The features of all depths, measured on the images of a dataset.

    Args:
        dataset: TFDS name, or id of a reader's own images.
        fingerprint: Fingerprint of the images.
        class_counts: Number of measured images of each class.
        rows: One for each depth, from the image side to the head.

    Raises:
        ValueError: If the numbers are impossible.
    """

    dataset: str
    fingerprint: str
    class_counts: tuple[int, ...]
    rows: tuple[Probe, ...]

    def __post_init__(self) -> None:
        if not self.class_counts or min(self.class_counts) < 0 or self.num_images < 1:
            raise ValueError(f"Expected images of some classes; got {self.class_counts}.")
        blocks = tuple(depth.block for depth in depths(IMAGE_SIZE))
        if tuple(row.block for row in self.rows) != blocks:
            raise ValueError(f"Expected the depths {', '.join(blocks)}.")
        last = self.rows[-1]
        for row in self.rows:
            if not 0 <= row.correct <= self.num_images:
                raise ValueError(f"Expected at most {self.num_images} right; got {row.correct}.")
            if not 0 <= row.neighbours <= NUM_NEIGHBOURS * self.num_images:
                raise ValueError(f"Expected at most {NUM_NEIGHBOURS} neighbours for each image.")
            fits = row.correct - last.correct == row.only - row.last_only
            if not fits or min(row.only, row.last_only) < 0 or row.only > row.correct:
                raise ValueError(f"The counts of {row.block} do not fit each other.")

    @property
    def num_images(self) -> int:
        """Number of measured images."""
        return sum(self.class_counts)

    @property
    def chance(self) -> float:
        """Accuracy of always predicting the largest class."""
        return max(self.class_counts) / self.num_images

    def share(self, row: Probe) -> Share:
        """Return an accuracy with its 95 % interval, by Wilson's score."""
        interval = intervals.wilson_interval(row.correct, self.num_images)
        return Share(row.correct / self.num_images, *interval)

    def neighbours(self, row: Probe) -> float:
        """Return how many of an image's five nearest neighbours are of its class, on average."""
        return row.neighbours / self.num_images

    @property
    def best(self) -> int:
        """Place of the depth with the most accurate head; of several the last."""
        return max(range(len(self.rows)), key=lambda place: (self.rows[place].correct, place))

    def against_last(self, place: int) -> PairedDifference:
        """Compare the head of a depth with that of the last depth, on the same images."""
        row = self.rows[place]
        return intervals.paired_difference(row.last_only, row.only, self.num_images)

    @property
    def enough(self) -> int:
        """Place of the first depth whose interval reaches the accuracy of the best depth."""
        top = self.share(self.rows[self.best]).value
        return next(place for place, row in enumerate(self.rows) if self.share(row).high >= top)

    def depth(self, place: int) -> Depth:
        """Return the depth at a place."""
        return depths(IMAGE_SIZE)[place]


def to_dict(probes: Probes) -> dict[str, Any]:
    """Convert probes into plain values, for workers' answers and for storage."""
    return asdict(probes)


def parse(data: object) -> Probes:
    """Make probes from plain values.

    Raises:
        StoreError: If they do not have the form of `to_dict`, or are impossible.
    """
    try:
        if not isinstance(data, Mapping):
            raise TypeError(f"Expected a mapping; got {type(data).__name__}.")
        return Probes(
            dataset=str(data["dataset"]),
            fingerprint=str(data["fingerprint"]),
            class_counts=tuple(int(count) for count in data["class_counts"]),
            rows=tuple(Probe(**row) for row in data["rows"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(
            f"A stored measurement of features cannot be used: {error}", "Measure it again."
        ) from error


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Probes]:
    """Load the measurements that ship with Thaw, by dataset.

    Raises:
        StoreError: If they are missing or damaged.
    """
    try:
        stored = json.loads(FILE.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            "The measurements of features are missing or damaged.", "Install Thaw again."
        ) from error
    found = [parse(each) for each in stored]
    return {each.dataset: each for each in found}
