"""The predictions of a finished run for the test images, which were used only once, at its end.

A run folder holds `evaluation.json`, {"test": {"index": [...], "label": [...],
"probabilities": [[one per class] ...]}}, with one row per test image. The images are in
`test_images.webp` (test_images.py).
"""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lib.core.intervals import PairedDifference, paired_difference, wilson_interval
from lib.core.runs import EVALUATION_FILE, Run

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# A file larger than this is not read: 400 images of 1,000 classes take about 8 MB.
MAX_FILE_BYTES = 16_000_000
# Tolerance for the sum of the probabilities of an image, which are rounded.
SUM_TOLERANCE = 1e-3
NUM_BINS = 10


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The predictions of a finished run for its test images.

    Args:
        index: (num_images,), index of each image in the dataset.
        label: (num_images,), true class of each image.
        probabilities: (num_images, num_classes), rows that add up to 1.
        class_names: Names of the classes in label order.
    """

    index: IntArray
    label: IntArray
    probabilities: FloatArray
    class_names: tuple[str, ...]

    @property
    def num_images(self) -> int:
        """Number of test images."""
        return len(self.label)

    @cached_property
    def predicted(self) -> IntArray:
        """(num_images,), the most probable class of each image."""
        return np.argmax(self.probabilities, axis=1).astype(np.int64)

    @cached_property
    def confidence(self) -> FloatArray:
        """(num_images,), the probability of the predicted class."""
        return np.max(self.probabilities, axis=1)

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """(num_images,), True where the predicted class is the label."""
        return np.equal(self.predicted, self.label)

    @property
    def num_correct(self) -> int:
        """Number of test images that were classified correctly."""
        return int(self.correct.sum())

    @property
    def accuracy(self) -> float:
        """Share of the images that were classified correctly, 0 to 1."""
        return self.num_correct / self.num_images

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy, by Wilson's score."""
        return wilson_interval(self.num_correct, self.num_images)


def load(run: Run) -> Evaluation | None:
    """Read the evaluation of a finished run; None if it has none, or a damaged one."""
    if run.status != "finished":
        return None
    path = run.folder / EVALUATION_FILE
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        return parse(json.loads(path.read_text("utf-8")), run.result.get("class_names"))
    except (OSError, ValueError, RecursionError):
        return None


def parse(data: object, class_names: object) -> Evaluation:
    """Check and read the content of evaluation.json.

    Args:
        data: Content of the file.
        class_names: `class_names` of result.json.

    Raises:
        ValueError: If a field is missing, of another shape or type, or out of range.
    """
    test = data.get("test") if isinstance(data, dict) else None
    if not isinstance(test, dict) or set(test) != {"index", "label", "probabilities"}:
        raise ValueError("An evaluation holds index, label and probabilities of the test images.")
    if not isinstance(class_names, list | tuple) or not all(
        isinstance(name, str) for name in class_names
    ):
        raise ValueError("An evaluation needs the names of its classes.")
    index, label, probabilities = (
        np.array(test[name]) for name in ("index", "label", "probabilities")
    )
    shapes = (index.shape, label.shape, probabilities.shape)
    num_images, num_classes = len(label) if label.ndim else 0, len(class_names)
    if not num_images or shapes != ((num_images,), (num_images,), (num_images, num_classes)):
        raise ValueError(f"The parts of an evaluation do not fit each other: {shapes}.")
    if index.dtype.kind != "i" or label.dtype.kind != "i" or probabilities.dtype.kind not in "if":
        raise ValueError("An evaluation holds numbers.")
    if index.min() < 0 or len(np.unique(index)) != num_images:
        raise ValueError("Each test image is in an evaluation once.")
    if label.min() < 0 or label.max() >= num_classes:
        raise ValueError("A label of an evaluation is not one of its classes.")
    # Comparisons with NaN are False, so NaN is refused too.
    in_range = bool((probabilities >= 0).all() and (probabilities <= 1 + SUM_TOLERANCE).all())
    if not in_range or not (abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
        raise ValueError("The probabilities of an image are 0 to 1 and add up to 1.")
    return Evaluation(
        index.astype(np.int64),
        label.astype(np.int64),
        probabilities.astype(np.float64),
        tuple(class_names),
    )


# --- Quality --------------------------------------------------------------------------------------


def confusion_matrix(evaluation: Evaluation) -> IntArray:
    """Count how often images of each true class were predicted as each class.

    Output shape: (num_classes, num_classes), rows are true classes, columns predicted classes.
    """
    num_classes = len(evaluation.class_names)
    matrix = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(matrix, (evaluation.label, evaluation.predicted), 1)
    return matrix


@dataclass(frozen=True)
class ClassScore:
    """Precision and recall of one class.

    Args:
        name: Name of the class.
        num_images: Number of test images of this class.
        num_predicted: Number of test images that were predicted as this class.
        num_correct: Number of test images of this class that were predicted as this class.
    """

    name: str
    num_images: int
    num_predicted: int
    num_correct: int

    @property
    def precision(self) -> float | None:
        """Share of the predictions of this class that are right; None without predictions."""
        return self.num_correct / self.num_predicted if self.num_predicted else None

    @property
    def recall(self) -> float | None:
        """Share of the images of this class that were found; None without images."""
        return self.num_correct / self.num_images if self.num_images else None

    @property
    def precision_interval(self) -> tuple[float, float] | None:
        """95 % interval of the precision, by Wilson's score."""
        return self._interval(self.num_predicted)

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """95 % interval of the recall, by Wilson's score."""
        return self._interval(self.num_images)

    def _interval(self, num_images: int) -> tuple[float, float] | None:
        return wilson_interval(self.num_correct, num_images) if num_images else None


def class_scores(evaluation: Evaluation) -> tuple[ClassScore, ...]:
    """Return precision and recall of each class, in label order."""
    matrix = confusion_matrix(evaluation)
    return tuple(
        ClassScore(name, int(of_label), int(of_prediction), int(both))
        for name, of_label, of_prediction, both in zip(
            evaluation.class_names,
            matrix.sum(axis=1),
            matrix.sum(axis=0),
            matrix.diagonal(),
            strict=True,
        )
    )


@dataclass(frozen=True)
class Bin:
    """The images whose confidence is in one range.

    Args:
        low: Lower end of the range, exclusive.
        high: Upper end of the range, inclusive.
        num_images: Number of images in the range.
        confidence: Mean confidence of these images.
        accuracy: Share of these images that was classified correctly.
        interval: 95 % interval of that share, by Wilson's score.
    """

    low: float
    high: float
    num_images: int
    confidence: float
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Calibration:
    """Whether predictions with a confidence of 80 % are right in 80 % of cases.

    Args:
        bins: The ranges of confidence that contain images, in order.
        expected_error: Expected calibration error: mean distance of confidence and accuracy over
            the images, 0 to 1.
    """

    bins: tuple[Bin, ...]
    expected_error: float

    @property
    def overconfidence(self) -> float:
        """Mean confidence minus accuracy: above 0 if the run is overconfident."""
        total = sum(each.num_images for each in self.bins)
        return (
            sum(each.num_images * (each.confidence - each.accuracy) for each in self.bins) / total
        )


def calibration(evaluation: Evaluation, num_bins: int = NUM_BINS) -> Calibration:
    """Compare confidence with accuracy in bins of equal width.

    Reference:
        Guo et al. 2017, "On Calibration of Modern Neural Networks" (guo-2017).
    """
    edges = np.linspace(0, 1, num_bins + 1)
    # Bins include their upper end, as in the reference; rounding above 1 belongs to the last bin.
    which = np.clip(np.searchsorted(edges, evaluation.confidence, "left") - 1, 0, num_bins - 1)
    bins = []
    for number in np.unique(which):
        inside = which == number
        correct = int(evaluation.correct[inside].sum())
        bins.append(
            Bin(
                float(edges[number]),
                float(edges[number + 1]),
                int(inside.sum()),
                float(evaluation.confidence[inside].mean()),
                correct / int(inside.sum()),
                wilson_interval(correct, int(inside.sum())),
            )
        )
    error = sum(each.num_images * abs(each.confidence - each.accuracy) for each in bins)
    return Calibration(tuple(bins), error / evaluation.num_images)


# --- Two runs -------------------------------------------------------------------------------------


def on_common_images(first: Evaluation, second: Evaluation) -> tuple[Evaluation, Evaluation]:
    """The predictions of two runs for the images that both were tested on.

    Raises:
        ValueError: If there are none.
    """
    common = np.intersect1d(first.index, second.index)
    if not len(common):
        raise ValueError("The two runs were tested on different images.")
    both = []
    for each in (first, second):
        rows = np.flatnonzero(np.isin(each.index, common))
        both.append(
            Evaluation(
                each.index[rows], each.label[rows], each.probabilities[rows], each.class_names
            )
        )
    return both[0], both[1]


def compare(first: Evaluation, second: Evaluation) -> PairedDifference:
    """Compare the second run with the first one, image by image.

    Raises:
        ValueError: If they were not tested on the same images.
    """
    orders = [np.argsort(each.index) for each in (first, second)]
    same_images = np.array_equal(first.index[orders[0]], second.index[orders[1]])
    if not same_images or not np.array_equal(first.label[orders[0]], second.label[orders[1]]):
        raise ValueError("The two runs were not tested on the same images.")
    right = [each.correct[order] for each, order in zip((first, second), orders, strict=True)]
    return paired_difference(
        int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()), first.num_images
    )
