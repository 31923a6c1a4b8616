"""How close images are to those a backbone was trained on, measured.

The answer lies on a scale from 0 to 1, which is a convention. Its ends are two measurements: 0 is
random pixels, 1 is everyday photographs (the cats and dogs of the tutorials). Between them lies
the mean of two shares, see `on_scale`. A reader's own answer is in lib.core.strategy.kinds.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import intervals
from lib.core.errors import StoreError
from lib.core.files.shipped import DATA
from lib.core.intervals import Z_95, PairedDifference

FILE = DATA / "similarity.json"

# What is measured with is the same for all images, or their places could not be compared.
BACKBONE = "efficientnet_lite0"
IMAGE_SIZE = 128
MAX_IMAGES = 500
NUM_FOLDS = 5
NUM_NEIGHBOURS = 5

# The references at the ends of the scale.
NOISE, PHOTOGRAPHS = "noise", "cats_vs_dogs"

DRAWS = 2_000

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


# How deep -> the layer whose maps are averaged: the last one before they get smaller than 1/8 and
# 1/16 of the side of the image, and the last of all. The recorded evidence thaws from there on.
LAYERS = {"early": "block_5_expand_relu", "middle": "block_11_expand_relu", "late": "top_relu"}


@dataclass(frozen=True)
class Depth:
    """What the features of one depth are worth.

    Args:
        name: Key of LAYERS.
        channels: Averages of the layer's maps: numbers an image.
        probe_correct: Images a linear probe that never saw them gets right.
        neighbours_correct: The same by a vote of the nearest of the others.
        probe_only: Images that only this probe gets right, not the one on late features.
        late_only: Images that only the one on late features gets right.
        logme: Log evidence a label; to be compared between depths only.
    """

    name: str
    channels: int
    probe_correct: int
    neighbours_correct: int
    probe_only: int
    late_only: int
    logme: float

    @property
    def layer(self) -> str:
        """Name of the layer in the backbone's table."""
        return LAYERS[self.name]


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, all 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """How well a backbone that was never trained on some images knows them.

    Args:
        dataset: TFDS name, that of a reader's own images, or NOISE.
        fingerprint: Of the images.
        class_counts: Measured images of each class.
        depths: Early, middle and late features.
        confidence: Mean of the ImageNet classifier's largest probability, 0 to 1.
        confidence_error: Standard error of that mean.
        entropy: Mean entropy of its probabilities: 0 sure, 1 all of the 1,000 classes alike.

    Raises:
        ValueError: If the numbers cannot be.
    """

    dataset: str
    fingerprint: str
    class_counts: tuple[int, ...]
    depths: tuple[Depth, Depth, Depth]
    confidence: float
    confidence_error: float
    entropy: float

    def __post_init__(self) -> None:
        if not self.class_counts or min(self.class_counts) < 0 or self.num_images < 1:
            raise ValueError(f"Expected images of some classes; got {self.class_counts}.")
        if tuple(depth.name for depth in self.depths) != tuple(LAYERS):
            raise ValueError(f"Expected the depths {', '.join(LAYERS)}.")
        shares = (self.confidence, self.entropy)
        if not all(0 <= share <= 1 for share in shares) or not 0 <= self.confidence_error < 1:
            raise ValueError(f"Expected a confidence and an entropy from 0 to 1; got {shares}.")
        late = self.depths[-1]
        for depth in self.depths:
            counts = (depth.probe_correct, depth.neighbours_correct)
            if not all(0 <= count <= self.num_images for count in counts):
                raise ValueError(f"Expected at most {self.num_images} right; got {counts}.")
            differ = depth.probe_correct - late.probe_correct
            both = depth.probe_correct - depth.probe_only
            fits = depth.probe_only - depth.late_only == differ and depth.late_only >= 0
            if not fits or both < 0 or both + depth.probe_only + depth.late_only > self.num_images:
                raise ValueError(f"The counts of {depth.name} features do not fit each other.")
            if depth.channels < 1 or not math.isfinite(depth.logme):
                raise ValueError(f"Expected channels and a finite LogME at {depth.name}.")

    @property
    def num_images(self) -> int:
        """Images that were measured."""
        return sum(self.class_counts)

    @property
    def num_classes(self) -> int:
        """Classes among them."""
        return len(self.class_counts)

    @property
    def chance(self) -> float:
        """Accuracy of always naming the largest class."""
        return max(self.class_counts) / self.num_images

    def share(self, correct: int) -> Share:
        """An accuracy with its interval, by Wilson's score.

        The images are taken for independent, as they are; that folds share training images is not
        in it.
        """
        interval = intervals.wilson_interval(correct, self.num_images)
        return Share(correct / self.num_images, *interval)

    @property
    def sureness(self) -> Share:
        """The classifier's confidence with its interval."""
        half = Z_95 * self.confidence_error
        low, high = max(0.0, self.confidence - half), min(1.0, self.confidence + half)
        return Share(self.confidence, low, high)

    def against_late(self, depth: Depth) -> PairedDifference:
        """The probe of a depth against that of the late features, on the same images."""
        return intervals.paired_difference(depth.late_only, depth.probe_only, self.num_images)


def best_earlier(scores: Scores) -> Depth | None:
    """The depth whose probe does better than that of the late features; None where none does.

    It is the evidence for taking features from an earlier layer; `Scores.against_late` says
    whether chance alone could be it.
    """
    best = max(scores.depths, key=lambda depth: (depth.probe_correct, depth.name == "late"))
    return None if best.name == "late" else best


# --- On one scale ---------------------------------------------------------------------------------


def on_scale(scores: Scores) -> float:
    """Where measured images lie between random pixels (0) and everyday photographs (1).

    The mean of two shares, each 0 for random pixels and 1 for the reference photographs:

    - *how sure* the ImageNet classifier is of them;
    - *what depth gains*: how many fewer images a linear probe on late features gets wrong than
      one on early features, as a share of the latter. Late features are made for photographs of
      things.

    It never falls where the classifier is surer or late features get more right, and never rises
    where early features do. Where early features make no mistake there is nothing to gain, and
    the first share stands alone.

    It is a convention: two shares of many possible ones, weighed alike.
    """
    sure, gained = parts(scores)
    return sure if gained is None else (sure + gained) / 2


def parts(scores: Scores) -> tuple[float, float | None]:
    """The two shares that `on_scale` is the mean of; None for the second where it says nothing."""
    sure, gained = _parts(np.array(scores.confidence), *map(np.array, mistakes(scores)))
    return float(sure), None if np.isnan(gained) else float(gained)


def scale_interval(scores: Scores) -> tuple[float, float]:
    """Between which places on the scale 95 of 100 other samples of such images would lie.

    Confidence and counts are drawn again, DRAWS times; the ends of the scale are taken as known.
    """
    early = scores.depths[0]
    both = early.probe_correct - early.probe_only
    neither = scores.num_images - both - early.probe_only - early.late_only
    shares = np.array([both, early.probe_only, early.late_only, neither]) / scores.num_images
    rng = np.random.default_rng(0)
    _, early_only, late_only, neither_one = rng.multinomial(scores.num_images, shares, DRAWS).T
    confidence = rng.normal(scores.confidence, scores.confidence_error, DRAWS)
    sure, gained = _parts(confidence, late_only + neither_one, early_only + neither_one)
    places = np.where(np.isnan(gained), sure, (sure + gained) / 2)
    low, high = np.quantile(places, (0.025, 0.975))
    return float(low), float(high)


def mistakes(scores: Scores) -> tuple[int, int]:
    """Images that the probe on early features gets wrong, and the one on late features."""
    early, _, late = scores.depths
    return scores.num_images - early.probe_correct, scores.num_images - late.probe_correct


def _parts(
    confidence: FloatArray, early_wrong: IntArray, late_wrong: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Both shares of many measurements at once; NaN where neither depth makes a mistake."""
    noise, photographs = (references()[end] for end in (NOISE, PHOTOGRAPHS))
    sure = (confidence - noise.confidence) / (photographs.confidence - noise.confidence)
    most, least = mistakes(photographs)
    # Without a mistake of early features, one of late features is a loss and none says nothing.
    without = np.where(late_wrong > 0, 0.0, np.nan)
    gained = np.where(early_wrong > 0, 1 - late_wrong / np.maximum(early_wrong, 1), without)
    return np.clip(sure, 0, 1), np.clip(gained / (1 - least / most), 0, 1)


# --- As JSON --------------------------------------------------------------------------------------


def to_dict(scores: Scores) -> dict[str, Any]:
    """Plain values, as a worker answers and as they are stored."""
    return asdict(scores)


def parse(data: object) -> Scores:
    """Scores from plain values.

    Raises:
        StoreError: If they are not what `to_dict` gives, or cannot be.
    """
    try:
        if not isinstance(data, Mapping):
            raise TypeError(f"Expected a mapping; got {type(data).__name__}.")
        early, middle, late = (Depth(**depth) for depth in data["depths"])
        return Scores(
            **{
                name: value
                for name, value in data.items()
                if name not in ("depths", "class_counts")
            },
            class_counts=tuple(int(count) for count in data["class_counts"]),
            depths=(early, middle, late),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(
            f"A stored measurement of similarity cannot be used: {error}", "Measure it again."
        ) from error


@lru_cache(maxsize=1)
def references() -> Mapping[str, Scores]:
    """The measurements that ship with Thaw, by dataset: the ends of the scale and what is between.

    Raises:
        StoreError: If they are not there or damaged.
    """
    try:
        stored = json.loads(FILE.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            "The reference measurements of similarity are missing or damaged.",
            "Install Thaw again.",
        ) from error
    found = [parse(each) for each in stored]
    return {each.dataset: each for each in found}
