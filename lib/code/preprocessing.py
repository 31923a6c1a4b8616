"""Values for templates: constructor and preprocessing of a backbone, and augmentation."""

from typing import Any

import numpy as np
import numpy.typing as npt

from lib.code.templates import Code
from lib.core.backbones import BackboneSpec

# id -> (constructor in keras.applications, its module)
APPLICATIONS: dict[str, tuple[str, str]] = {
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2"),
    "vgg16": ("VGG16", "vgg16"),
    "xception": ("Xception", "xception"),
    "resnet50": ("ResNet50", "resnet50"),
    "efficientnet_b0": ("EfficientNetB0", "efficientnet"),
    "mobilenet_v3_small": ("MobileNetV3Small", "mobilenet_v3"),
    "densenet121": ("DenseNet121", "densenet"),
    "inception_v3": ("InceptionV3", "inception_v3"),
    "convnext_tiny": ("ConvNeXtTiny", "convnext"),
}

# The layers of lib.training.sources.augmentation.
AUGMENTATION = (
    Code('keras.layers.RandomFlip("horizontal", seed=SEED)'),
    Code('keras.layers.RandomRotation(0.1, fill_mode="nearest", seed=SEED + 1)'),
    Code('keras.layers.RandomZoom(0.1, fill_mode="nearest", seed=SEED + 2)'),
    Code("keras.layers.RandomContrast(0.1, value_range=(0, 255), seed=SEED + 3)"),
)


def values(spec: BackboneSpec) -> dict[str, Any]:
    """Template values of a backbone and of its preprocessing.

    `mean` is subtracted from an image, and the result is divided by `divisor`. Both are numbers, or
    lists if the channels differ. `constructor` is None if keras.applications does not have the
    backbone.

    Example:

    >>> from lib.core import backbones
    >>> vgg16 = values(backbones.get("vgg16"))
    >>> vgg16["mean"], vgg16["divisor"], vgg16["constructor"]
    ([103.939, 116.779, 123.68], 1, 'VGG16')
    """
    constructor, module = APPLICATIONS.get(spec.id, (None, None))
    return {
        "constructor": constructor,
        "module": module,
        "mean": _as_written(np.asarray(spec.preprocessing.mean)),
        "divisor": _as_written(1 / np.asarray(spec.preprocessing.scale)),
        "augmentation": AUGMENTATION,
    }


def _as_written(channels: npt.NDArray[np.float64]) -> float | list[float]:
    """Round to seven digits, which is more than images need; write integers without a point."""
    numbers = [float(f"{value:.7g}") for value in np.atleast_1d(channels)]
    numbers = [int(number) if number.is_integer() else number for number in numbers]
    return numbers[0] if len(set(numbers)) == 1 else numbers
