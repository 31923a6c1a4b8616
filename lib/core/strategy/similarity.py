"""The measured similarity of images to those that a backbone was trained on.

It is a value on a scale from 0 to 1, which is a convention. Its ends are two measurements: 0 is
random pixels, 1 is everyday photographs (the cats and dogs of the tutorials). The value is the
mean of two shares, see `on_scale`. For a reader's own answer see lib.core.strategy.kinds.
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
# What was measured later; the first file stays as it is.
MORE_FILE = DATA / "similarity_more.json"

# The same for all images, so that their values can be compared.
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


# Depth -> the layer whose maps are averaged: the last one with maps of 1/8 and of 1/16 of the side
# of the image, and the last layer of all. The recorded evidence thaws the layers after them.
LAYERS = {"early": "block_5_expand_relu", "middle": "block_11_expand_relu", "late": "top_relu"}


@dataclass(frozen=True)
class Depth:
    """The quality of the features of one depth.

    Args:
        name: Key of LAYERS.
        channels: Number of features per image: the averages of the layer's maps.
        probe_correct: Images that a cross-validated linear probe classifies correctly.
        neighbours_correct: Images that a vote of the nearest neighbours classifies correctly.
        probe_only: Images that only this probe classifies correctly, not the one on late features.
        late_only: Images that only the probe on late features classifies correctly.
        logme: Log evidence per label; compare it only between depths.
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
    """The measurements of a frozen backbone on some images.

    Args:
        dataset: TFDS name, id of a reader's own images, or NOISE.
        fingerprint: Fingerprint of the images.
        class_counts: Number of measured images of each class.
        depths: Early, middle and late features.
        confidence: Mean of the ImageNet classifier's largest probability, 0 to 1.
        confidence_error: Standard error of that mean.
        entropy: Mean entropy of its probabilities, 0 (certain) to 1 (uniform over 1,000 classes).

    Raises:
        ValueError: If the numbers are impossible.
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
        """Number of measured images."""
        return sum(self.class_counts)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_counts)

    @property
    def chance(self) -> float:
        """Accuracy of always predicting the largest class."""
        return max(self.class_counts) / self.num_images

    def share(self, correct: int) -> Share:
        """Return an accuracy with its interval, by Wilson's score.

        The images are treated as independent; the interval ignores that folds share training
        images.
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
        """Compare the probe of a depth with that of the late features, on the same images."""
        return intervals.paired_difference(depth.late_only, depth.probe_only, self.num_images)


def best_earlier(scores: Scores) -> Depth | None:
    """Return the earlier depth whose probe is better than that of the late features, or None.

    It is evidence for using features of an earlier layer; `Scores.against_late` says whether the
    difference may be chance.
    """
    best = max(scores.depths, key=lambda depth: (depth.probe_correct, depth.name == "late"))
    return None if best.name == "late" else best


# --- On one scale ---------------------------------------------------------------------------------


def on_scale(scores: Scores) -> float:
    """Place measured images between random pixels (0) and everyday photographs (1).

    The value is the mean of two shares, each 0 for random pixels and 1 for the reference
    photographs:

    - the *confidence* of the ImageNet classifier;
    - the *gain from depth*: by which share a linear probe on late features makes fewer mistakes
      than one on early features. Late features are made for photographs of objects.

    It never falls if the classifier is more confident or the late probe better, and never rises
    if the early probe is better. If the early probe makes no mistake, there is nothing to gain,
    and only the first share counts.

    It is a convention: two of many possible shares, with equal weights.
    """
    sure, gained = parts(scores)
    return sure if gained is None else (sure + gained) / 2


def parts(scores: Scores) -> tuple[float, float | None]:
    """Return the two shares whose mean is `on_scale`; the second is None if it is undefined."""
    sure, gained = _parts(np.array(scores.confidence), *map(np.array, mistakes(scores)))
    return float(sure), None if np.isnan(gained) else float(gained)


def scale_interval(scores: Scores) -> tuple[float, float]:
    """Estimate the 95 % interval of the value on the scale, for other samples of such images.

    Confidence and counts are resampled DRAWS times; the ends of the scale are taken as exact.
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
    """Count the mistakes of the probe on early features and of the one on late features."""
    early, _, late = scores.depths
    return scores.num_images - early.probe_correct, scores.num_images - late.probe_correct


def _parts(
    confidence: FloatArray, early_wrong: IntArray, late_wrong: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Compute both shares of many measurements; NaN if neither depth makes a mistake."""
    noise, photographs = (references()[end] for end in (NOISE, PHOTOGRAPHS))
    sure = (confidence - noise.confidence) / (photographs.confidence - noise.confidence)
    most, least = mistakes(photographs)
    # If early features make no mistake, mistakes of late ones are a loss; else undefined.
    without = np.where(late_wrong > 0, 0.0, np.nan)
    gained = np.where(early_wrong > 0, 1 - late_wrong / np.maximum(early_wrong, 1), without)
    return np.clip(sure, 0, 1), np.clip(gained / (1 - least / most), 0, 1)


# --- As JSON --------------------------------------------------------------------------------------


def to_dict(scores: Scores) -> dict[str, Any]:
    """Convert scores into plain values, for workers' answers and for storage."""
    return asdict(scores)


def parse(data: object) -> Scores:
    """Make scores from plain values.

    Raises:
        StoreError: If they do not have the form of `to_dict`, or are impossible.
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
    """Load the measurements that ship with Thaw, by dataset; they include the ends of the scale.

    Raises:
        StoreError: If they are missing or damaged.
    """
    try:
        stored = [
            each for file in (FILE, MORE_FILE) for each in json.loads(file.read_text("utf-8"))
        ]
    except (OSError, ValueError) as error:
        raise StoreError(
            "The reference measurements of similarity are missing or damaged.",
            "Install Thaw again.",
        ) from error
    found = [parse(each) for each in stored]
    return {each.dataset: each for each in found}
