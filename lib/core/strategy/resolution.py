"""What image size and number of steps are worth, as recorded: accuracy of a head, and of thawing.

`python -m lib.tools.record_resolution` records the numbers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from lib.core import datasets
from lib.core.files.shipped import DATA

FILE = DATA / "resolution.json"

# Image sizes in pixels. Thawing everything takes up to some minutes, so it was recorded once at
# each, in this order.
SIZES = (64, 96, 128, 160, 192, 224, 256)
THAWED_SIZES = (96, 224, 160, 128, 256, 64, 192)
THAWED_EPOCHS = 10
# Random choices of the training images; the heads are tested on all others. Thawing is tested on
# the test images of Thaw, like the head that it starts from.
SEEDS = (0, 1, 2, 3, 4)
# Steps of Adam after which a head was tested.
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
# Training images.
NUM_IMAGES = {"openmoji_animals_food": 100, "elpv": 100, "cats_vs_dogs": 100}
# The sizes that the finding compares: that of many tutorials, and that of the backbone.
SMALL, PUBLISHED = 96, 224


@dataclass(frozen=True)
class AtSize:
    """What was recorded at one image size.

    Args:
        image_size: Side of the images in pixels.
        solved: Accuracy of a solved head for each seed, on all images it was not fitted to.
        steps: Mean accuracy of a head after each of STEPS steps of Adam, on the same images.
        thawed: Accuracy on the test images before and after everything was thawed; None if it was
            not recorded at this size.
    """

    image_size: int
    solved: tuple[float, ...]
    steps: tuple[float, ...]
    thawed: tuple[float, float] | None

    @property
    def accuracy(self) -> float:
        """Mean accuracy of the solved head, 0 to 1."""
        return fmean(self.solved)

    @property
    def thawing_adds(self) -> float | None:
        """Accuracy after thawing minus that of the head on the same images, -1 to 1."""
        return None if self.thawed is None else self.thawed[1] - self.thawed[0]


@dataclass(frozen=True)
class Recorded:
    """What was recorded on one dataset.

    Args:
        dataset: Id of the dataset.
        num_images: Training images.
        num_test: Test images of the thawed runs.
        sizes: Smallest size first.
    """

    dataset: str
    num_images: int
    num_test: int
    sizes: tuple[AtSize, ...]

    @property
    def title(self) -> str:
        """Name of the dataset on the page."""
        return datasets.get(self.dataset).title

    @property
    def best(self) -> AtSize:
        """The size with the highest accuracy of a solved head."""
        return max(self.sizes, key=lambda each: each.accuracy)

    def at(self, image_size: int) -> AtSize:
        """What was recorded at one size."""
        return next(each for each in self.sizes if each.image_size == image_size)


@lru_cache(maxsize=1)
def read() -> tuple[Recorded, ...]:
    """Read what was recorded on each dataset; empty if nothing was."""
    if not FILE.exists():
        return ()
    known = json.loads(FILE.read_text("utf-8"))
    return tuple(
        Recorded(
            dataset,
            values["num_images"],
            values["num_test"],
            tuple(
                AtSize(
                    int(size),
                    tuple(each["solved"]),
                    tuple(each["steps"]),
                    tuple(values["thawed"][size]) if size in values["thawed"] else None,
                )
                for size, each in values["heads"].items()
            ),
        )
        for dataset, values in known.items()
    )


def finding(found: Sequence[Recorded]) -> str:
    """Say in one or two sentences what size is worth, and what thawing adds.

    Args:
        found: At least one dataset.
    """
    gains = {each.title: _points(each.at(PUBLISHED), each.at(SMALL)) for each in found}
    most = max(gains, key=gains.__getitem__)
    least = min(gains, key=gains.__getitem__)
    thawed, published = (_thawing_adds(found, size) for size in (SMALL, PUBLISHED))
    words = (
        f"From {SMALL} to {PUBLISHED} pixels the head alone gains {gains[most]:+.1f} points on "
        f"{most} and {gains[least]:+.1f} on {least}."
        if len(found) > 1
        else f"From {SMALL} to {PUBLISHED} pixels the head alone gains {gains[most]:+.1f} points."
    )
    if not thawed:
        return words
    if len(thawed) == 1:
        return f"{words} Thawing everything at {SMALL} pixels adds {thawed[0]:+.1f} points."
    if len(published) < 2:
        return (
            f"{words} Thawing everything at {SMALL} pixels adds {min(thawed):+.1f} to "
            f"{max(thawed):+.1f} points."
        )
    return (
        f"{words} Thawing everything adds {min(thawed):+.1f} to {max(thawed):+.1f} points at "
        f"{SMALL} pixels and {min(published):+.1f} to {max(published):+.1f} at {PUBLISHED}."
    )


def _thawing_adds(found: Sequence[Recorded], image_size: int) -> list[float]:
    """What thawing added at one size, in points; without the datasets where it is not recorded."""
    every = [at.thawing_adds for each in found for at in each.sizes if at.image_size == image_size]
    return [100 * adds for adds in every if adds is not None]


def _points(first: AtSize, second: AtSize) -> float:
    return 100 * (first.accuracy - second.accuracy)
