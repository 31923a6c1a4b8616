"""The path of an image through a network, step by step, and the prediction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import heads, pooling
from lib.core.backbones import Preprocessing
from lib.core.errors import ConfigError
from lib.core.files.shipped import DATA
from lib.core.maps import feature_maps
from lib.core.maps.feature_maps import Classifier, FeatureMaps
from lib.core.runs import Run

FILE = DATA / "first_pixels.json"
# Published input size of the pretrained classifier in the lesson.
IMAGENET_SIZE = 224

FloatArray = npt.NDArray[np.float64]


# --- The input of the network ---------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """An image as a network receives it, before preprocessing.

    Args:
        format: Name of the file format, as in lib.core.images.formats.
        size: (width, height) of the file in pixels.
        image_size: Side in pixels of the square that the image was stretched to.
        pixel: Red, green and blue of the pixel in the middle of the square, 0 to 255.
        low: Smallest value in the square.
        high: Largest value in the square.
    """

    format: str
    size: tuple[int, int]
    image_size: int
    pixel: tuple[int, int, int]
    low: int
    high: int

    def preprocessed(self, how: Preprocessing) -> tuple[float, float, float]:
        """Return the pixel in the middle after preprocessing."""
        first, second, third = how.apply(np.array(self.pixel, np.uint8)).tolist()
        return first, second, third


def shown(pixels: npt.NDArray[np.uint8], size: tuple[int, int], format_: str) -> Shown:
    """Describe an image that a worker has decoded.

    Args:
        pixels: (image_size, image_size, 3), RGB.
        size: (width, height) of the file in pixels.
        format_: Format of the file.
    """
    side = len(pixels)
    red, green, blue = (int(value) for value in pixels[side // 2, side // 2])
    return Shown(format_, size, side, (red, green, blue), int(pixels.min()), int(pixels.max()))


@lru_cache(maxsize=1)
def _first_pixels() -> dict[str, dict[str, Any]]:
    pixels: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return pixels


def shown_example(example: str, image_size: int) -> Shown:
    """Describe a shipped image; `python -m lib.tools.export_pixels` writes the values.

    Args:
        example: Id in feature_maps.examples().
        image_size: A side in feature_maps.SIZES.

    Raises:
        ConfigError: If this image does not ship with Thaw at this size.

    Example:

    >>> shown_example("cat", 224).size
    (420, 280)
    """
    known = feature_maps.examples()
    row = _first_pixels().get(example, {}).get(str(image_size))
    if row is None or example not in known:
        raise ConfigError(f"{example!r} at {image_size} pixels does not ship with Thaw.")
    size = known[example].width, known[example].height
    red, green, blue = row["pixel"]
    return Shown("WebP", size, image_size, (red, green, blue), row["low"], row["high"])


def in_words(how: Preprocessing) -> str:
    """Describe the preprocessing of a backbone in a few words.

    Example:

    >>> from lib.core import backbones
    >>> in_words(backbones.LITE)
    '(x − 127) / 128'
    >>> in_words(backbones.CAFFE)
    'RGB to BGR, each channel minus its mean over ImageNet'
    """
    if isinstance(how.scale, tuple):
        return "each channel minus its mean over ImageNet, by its standard deviation"
    if how.order == "BGR":
        return "RGB to BGR, each channel minus its mean over ImageNet"
    if not any(how.mean):
        return "left as it is: the network begins with it"
    return f"(x − {how.mean[0]:g}) / {1 / how.scale:g}"


# --- The prediction -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Answer:
    """The prediction of a network for an image, with a map for each class.

    Args:
        probabilities: (classes,), they sum to 1.
        maps: (rows, columns, classes), above 0 for evidence for a class, below 0 against it.
        how: "cam" if the mean of a map plus the bias is the logit; "grad_cam" otherwise.
        logits: (outputs,), one for two classes, else one per class.
        bias: (outputs,), bias of the last layer.
    """

    probabilities: FloatArray
    maps: FloatArray
    how: str
    logits: FloatArray
    bias: FloatArray

    @property
    def best(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    def ranking(self, count: int) -> tuple[int, ...]:
        """Return the most probable classes, most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return tuple(int(index) for index in order)

    def sum_of(self, index: int) -> tuple[float, float, float]:
        """Return mean of the map, bias and logit of a class; with "cam" mean + bias = logit.

        With two classes there is one logit, that of the second; the first has its negative.
        """
        mean = float(self.maps[:, :, index].mean())
        if len(self.logits) == 1:
            sign = 1.0 if index else -1.0
            return mean, sign * float(self.bias[0]), sign * float(self.logits[0])
        return mean, float(self.bias[index]), float(self.logits[index])


def from_maps(maps: FeatureMaps, classifier: Classifier) -> Answer:
    """Compute the answer of a head that is one Dense layer on the averages of a feature map.

    Args:
        maps: Feature maps of the image.
        classifier: All classes of the head; one column for two classes.
    """
    cam = np.asarray(
        pooling.class_activation_map(maps.maps[np.newaxis], classifier.kernel)[0], np.float64
    )
    logits = cam.mean(axis=(0, 1)) + classifier.bias
    if len(logits) == 1:
        cam = np.concatenate([-cam, cam], axis=-1)
    return Answer(heads.softmax(logits), cam, "cam", logits, classifier.bias)


def from_worker(said: Mapping[str, Any]) -> Answer:
    """Read what lib.training.inference.predict answered about one model."""
    return Answer(
        np.asarray(said["probabilities"], np.float64),
        np.asarray(said["map"], np.float64),
        str(said["how"]),
        np.asarray(said["logits"], np.float64),
        np.asarray(said["bias"], np.float64),
    )


def from_shipped_maps(run: Run, example: str) -> Answer | None:
    """Predict a shipped image without a worker; None if only a worker can do it.

    Args:
        example: Id of a shipped image.
    """
    size = (run.config.image_size, run.config.image_size)
    if size not in feature_maps.SIZES or not feature_maps.reads_averages(run.config):
        return None
    classifier = feature_maps.run_classifier(run)
    return None if classifier is None else from_maps(feature_maps.load(example, size), classifier)


# --- The lesson -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One of the steps from an image file to the name of a class.

    Args:
        title: Name of the step, one word.
        code: Line of code for the step.
        result: Result in words and numbers.
        shape: Shape of the result.
    """

    title: str
    code: str
    result: str
    shape: str


def lesson(image: Shown, how: Preprocessing, index: int, share: float, name: str) -> list[Step]:
    """Describe load, preprocess, predict and decode, each with its result for this image.

    Args:
        image: The image as the network receives it.
        index: The most probable class.
        share: Probability of that class.
        name: Name of that class.
    """
    side = image.image_size
    before = ", ".join(str(value) for value in image.pixel)
    after = ", ".join(signed(value) for value in image.preprocessed(how))
    width, height = image.size
    return [
        Step(
            "Load",
            f"image = load_img(file, target_size=({side}, {side}))",
            f"{width} × {height} pixels, stretched to {side} × {side}. The pixel in the middle is "
            f"**{before}**",
            f"{side} × {side} × 3, {image.low} to {image.high}",
        ),
        Step(
            "Preprocess",
            "batch = (np.array([image]) - 127) / 128",
            f"Into the range the network was trained with. The same pixel is **{after}**",
            f"1 × {side} × {side} × 3, {signed(_end(image.low, how))} to "
            f"{signed(_end(image.high, how))}",
        ),
        Step(
            "Predict",
            "probabilities = network.predict(batch)[0]",
            f"Probabilities that sum to 1. The largest, **{share:.3f}**, is number **{index}**",
            f"{feature_maps.NUM_CLASSES:,} numbers",
        ),
        Step(
            "Decode",
            "names[probabilities.argmax()]",
            f"Number {index} in the list of ImageNet's classes is **{name}**",
            "1 name",
        ),
    ]


def _end(level: int, how: Preprocessing) -> float:
    """Return a level after preprocessing that treats all channels alike."""
    return float(how.apply([level, level, level])[0])


def signed(value: float, decimals: int = 2) -> str:
    """Format a number with a true minus sign, and never as "−0.00".

    Example:

    >>> signed(-0.25), signed(-0.001)
    ('−0.25', '0.00')
    """
    text = f"{abs(value):.{decimals}f}"
    return f"−{text}" if value < 0 and float(text) else text


PRETRAINED_CODE = '''\
"""The four steps with a network of keras.applications: load, preprocess, predict, decode."""

import keras
import numpy as np
from keras.applications import mobilenet_v2

network = mobilenet_v2.MobileNetV2(weights="imagenet")  # with its classifier of 1,000 classes

# 1 Load: RGB, 0 to 255, at the size the network was trained with.
image = keras.utils.load_img("cat.jpg", target_size=(224, 224), interpolation="bilinear")

# 2 Preprocess: a batch of one image, in the range the network was trained with. Every network
# has its own preprocess_input; doing it twice, or with another network's, ruins the answer.
batch = mobilenet_v2.preprocess_input(np.array([np.asarray(image, "float32")]))

# 3 Predict: one probability for each of the 1,000 classes.
probabilities = network.predict(batch)

# 4 Decode: from numbers to names.
for _, name, probability in mobilenet_v2.decode_predictions(probabilities, top=5)[0]:
    print(f"{probability:6.1%}  {name}")
'''


def steps_table(image: Shown, how: Preprocessing) -> tuple[tuple[str, str, str], ...]:
    """List the preprocessing steps of an image: the step in words, its output shape and values.

    Args:
        image: The image as the network receives it.
    """
    side = image.image_size
    width, height = image.size
    before = ", ".join(str(value) for value in image.pixel)
    after = ", ".join(signed(value) for value in image.preprocessed(how))
    return (
        (f"Load: {image.format}, as RGB", _shape(height, width, 3), "0 to 255"),
        ("Stretch to a square", _shape(side, side, 3), f"middle {before}"),
        (in_words(how), _shape(side, side, 3), f"middle {after}"),
        ("A batch of one", _shape(1, side, side, 3), "the same"),
    )


def _shape(*sizes: int) -> str:
    """Format a shape that is never broken over two lines."""
    return "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(str(size) for size in sizes)
