"""How good a head on a frozen backbone is with a reader's images, at several image sizes.

A worker measures it by cross-validation (lib.training.answers.judge): every image is classified by
heads that were not fitted to it. From the same answers come the choice of the image size, and a
learning curve with a forecast for more images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import backbones, datasets, splits
from lib.core.datasets import DatasetSpec
from lib.core.intervals import PairedDifference, paired_difference, wilson_interval
from lib.core.network.step_cost import multiply_adds
from lib.core.reading.evaluation import Evaluation
from lib.core.strategy import lengths
from lib.core.strategy.learning_curve import Point

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Up to so many images a dataset is judged by cross-validation: a sixth of 400 is 67 test images,
# and their interval is wider than 10 points.
FEW_IMAGES = 400
# More images would take longer and change little.
MAX_IMAGES = 1_000
# The published size is left only where another has a lower loss by more than this many standard
# errors: with few images, one of several sizes is often ahead by chance.
ERRORS_APART = 2.0
# Seconds to build a backbone at another size and to trace its graph, on two quiet cores.
BUILD_S = 2.0


@dataclass(frozen=True)
class SizeScore:
    """The head at one image size.

    Args:
        image_size: Side of the images in pixels.
        num_images: Images that were asked about.
        num_correct: Images that were classified correctly.
        loss: Their mean cross-entropy.
        l2: The penalty that cross-validation chooses on all images.
        better: Images that are right here and wrong at the published size.
        worse: Images that are wrong here and right at the published size.
        gain: Mean loss at the published size minus mean loss here.
        gain_error: Standard error of that gain over the images.
        seconds: Seconds that decoding, features and heads took.
    """

    image_size: int
    num_images: int
    num_correct: int
    loss: float
    l2: float
    better: int
    worse: int
    gain: float
    gain_error: float
    seconds: float

    @property
    def accuracy(self) -> float:
        """Share of the images that was classified correctly, 0 to 1."""
        return self.num_correct / self.num_images

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy; tests/unit/strategy/test_judgement.py measures it."""
        return wilson_interval(self.num_correct, self.num_images)

    @property
    def difference(self) -> PairedDifference:
        """Accuracy here minus that at the published size, on the same images."""
        return paired_difference(self.worse, self.better, self.num_images)

    @property
    def told_apart(self) -> bool:
        """True if the loss here is lower than at the published size by more than chance."""
        return self.gain > ERRORS_APART * self.gain_error


@dataclass(frozen=True, eq=False)
class Judgement:
    """The answers of cross-validated heads to a reader's images.

    Args:
        dataset: Id of the dataset.
        fingerprint: Fingerprint of its images.
        backbone: Id of the backbone.
        whole: True if all images were used; False if the test images were left out, because a run
            on this dataset is judged on them.
        image_size: The chosen size in pixels.
        sizes: All sizes, smallest first.
        answers: The answers to every image at the chosen size.
        num_folds: Folds of the cross-validation.
        num_repeats: How often the images were dealt into folds.
        curve: The learning curve at the chosen size, fewest images first.
        forecast: Its extension to FORECAST_FACTOR times the images.
        seconds: Seconds that everything took.
    """

    dataset: str
    fingerprint: str
    backbone: str
    whole: bool
    image_size: int
    sizes: tuple[SizeScore, ...]
    answers: Evaluation
    num_folds: int
    num_repeats: int
    curve: tuple[Point, ...]
    forecast: Point
    seconds: float

    @property
    def chosen(self) -> SizeScore:
        """The score at the chosen size."""
        return next(each for each in self.sizes if each.image_size == self.image_size)

    @property
    def published(self) -> SizeScore:
        """The score at the size at which the backbone was published, the largest compared."""
        return self.sizes[-1]

    @property
    def num_images(self) -> int:
        """Number of images."""
        return self.answers.num_images

    @property
    def num_correct(self) -> int:
        """Number of images that were classified correctly at the chosen size."""
        return self.chosen.num_correct

    @property
    def accuracy(self) -> float:
        """Accuracy at the chosen size, 0 to 1."""
        return self.chosen.accuracy

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of that accuracy."""
        return self.chosen.interval


def to_dict(found: Judgement) -> dict[str, Any]:
    """Convert a judgement to plain values and arrays, as a worker returns it."""
    values = {name: value for name, value in vars(found).items() if name != "answers"}
    values |= {
        "sizes": [asdict(each) for each in found.sizes],
        "curve": [asdict(each) for each in found.curve],
        "forecast": asdict(found.forecast),
    }
    answers = found.answers
    return values | {
        "index": answers.index,
        "label": answers.label,
        "probabilities": answers.probabilities,
        "class_names": answers.class_names,
    }


def from_dict(values: Mapping[str, Any]) -> Judgement:
    """Make a judgement from what `to_dict` returned."""
    rest = dict(values)
    answers = Evaluation(
        rest.pop("index"),
        rest.pop("label"),
        rest.pop("probabilities"),
        tuple(rest.pop("class_names")),
    )
    rest |= {
        "sizes": tuple(SizeScore(**each) for each in rest["sizes"]),
        "curve": tuple(Point(**each) for each in rest["curve"]),
        "forecast": Point(**rest["forecast"]),
        "answers": answers,
    }
    return Judgement(**rest)


# --- Before it is asked ---------------------------------------------------------------------------


def judged_by(dataset: DatasetSpec, strategy: str) -> str:
    """Return how a run on a dataset is judged: a value of the setting `judged_by`.

    Only a reader's own images without splits of their own are cross-validated: the catalogue's
    datasets have test images that all runs share.

    Args:
        dataset: Spec of the dataset.
        strategy: Id of the strategy.
    """
    few = dataset.num_images <= FEW_IMAGES
    own = datasets.is_own(dataset.id) and not dataset.num_given
    cross_validated = own and few and strategy == "feature_extraction"
    return "cross_validation" if cross_validated else "test_images"


def compared_sizes(backbone: str) -> tuple[int, ...]:
    """Return the image sizes that are compared, smallest first, the published one last.

    Example:

    >>> compared_sizes("efficientnet_lite0")
    (96, 128, 160, 224)
    """
    return tuple(size for size in lengths.image_sizes(backbone) if size != 192)


def num_asked(dataset: DatasetSpec) -> int:
    """Return the number of images that will be asked about: all, or all but the test images."""
    whole = judged_by(dataset, "feature_extraction") == "cross_validation"
    kept = 0 if whole else splits.evaluation_size(dataset.num_images)
    return min(MAX_IMAGES, dataset.num_images - kept)


def seconds(backbone: str, num_images: int, sizes: Sequence[int] = ()) -> float:
    """Predict how long a judgement takes on two quiet cores, nothing cached, in seconds.

    Example:

    >>> round(seconds("efficientnet_lite0", 40))
    14
    """
    found = 0.0
    for size in sizes or compared_sizes(backbone):
        each = sum(map(multiply_adds, backbones.load_layer_table(backbone, size)))
        found += BUILD_S + lengths.SECONDS_PER_MULTIPLY_ADD * each * num_images
        found += lengths.solving_seconds(num_images)
    return found


# --- From answers to numbers ----------------------------------------------------------------------


def score(
    image_size: int,
    *,
    correct: BoolArray,
    losses: FloatArray,
    published: tuple[BoolArray, FloatArray],
    l2: float,
    seconds: float,
) -> SizeScore:
    """Compare the answers at one size with those at the published size.

    Input shape: (images,) each.

    Args:
        image_size: Side of the images in pixels.
        correct: True where an image was classified correctly.
        losses: Cross-entropy of each image.
        published: The same two at the published size.
        l2: The penalty chosen on all images.
        seconds: Seconds it took.
    """
    gains = published[1] - losses
    return SizeScore(
        image_size=image_size,
        num_images=len(correct),
        num_correct=int(correct.sum()),
        loss=float(losses.mean()),
        l2=l2,
        better=int((correct & ~published[0]).sum()),
        worse=int((~correct & published[0]).sum()),
        gain=float(gains.mean()),
        gain_error=float(gains.std(ddof=1) / sqrt(len(gains))),
        seconds=seconds,
    )


def best_size(sizes: Sequence[SizeScore]) -> int:
    """Choose the image size: the published one, unless another is better by more than chance.

    Args:
        sizes: All sizes, the published one last.
    """
    better = [each for each in sizes if each.told_apart]
    return min(better, key=lambda each: each.loss).image_size if better else sizes[-1].image_size
