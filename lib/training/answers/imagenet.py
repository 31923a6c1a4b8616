"""Predictions of the published ImageNet classifier EfficientNet-Lite0.

`feature_map` is a task for lib.jobs: arguments and results are plain values, bytes and arrays. No
image is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from lib.core import backbones, heads
from lib.core.errors import DataError
from lib.core.runs import MAX_IMAGE_SIZE
from lib.training.images import single_image
from lib.training.network import efficientnet_lite

FloatArray = npt.NDArray[np.float32]

CLASSIFIER = "efficientnet_lite0"
IMAGENET_SIZE = 224
TOP = 5


@dataclass(frozen=True)
class _Classifier:
    """The published EfficientNet-Lite0 up to the logits, for images of any size."""

    network: keras.Model  # image -> last feature map, logits
    kernel: FloatArray  # (1280, 1000)
    bias: FloatArray  # (1000,)


@lru_cache(maxsize=1)
def _classifier() -> _Classifier:
    published = efficientnet_lite.efficientnet_lite0(IMAGENET_SIZE, include_top=True)
    efficientnet_lite.load_imagenet_weights(published)
    published.get_layer("predictions").activation = keras.activations.linear
    anywhere = keras.Input((None, None, 3))
    network = keras.models.clone_model(published, input_tensors=anywhere)
    network.set_weights(published.get_weights())
    maps = network.get_layer("avg_pool").input
    kernel, bias = network.get_layer("predictions").get_weights()
    return _Classifier(keras.Model(network.input, [maps, network.output]), kernel, bias)


def feature_map(
    image: bytes, height: int, width: int, classes: Sequence[int] = ()
) -> dict[str, Any]:
    """The last feature map and the logits of EfficientNet-Lite0 for an image.

    Args:
        image: One of lib.core.images.formats; it is resized to height and width, ignoring its
            aspect ratio.
        height: In pixels.
        width: In pixels.
        classes: ImageNet classes whose weights are returned in addition to those of the top five.

    Returns:
        `image` (height, width, 3) uint8; `size` (width, height) and `format` of the
        original; `maps` (rows, columns, 1280); `logits` (1000,); `top`, pairs of
        class and probability of the top five; `classes`, those and the additional ones;
        `kernel_top` (1280, classes) and `bias_top` (classes,), their weights.

    Raises:
        DataError: If the image, its height or its width cannot be used.
        WeightsError: If the weights of the classifier are not installed.
    """
    smallest = backbones.get(CLASSIFIER).min_image_size
    if not (smallest <= height <= MAX_IMAGE_SIZE and smallest <= width <= MAX_IMAGE_SIZE):
        raise DataError(
            f"An image of {width} x {height} pixels cannot be shown to this network.",
            f"Use {smallest} to {MAX_IMAGE_SIZE} pixels.",
        )
    shown = single_image.decode(image, height, width)
    classifier = _classifier()
    inputs = backbones.get(CLASSIFIER).preprocessing.apply(shown.pixels[np.newaxis])
    maps, logits = (part.numpy()[0] for part in classifier.network(inputs, training=False))
    shares = heads.softmax(logits).astype(np.float32)
    top = np.argsort(-logits, kind="stable")[:TOP]
    wanted = list(dict.fromkeys([*top.tolist(), *classes]))
    return {
        **shown.about,
        "maps": maps,
        "logits": logits,
        "top": [(int(index), float(shares[index])) for index in top],
        "classes": wanted,
        "kernel_top": classifier.kernel[:, wanted],
        "bias_top": classifier.bias[wanted],
    }


def probabilities(inputs: FloatArray) -> FloatArray:
    """ImageNet probabilities of preprocessed images.

    Args:
        inputs: (images, height, width, 3).

    Output shape: (images, 1000).

    Raises:
        WeightsError: If the weights of the classifier are not installed.
    """
    _, logits = _classifier().network(inputs, training=False)
    return heads.softmax(logits.numpy()).astype(np.float32)
