"""Recorded answers with no labelled image and with a few, on the test images of the evidence.

`python -m lib.tools.export_zero_shot` writes them; no image is stored.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import intervals
from lib.core.strategy import evidence
from lib.core.zero_shot import few_shot
from lib.core.zero_shot.classifier import FOLDER
from lib.core.zero_shot.words import correct

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FILE = FOLDER / "recorded.json"
# The size of the recorded runs, and the size that the classifier was trained with.
IMAGE_SIZES = (evidence.IMAGE_SIZE, 224)
# Of the classes that ImageNet's classifier named most often.
NUM_COMMON = 3


@dataclass(frozen=True)
class Share:
    """A share of images with its 95 % interval, all 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Said:
    """What the sums over two words are on the test images.

    Args:
        log_odds: (images,), second word against first.
        threshold: Where half of the training images lie on each side; no label was used.
    """

    log_odds: FloatArray
    threshold: float


@dataclass(frozen=True, eq=False)
class Recorded:
    """One dataset.

    Args:
        dataset: Name of the dataset.
        fingerprint: Fingerprint of the images.
        index: (images,), which images of the dataset the test images are.
        labels: (images,), their classes.
        words: Side of the images in pixels -> what the words say; empty without a word.
        few_shot: Images of each class -> (draws,), test images that are classified correctly.
        common: Class of ImageNet and number of test images, most frequent answers first.
    """

    dataset: str
    fingerprint: str
    index: IntArray
    labels: IntArray
    words: Mapping[int, Said]
    few_shot: Mapping[int, IntArray]
    common: tuple[tuple[int, int], ...]

    def zero_shot(self, *, calibrated: bool, image_size: int = evidence.IMAGE_SIZE) -> Share | None:
        """Return the accuracy of the words on the test images; None without a word.

        Args:
            calibrated: True to cut where half of the unlabelled training images lie on each side.
            image_size: One of IMAGE_SIZES.
        """
        said = self.words.get(image_size)
        if said is None:
            return None
        cut = said.threshold if calibrated else 0.0
        right = int(correct(said.log_odds, self.labels, cut).sum())
        low, high = intervals.wilson_interval(right, len(self.labels))
        return Share(right / len(self.labels), low, high)

    def drawn(self, shots: int) -> Share:
        """Return the mean accuracy of the draws, and the middle 90 % of them.

        Args:
            shots: Key of `few_shot`.
        """
        shares = self.few_shot[shots] / len(self.labels)
        return Share(float(shares.mean()), *few_shot.band(shares))


def parse(dataset: str, fields: Mapping[str, Any]) -> Recorded:
    """Read the numbers of one dataset.

    Args:
        dataset: Name of the dataset.
        fields: As in the file.
    """
    return Recorded(
        dataset,
        fields["fingerprint"],
        np.array(fields["index"]),
        np.array(fields["labels"]),
        {
            int(size): Said(np.array(said["log_odds"]), said["threshold"])
            for size, said in fields["words"].items()
        },
        {int(shots): np.array(counts) for shots, counts in fields["few_shot"].items()},
        tuple((index, count) for index, count in fields["common"]),
    )


@cache
def read() -> Mapping[str, Recorded]:
    """Read the file: dataset -> numbers, in the order of the evidence."""
    stored = json.loads(FILE.read_text("utf-8"))
    return {dataset: parse(dataset, fields) for dataset, fields in stored.items()}
