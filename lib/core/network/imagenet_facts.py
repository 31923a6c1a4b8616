"""Published facts about each backbone: its paper, its ImageNet accuracy and its classifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lib.core import backbones, freezing, heads
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.core.heads import HeadSpec

NUM_CLASSES = 1000

KERAS_TABLE = "Keras Applications, table of models"
KERAS_ADDRESS = "https://keras.io/api/applications/"


@dataclass(frozen=True)
class ImageNetSpec:
    """A backbone as it was published.

    Args:
        paper: Title of the paper.
        address: Address of the paper.
        accuracy: Top-1 accuracy of these weights on the ImageNet validation images, in per cent.
        accuracy_source: Source of the accuracy.
        accuracy_address: Address of that source.
        image_size: Side in pixels of the images that the accuracy was measured on.
        hidden_units: Units of each Dense layer of the classifier before the last one.
        flattens: True if the classifier uses every position instead of their average.
        min_size_reason: Why smaller inputs cannot be used.
    """

    paper: str
    address: str
    accuracy: float
    accuracy_source: str = KERAS_TABLE
    accuracy_address: str = KERAS_ADDRESS
    image_size: int = 224
    hidden_units: tuple[int, ...] = ()
    flattens: bool = False
    min_size_reason: str = "five halvings of 32 pixels leave a single position"


IMAGENET: dict[str, ImageNetSpec] = {
    "efficientnet_lite0": ImageNetSpec(
        "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        "https://arxiv.org/abs/1905.11946",
        75.1,
        "TensorFlow TPU models, EfficientNet-lite",
        "https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/lite/README.md",
    ),
    "mobilenet_v2": ImageNetSpec(
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        "https://arxiv.org/abs/1801.04381",
        71.3,
    ),
    "vgg16": ImageNetSpec(
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "https://arxiv.org/abs/1409.1556",
        71.3,
        hidden_units=(4096, 4096),
        flattens=True,
    ),
    "xception": ImageNetSpec(
        "Xception: Deep Learning with Depthwise Separable Convolutions",
        "https://arxiv.org/abs/1610.02357",
        79.0,
        image_size=299,
        min_size_reason="its first convolutions have no padding, so the last block would get less "
        "than it halves",
    ),
    "resnet50": ImageNetSpec(
        "Deep Residual Learning for Image Recognition", "https://arxiv.org/abs/1512.03385", 74.9
    ),
    "efficientnet_b0": ImageNetSpec(
        "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        "https://arxiv.org/abs/1905.11946",
        77.1,
    ),
    "mobilenet_v3_small": ImageNetSpec(
        "Searching for MobileNetV3",
        "https://arxiv.org/abs/1905.02244",
        68.1,
        "Keras, docstring of MobileNetV3Small",
        "https://keras.io/api/applications/mobilenet/",
        hidden_units=(1024,),
    ),
    "densenet121": ImageNetSpec(
        "Densely Connected Convolutional Networks", "https://arxiv.org/abs/1608.06993", 75.0
    ),
    "inception_v3": ImageNetSpec(
        "Rethinking the Inception Architecture for Computer Vision",
        "https://arxiv.org/abs/1512.00567",
        77.9,
        image_size=299,
        min_size_reason="its convolutions without padding eat the border, so less would leave "
        "nothing for the last blocks",
    ),
    "convnext_tiny": ImageNetSpec(
        "A ConvNet for the 2020s", "https://arxiv.org/abs/2201.03545", 81.3
    ),
}


def get(backbone: str) -> ImageNetSpec:
    """Return the published facts about a backbone.

    Raises:
        ConfigError: If the backbone is unknown.
    """
    if backbone not in IMAGENET:
        raise ConfigError(f"Nothing is known here of the paper behind {backbone!r}.")
    return IMAGENET[backbone]


def classifier_params(backbone: str) -> int:
    """Count the parameters of the classifier that `include_top=True` adds.

    Example:

    >>> classifier_params("vgg16")
    123642856
    """
    spec = get(backbone)
    features = backbones.load_layer_table(backbone, spec.image_size)[-1].output_shape
    pooling = HeadSpec("flatten" if spec.flattens else "gap")
    sizes: Sequence[int] = (*heads.pooled_shape(pooling, features), *spec.hidden_units, NUM_CLASSES)
    return sum(heads.dense_params(inputs, units) for inputs, units in pairwise(sizes))


def params_with_top(backbone: str) -> int:
    """Count the parameters of the whole published network, including the classifier.

    Example:

    >>> params_with_top("vgg16"), params_with_top("mobilenet_v2")
    (138357544, 3538984)
    """
    layers = backbones.load_layer_table(backbone)
    without = freezing.count_params(layers, FreezePlan.none()).total
    return without + classifier_params(backbone)
