"""What a finished run says of the test images, which were used once, at its end.

A run folder holds `evaluation.json`, {"test": {"index": [...], "label": [...],
"probabilities": [[one a class] ...]}}, one row a test image, and `test_images.webp`, the same
images in the same order as tiles of one picture.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lib.core.files.shipped import DATA
from lib.core.intervals import PairedDifference, paired_difference, wilson_interval
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, Run

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# The picture of the test images: square tiles, row after row.
TILE_PIXELS = 64
TILES_A_ROW = 20
# A file larger than this is not read: 400 images of 1,000 classes take about 8 MB.
MAX_FILE_BYTES = 16_000_000
# Probabilities of an image add up to 1 but for rounding.
SUM_TOLERANCE = 1e-3
NUM_BINS = 10


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The answers of a finished run to its test images.

    Args:
        index: (num_images,), which image of the dataset each row is.
        label: (num_images,), its class.
        probabilities: (num_images, num_classes), rows that add up to 1.
        class_names: In label order.
    """

    index: IntArray
    label: IntArray
    probabilities: FloatArray
    class_names: tuple[str, ...]

    @property
    def num_images(self) -> int:
        """Test images in all."""
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
        """Test images that were classified correctly."""
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
    """The evaluation of a finished run; None where it has none, or a damaged one."""
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
    """An evaluation from what evaluation.json holds.

    Args:
        data: The file's content.
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
    # A comparison with NaN is False, so this refuses it too.
    in_range = bool((probabilities >= 0).all() and (probabilities <= 1 + SUM_TOLERANCE).all())
    if not in_range or not (abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
        raise ValueError("The probabilities of an image are 0 to 1 and add up to 1.")
    return Evaluation(
        index.astype(np.int64),
        label.astype(np.int64),
        probabilities.astype(np.float64),
        tuple(class_names),
    )


# --- Which images ---------------------------------------------------------------------------------


def sprite_path(run: Run) -> Path | None:
    """The picture of the run's test images; None where there is none.

    All runs on a dataset share their test images, so those that ship with Thaw share a picture.
    """
    own = run.folder / TEST_IMAGES_FILE
    if own.is_file():
        return own
    if not run.config.catalogued:
        return None
    shared = recorded_sprite(run.config.dataset)
    return shared if shared.is_file() else None


def recorded_sprite(dataset: str) -> Path:
    """Where the picture is that recorded runs on a dataset share."""
    return DATA / "test_images" / f"{dataset}.webp"


def tile_box(row: int) -> tuple[int, int, int, int]:
    """Where a test image is in the picture: left, top, right, bottom in pixels.

    Args:
        row: Of the evaluation, from 0.

    Example:

    >>> tile_box(21)
    (64, 64, 128, 128)
    """
    down, across = divmod(row, TILES_A_ROW)
    left, top = across * TILE_PIXELS, down * TILE_PIXELS
    return left, top, left + TILE_PIXELS, top + TILE_PIXELS


def cell(evaluation: Evaluation, label: int, predicted: int) -> tuple[int, ...]:
    """Rows of the images in a cell of the confusion matrix, the most confident first."""
    inside = (evaluation.label == label) & (evaluation.predicted == predicted)
    return _ordered(-evaluation.confidence, inside)


def most_wrong(evaluation: Evaluation, num_images: int = 8) -> tuple[int, ...]:
    """Rows of the wrong answers, first those that gave the label the least probability."""
    of_label = evaluation.probabilities[np.arange(evaluation.num_images), evaluation.label]
    return _ordered(of_label, ~evaluation.correct)[:num_images]


def least_sure(evaluation: Evaluation, num_images: int = 8) -> tuple[int, ...]:
    """Rows of the images whose two most probable classes are closest, right or wrong."""
    ordered = np.sort(evaluation.probabilities, axis=1)
    margin = ordered[:, -1] - ordered[:, -2] if ordered.shape[1] > 1 else ordered[:, -1]
    return _ordered(margin, np.ones(evaluation.num_images, bool))[:num_images]


def _ordered(key: FloatArray, chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """The chosen rows, the smallest key first."""
    rows = np.flatnonzero(chosen)
    return tuple(int(row) for row in rows[np.argsort(key[rows], kind="stable")])


# --- How good -------------------------------------------------------------------------------------


def confusion_matrix(evaluation: Evaluation) -> IntArray:
    """How often each class was taken for each.

    Output shape: (num_classes, num_classes), a row a label, a column a prediction.
    """
    num_classes = len(evaluation.class_names)
    matrix = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(matrix, (evaluation.label, evaluation.predicted), 1)
    return matrix


@dataclass(frozen=True)
class ClassScore:
    """How well one class is found.

    Args:
        name: Of the class.
        num_images: Test images of it.
        num_predicted: Test images that were taken for it.
        num_correct: Both.
    """

    name: str
    num_images: int
    num_predicted: int
    num_correct: int

    @property
    def precision(self) -> float | None:
        """Share of what was taken for it that is it; None where nothing was."""
        return self.num_correct / self.num_predicted if self.num_predicted else None

    @property
    def recall(self) -> float | None:
        """Share of its images that were found; None where it has none."""
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
    """Precision and recall of each class, in label order."""
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
    """Images whose confidence lies in one range.

    Args:
        low: Lower end of the range, outside it.
        high: Upper end, inside it.
        num_images: How many.
        confidence: Their mean confidence.
        accuracy: Share of them that was classified correctly.
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
    """Whether a confidence of 80 % is right 80 % of the time.

    Args:
        bins: The ranges of confidence that have images in them, in order.
        expected_error: Mean distance of confidence and accuracy over the images, 0 to 1.
    """

    bins: tuple[Bin, ...]
    expected_error: float

    @property
    def overconfidence(self) -> float:
        """Mean confidence minus accuracy: above 0 where the run is too sure of itself."""
        total = sum(each.num_images for each in self.bins)
        return (
            sum(each.num_images * (each.confidence - each.accuracy) for each in self.bins) / total
        )


def calibration(evaluation: Evaluation, num_bins: int = NUM_BINS) -> Calibration:
    """Confidence against accuracy, in bins of equal width, and their expected distance.

    Reference:
        Guo et al. 2017, "On Calibration of Modern Neural Networks" (guo-2017).
    """
    edges = np.linspace(0, 1, num_bins + 1)
    # Bins hold their upper end, as in the reference; a rounding above 1 belongs to the last.
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


def compare(first: Evaluation, second: Evaluation) -> PairedDifference:
    """The second run against the first, image by image.

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
