"""Real feature maps: the output of EfficientNet-Lite0 for a few images, and what the head decides.

The maps ship with Thaw exactly as Keras computed them (float32), so this file needs no Keras, and
its results agree with Keras. `python -m lib.tools.export_feature_maps` writes the maps.
"""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import heads, pooling
from lib.core.errors import ConfigError
from lib.core.files.shipped import DATA
from lib.core.lab.folder import MODEL_FILE
from lib.core.runs import Run, TrainConfig

FOLDER = DATA / "feature_maps"
BACKBONE = "efficientnet_lite0"
NUM_CHANNELS = 1280
NUM_CLASSES = 1000
TOP = 5

Size = tuple[int, int]
# (height, width) in pixels. The last one is not square: the network accepts that too.
SIZES: tuple[Size, ...] = ((96, 96), (128, 128), (160, 160), (224, 224), (160, 224))

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """An image whose feature maps ship with Thaw.

    Args:
        id: Id of the example, and the stem of its file names.
        title: One or two words.
        about: What the image shows, in one sentence.
        licence: Licence of the image and of what is derived from it.
        attribution: Author of the image.
        source: Address that the image was taken from.
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        dataset: TFDS name, if it is a test image of a dataset; empty for a photograph.
        label: Name of its class in that dataset.
        index: Its index in the dataset; -1 for a photograph.
    """

    id: str
    title: str
    about: str
    licence: str
    attribution: str
    source: str
    width: int
    height: int
    dataset: str = ""
    label: str = ""
    index: int = -1

    def picture(self) -> bytes:
        """Return the image as a WebP file, with the pixels that the maps were computed from."""
        return (FOLDER / f"{self.id}.webp").read_bytes()

    def thumbnail(self) -> bytes:
        """Return the image as a small WebP file for a list of images."""
        return (FOLDER / f"{self.id}_small.webp").read_bytes()


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """The last feature map of a network for an image, with the logits.

    Args:
        size: (height, width) of the input in pixels.
        maps: (rows, columns, channels), the last feature map.
        logits: (1000,), the logit of each ImageNet class, as computed by Keras.
    """

    size: Size
    maps: FloatArray
    logits: FloatArray

    @property
    def grid(self) -> Size:
        """Rows and columns of the map."""
        rows, columns, _ = self.maps.shape
        return rows, columns

    @cached_property
    def averages(self) -> FloatArray:
        """(channels,), the average of each channel: the input of the head."""
        return np.asarray(pooling.global_average_pool(self.maps[np.newaxis])[0], np.float64)

    @cached_property
    def ranking(self) -> IntArray:
        """(channels,), channels by their average, strongest first."""
        return np.argsort(-self.averages, kind="stable")

    @cached_property
    def probabilities(self) -> FloatArray:
        """(1000,), the softmax of the logits."""
        return heads.softmax(self.logits)

    def top(self, count: int = TOP) -> tuple[int, ...]:
        """Return the most probable ImageNet classes, most probable first."""
        return tuple(int(index) for index in np.argsort(-self.logits, kind="stable")[:count])


@dataclass(frozen=True, eq=False)
class Classifier:
    """One Dense layer: a weight for each channel and class, and a bias for each class.

    Args:
        classes: Index of the class of each column.
        kernel: (channels, classes).
        bias: (classes,).
    """

    classes: tuple[int, ...]
    kernel: FloatArray
    bias: FloatArray

    def column(self, index: int) -> tuple[FloatArray, float]:
        """Return the weights, (channels,), and the bias of a class.

        Raises:
            ConfigError: If the weights of this class do not ship with Thaw.
        """
        if index not in self.classes:
            raise ConfigError(
                f"The weights of class {index} are not among those that ship with Thaw.",
                "Choose another class.",
            )
        at = self.classes.index(index)
        return self.kernel[:, at], float(self.bias[at])


@dataclass(frozen=True, eq=False)
class Decision:
    """The decomposition of a logit, in two ways that give the same number.

    Args:
        cam: (rows, columns), the class activation map.
        bias: Bias of the class.
        products: (channels,), the average of each channel times its weight.
    """

    cam: FloatArray
    bias: float
    products: FloatArray

    @cached_property
    def mean(self) -> float:
        """The average of the class activation map."""
        return float(self.cam.mean())

    @property
    def logit(self) -> float:
        """The average of the weighted sum, plus the bias."""
        return self.mean + self.bias

    @cached_property
    def logit_of_averages(self) -> float:
        """The weighted sum of the averages, plus the bias: what the Dense layer computes."""
        return float(self.products.sum()) + self.bias

    def largest(self, count: int) -> tuple[tuple[int, float], ...]:
        """Return the channels with the largest contributions to the logit, positive or negative."""
        order = np.argsort(-np.abs(self.products), kind="stable")[:count]
        return tuple((int(channel), float(self.products[channel])) for channel in order)

    def __sub__(self, other: "Decision") -> "Decision":
        """Return the decomposition of the difference of two logits."""
        return Decision(
            self.cam - other.cam, self.bias - other.bias, self.products - other.products
        )


def decide(maps: FeatureMaps, weights: FloatArray, bias: float) -> Decision:
    """Decompose a logit by position in the image and by channel.

    The head is one Dense layer on the averages, so its logit is a weighted sum of averages, which
    is the average of a weighted sum: mean(CAM) + bias = logit, within rounding.

    Args:
        maps: Feature maps of an image.
        weights: (channels,), weights of a class.
        bias: Bias of the same class.

    Raises:
        ValueError: If there is not one weight for each channel.

    Reference:
        Zhou et al. 2016, "Learning Deep Features for Discriminative Localization" (cam).
    """
    column = np.asarray(weights, np.float64)[:, np.newaxis]
    cam = pooling.class_activation_map(maps.maps[np.newaxis], column)[0, :, :, 0]
    return Decision(np.asarray(cam, np.float64), float(bias), maps.averages * column[:, 0])


def decimals(first: float, second: float, total: float, *, fewest: int = 4, most: int = 9) -> int:
    """Return how many decimals a sum needs so that its rounded numbers still add up.

    Args:
        first: First summand.
        second: Second summand.
        total: Sum of both.
        fewest: Number of decimals to try first.
        most: Number of decimals to use if no smaller number is enough.

    Example:

    >>> decimals(0.12, 0.25, 0.37)
    4
    >>> decimals(0.00004, 0.00004, 0.00008)  # 0.0000 + 0.0000 = 0.0001 would not do
    5
    """
    for count in range(fewest, most):
        # In units of the last decimal, so that integers are compared.
        units = [round(round(value, count) * 10**count) for value in (first, second, total)]
        if units[0] + units[1] == units[2]:
            return count
    return most


@lru_cache(maxsize=1)
def examples() -> dict[str, Example]:
    """Return the images that ship with their maps, by id, in the order on the page."""
    rows = json.loads((FOLDER / "examples.json").read_text("utf-8"))
    return {row["id"]: Example(**row) for row in rows}


@lru_cache(maxsize=64)
def load(example: str, size: Size) -> FeatureMaps:
    """Return the last feature map of an example; callers must not change it.

    Args:
        example: Id of the example.
        size: Input size, one of SIZES.

    Raises:
        ConfigError: If there is no such example or size.
    """
    if example not in examples() or size not in SIZES:
        raise ConfigError(
            f"No feature maps of {example!r} at {size[0]} x {size[1]} pixels ship with Thaw.",
            f"Choose one of {', '.join(examples())}.",
        )
    with np.load(FOLDER / f"{example}.npz", allow_pickle=False) as stored:
        maps, logits = (stored[f"{name}_{size[0]}x{size[1]}"] for name in ("maps", "logits"))
    return FeatureMaps(size, maps.astype(np.float64), logits.astype(np.float64))


@lru_cache(maxsize=1)
def imagenet_classifier() -> Classifier:
    """Return the last layer of EfficientNet-Lite0 for the classes on the page; read-only."""
    with np.load(FOLDER / "classifier.npz", allow_pickle=False) as stored:
        return Classifier(
            tuple(int(index) for index in stored["classes"]),
            stored["kernel"].astype(np.float64),
            stored["bias"].astype(np.float64),
        )


def reads_averages(config: TrainConfig) -> bool:
    """Return True if the head of a run is one Dense layer on the averages of the shipped maps.

    The maps are those of the pretrained backbone, so the run must not have changed it.
    """
    return (
        config.backbone == BACKBONE
        and config.strategy == "feature_extraction"
        and config.pooling == "gap"
        and not config.hidden_units
    )


def run_classifier(run: Run) -> Classifier | None:
    """Return the Dense layer that a run trained; None if it is not stored or of another kind.

    With two classes there is one column, the logit of the second class.

    Args:
        run: A finished run whose head is one Dense layer on the averages.
    """
    arrays = _stored_head(run.folder / "model" / MODEL_FILE)
    if arrays is None:
        return None
    kernel, bias = arrays
    names = run.result.get("class_names", ())
    outputs = heads.outputs_for(len(names)) if len(names) > 1 else 0
    if kernel.shape != (NUM_CHANNELS, outputs) or bias.shape != (outputs,):
        return None
    classes = (1,) if outputs == 1 else tuple(range(outputs))
    return Classifier(classes, kernel, bias)


def _stored_head(path: Path) -> tuple[FloatArray, FloatArray] | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays: list[Any] = [stored["head/0"], stored["head/1"]]
            if "head/2" in stored.files:
                return None
            return arrays[0].astype(np.float64), arrays[1].astype(np.float64)
    except Exception:
        # A damaged archive can raise almost any exception in NumPy and zipfile.
        return None
