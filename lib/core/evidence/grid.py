"""The recorded evidence: ways of training on the same folds, and every answer to a test image.

`python -m lib.tools.record_runs evidence` records it: one file for each backbone and dataset in
`data/grid`, with a head line and one line for each run. The files hold numbers, no images.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import datasets
from lib.core.evidence import folds
from lib.core.files.shipped import DATA

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

FOLDER = DATA / "grid"
BACKBONE = "efficientnet_lite0"
# Thawed runs: a third of the work at 224 pixels, so that two cores record them in hours and not in
# a day. Heads on stored features cost next to nothing, so they are recorded at every size.
THAWED_SIZE = 128
HEAD_SIZES = (96, 128, 160, 224)
# Rates of thawed layers to choose from; the head's is 1e-3.
RATES = (1e-3, 1e-4, 1e-5)
FEWEST_RATES = 2
# Seeds of the heads; the recorder goes as far with the thawed runs as there is time.
SEEDS = tuple(range(2 * folds.NUM_FOLDS))

# Training images, fewest first: from five of each class to all.
SIZES: dict[str, tuple[int, ...]] = {
    "cats_vs_dogs": (10, 20, 50, 200, 1_000),
    "openmoji_animals_food": (10, 20, 50, 144),
    "openmoji_themes": (40, 100, 200, 900),
    "elpv": (10, 50, 200, 1_000, 1_600),
    "digits": (50, 100, 200, 1_000, 1_280),
}
# Those on which layers were thawed.
THAWED_SIZES: dict[str, tuple[int, ...]] = {
    "cats_vs_dogs": (50, 200, 1_000),
    "openmoji_animals_food": (20, 50, 144),
    "openmoji_themes": (40, 200, 900),
    "elpv": (50, 200, 1_000),
    "digits": (50, 200, 1_000),
}
# The number of images with which rates are compared, and the steps of gradual fine-tuning taken.
RATE_SIZES = {
    "cats_vs_dogs": 200,
    "openmoji_animals_food": 144,
    "openmoji_themes": 200,
    "elpv": 200,
    "digits": 200,
}
# Recorded on a sample of its images, which does not ship with Thaw.
PHOTOGRAPHS = "cats_vs_dogs"

# Way -> first thawed layers of its phases; "" is everything. A way with a layer's name thaws from
# this layer.
HEAD, TOP, EVERYTHING, GRADUAL, SCRATCH = "head", "top", "everything", "gradual", "scratch"


@dataclass(frozen=True)
class Line:
    """One recorded run.

    Args:
        way: HEAD, TOP, EVERYTHING, GRADUAL, SCRATCH, or "from " and a layer's name.
        num_images: Number of training images.
        seed: Seed of the run; it decides the fold.
        image_size: Side of the images in pixels.
        rate: Learning rate of the thawed layers; 0 for a solved head.
        l2: Strength of the head's penalty.
        epochs: Epochs of the thawed phases; 0 for a solved head.
        steps: Optimizer steps of these epochs.
        core_s: Seconds of one core for the run, without tracing and without reading the images.
        validation: Accuracy of the validation images with the weights that it ends with, 0 to 1.
        val_loss: Their mean loss.
        answers: Predicted class of each test image in the order of the dataset, one byte each, in
            base64.
    """

    way: str
    num_images: int
    seed: int
    image_size: int
    rate: float
    l2: float
    epochs: int
    steps: int
    core_s: float
    validation: float
    val_loss: float
    answers: str

    @property
    def key(self) -> tuple[str, int, int, int, float]:
        """What tells runs on one dataset apart."""
        return self.way, self.num_images, self.seed, self.image_size, self.rate

    @property
    def said(self) -> IntArray:
        """(test images,), the predicted classes."""
        return np.frombuffer(base64.b64decode(self.answers), np.uint8).astype(np.int64)

    def to_json(self) -> str:
        """Return the line as the file holds it."""
        return json.dumps(asdict(self), separators=(",", ":"))


def packed(classes: npt.ArrayLike) -> str:
    """Return class indices as text, one byte each.

    Example:

    >>> packed([0, 1, 1])
    'AAEB'
    """
    return base64.b64encode(np.asarray(classes, np.uint8).tobytes()).decode("ascii")


@dataclass(frozen=True, eq=False)
class Recorded:
    """All runs of one backbone on one dataset.

    Args:
        dataset: Id of the dataset.
        backbone: Id of the backbone.
        labels: (images,), true classes of all images.
        facts: Versions and hardware.
        lines: The runs.
    """

    dataset: str
    backbone: str
    labels: IntArray
    facts: Mapping[str, Any]
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """Name of the dataset on the page."""
        return datasets.get(self.dataset).title

    @cached_property
    def by_key(self) -> dict[tuple[str, int, int, int, float], Line]:
        """The runs by what tells them apart."""
        return {line.key: line for line in self.lines}

    @cached_property
    def _tests(self) -> dict[int, IntArray]:
        return {}

    def test_images(self, seed: int) -> IntArray:
        """The test images of a seed."""
        if seed not in self._tests:
            self._tests[seed] = folds.tested(self.labels, seed)
        return self._tests[seed]

    def correct(self, line: Line) -> BoolArray:
        """(test images,), True where a run's answer is right."""
        return np.equal(line.said, self.labels[self.test_images(line.seed)])

    def rate(self, way: str, num_images: int, seed: int) -> float:
        """The learning rate of a run that its own validation images prefer; 0 if there is none."""
        line = self.seeds(way, num_images).get(seed)
        return line.rate if line else 0.0

    def seeds(
        self, way: str, num_images: int, *, image_size: int = THAWED_SIZE, rate: float | None = None
    ) -> dict[int, Line]:
        """The runs of a way by seed, each at the rate with the lowest validation loss.

        A seed of a way that thaws counts once FEWEST_RATES rates were tried.

        Args:
            way: As in Line.
            num_images: Number of training images.
            image_size: In pixels.
            rate: Another rate than the best one.
        """
        found: dict[int, list[Line]] = {}
        for line in self.lines:
            if (line.way, line.num_images, line.image_size) == (way, num_images, image_size):
                found.setdefault(line.seed, []).append(line)
        best = {}
        for seed, lines in sorted(found.items()):
            if rate is not None:
                lines = [line for line in lines if line.rate == rate]
            elif way not in (HEAD, SCRATCH) and len(lines) < FEWEST_RATES:
                continue
            if lines:
                best[seed] = min(lines, key=lambda line: line.val_loss)
        return best


def head_line(dataset: str, backbone: str, labels: Sequence[int], facts: Mapping[str, Any]) -> str:
    """Return the first line of a file."""
    fields = {"dataset": dataset, "backbone": backbone, "labels": packed(labels), **facts}
    return json.dumps(fields, separators=(",", ":"))


def file_of(dataset: str, backbone: str = BACKBONE, folder: Path = FOLDER) -> Path:
    """Return the file of a dataset and a backbone."""
    return folder / backbone / f"{dataset}.jsonl"


def read_file(path: Path) -> Recorded:
    """Read a file; a last line that was cut off is left out."""
    first, *others = path.read_text("ascii").splitlines()
    facts = json.loads(first)
    labels = np.frombuffer(base64.b64decode(facts.pop("labels")), np.uint8).astype(np.int64)
    lines = tuple(_lines(others))
    return Recorded(facts.pop("dataset"), facts.pop("backbone"), labels, facts, lines)


def _lines(others: Sequence[str]) -> Iterator[Line]:
    for text in others:
        if text.endswith("}"):
            yield Line(**json.loads(text))


@lru_cache(maxsize=2)
def read(folder: Path = FOLDER) -> tuple[Recorded, ...]:
    """Read everything that was recorded, in the order of SIZES; once in a process.

    Args:
        folder: Folder with one folder for each backbone.
    """
    found = [read_file(path) for path in sorted(folder.glob("*/*.jsonl"))]
    order = list(SIZES)
    return tuple(
        sorted(found, key=lambda each: (each.backbone != BACKBONE, order.index(each.dataset)))
    )
