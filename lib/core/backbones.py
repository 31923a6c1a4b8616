"""The pretrained backbones: a description of each one, and its layer table.

Long because it holds a registry in reading order, one entry per backbone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import shapes
from lib.core.errors import ConfigError
from lib.core.files.shipped import DATA

FloatArray = npt.NDArray[np.float32]

LAYER_TABLES = DATA / "layer_tables"


@dataclass(frozen=True)
class Preprocessing:
    """The preprocessing that a backbone expects: `(image[..., order] - mean) * scale`.

    Args:
        order: "RGB" or "BGR", the order of the channels after preprocessing.
        mean: Mean to subtract from each channel, in that order, in units of 0 to 255.
        scale: Factor for the difference; one number, or one for each channel.
    """

    order: str
    mean: tuple[float, float, float]
    scale: float | tuple[float, float, float]

    @property
    def value_range(self) -> tuple[float, float]:
        """Smallest and largest value that an 8-bit image can have after preprocessing."""
        darkest, brightest = (
            (level - np.asarray(self.mean)) * np.asarray(self.scale) for level in (0, 255)
        )
        return float(darkest.min()), float(brightest.max())

    def apply(self, images: npt.ArrayLike) -> FloatArray:
        """Preprocess images.

        Input shape: (..., 3), RGB, 0 to 255.
        Output shape: the same, float32.
        """
        values = np.asarray(images, dtype=np.float32)
        if self.order == "BGR":
            values = values[..., ::-1]
        mean, scale = np.asarray(self.mean, np.float32), np.asarray(self.scale, np.float32)
        result: FloatArray = (values - mean) * scale
        return result


LITE = Preprocessing("RGB", (127.0, 127.0, 127.0), 1 / 128)
MINUS_ONE_TO_ONE = Preprocessing("RGB", (127.5, 127.5, 127.5), 1 / 127.5)
CAFFE = Preprocessing("BGR", (103.939, 116.779, 123.68), 1.0)
# Mean and standard deviation of ImageNet, which are published in units of 0 to 1.
TORCH = Preprocessing(
    "RGB",
    (0.485 * 255, 0.456 * 255, 0.406 * 255),
    (1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)),
)
# The model preprocesses its input itself.
BUILT_IN = Preprocessing("RGB", (0.0, 0.0, 0.0), 1.0)


@dataclass(frozen=True)
class BackboneSpec:
    """A pretrained network without its classifier.

    Args:
        id: Name in links, the command line and run folders.
        title: Name on the page.
        year: Year of the paper.
        source: Key in docs/sources.md.
        image_size: Default side of the square input in pixels.
        published_size: Side of the images on which its ImageNet weights were trained and published.
        min_image_size: Smallest side that the architecture accepts.
        preprocessing: The preprocessing with which its ImageNet weights were trained.
        thaw_from: Default first thawed layer of `partial_fine_tuning`.
        offline: True if a Python package contains the ImageNet weights.
        weights_file: File name of the ImageNet weights, as expected in THAW_WEIGHTS.
        about: One sentence for a beginner.
    """

    id: str
    title: str
    year: int
    source: str
    image_size: int
    min_image_size: int
    preprocessing: Preprocessing
    thaw_from: str
    weights_file: str
    about: str
    offline: bool = False
    published_size: int = 224


def _registry(*specs: BackboneSpec) -> dict[str, BackboneSpec]:
    return {spec.id: spec for spec in specs}


# In reading order: first the one that needs no network connection, then by size.
BACKBONES: dict[str, BackboneSpec] = _registry(
    BackboneSpec(
        id="efficientnet_lite0",
        title="EfficientNet-Lite0",
        year=2020,
        source="efficientnet-lite",
        image_size=128,
        min_image_size=32,
        preprocessing=LITE,
        thaw_from="block_11_expand_conv",
        weights_file="efficientnet-lite0-57934424.pth",
        about="Small and quick on a phone or a laptop. Its ImageNet weights are already here.",
        offline=True,
    ),
    BackboneSpec(
        id="mobilenet_v2",
        title="MobileNetV2",
        year=2018,
        source="mobilenet-v2",
        image_size=160,
        min_image_size=32,
        preprocessing=MINUS_ONE_TO_ONE,
        thaw_from="block_11_expand",
        weights_file="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{size}_no_top.h5",
        about="The backbone of the best-known fine-tuning tutorial: inverted residual blocks.",
    ),
    BackboneSpec(
        id="vgg16",
        title="VGG16",
        year=2014,
        source="vgg16",
        image_size=224,
        min_image_size=32,
        preprocessing=CAFFE,
        thaw_from="block5_conv1",
        weights_file="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        about="Thirteen plain convolutions in a row, and no BatchNormalization at all.",
    ),
    BackboneSpec(
        id="xception",
        title="Xception",
        year=2016,
        source="xception",
        image_size=150,
        published_size=299,
        min_image_size=71,
        preprocessing=MINUS_ONE_TO_ONE,
        thaw_from="block13_sepconv1_act",
        weights_file="xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        about="The backbone of the Keras transfer learning guide: convolutions in two steps.",
    ),
    BackboneSpec(
        id="resnet50",
        title="ResNet50",
        year=2015,
        source="resnet50",
        image_size=224,
        min_image_size=32,
        preprocessing=CAFFE,
        thaw_from="conv5_block1_1_conv",
        weights_file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        about="Sixteen residual blocks: each adds its output to its input.",
    ),
    BackboneSpec(
        id="efficientnet_b0",
        title="EfficientNet-B0",
        year=2019,
        source="efficientnet",
        image_size=224,
        min_image_size=32,
        preprocessing=BUILT_IN,
        thaw_from="block6a_expand_conv",
        weights_file="efficientnetb0_notop.h5",
        about="Depth, width and resolution scaled together; its blocks weight their own channels.",
    ),
    BackboneSpec(
        id="mobilenet_v3_small",
        title="MobileNetV3 Small",
        year=2019,
        source="mobilenet-v3",
        image_size=224,
        min_image_size=32,
        preprocessing=BUILT_IN,
        thaw_from="expanded_conv_8_expand",
        weights_file="weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        about="Under a million parameters: found by a search for a fast network on phones.",
    ),
    BackboneSpec(
        id="densenet121",
        title="DenseNet121",
        year=2017,
        source="densenet",
        image_size=224,
        min_image_size=32,
        preprocessing=TORCH,
        thaw_from="conv5_block1_0_bn",
        weights_file="densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        about="Every layer sees the outputs of all layers before it in its block.",
    ),
    BackboneSpec(
        id="inception_v3",
        title="InceptionV3",
        year=2015,
        source="inception-v3",
        image_size=299,
        published_size=299,
        min_image_size=75,
        preprocessing=MINUS_ONE_TO_ONE,
        thaw_from="conv2d_80",
        weights_file="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        about="Each block looks at several scales side by side and joins what it finds.",
    ),
    BackboneSpec(
        id="convnext_tiny",
        title="ConvNeXt-Tiny",
        year=2022,
        source="convnext",
        image_size=224,
        min_image_size=32,
        preprocessing=BUILT_IN,
        thaw_from="convnext_tiny_stage_3_block_0_depthwise_conv",
        weights_file="convnext_tiny_notop.h5",
        about="Convolutions in the design of a transformer, and no BatchNormalization at all.",
    ),
)


@dataclass(frozen=True)
class WeightRow:
    """One weight tensor of a layer.

    Args:
        name: Name in Keras: "kernel", "gamma", "moving_mean" ...
        shape: Shape of the tensor; its product is the number of parameters.
        trainable: False for statistics, which no optimizer updates.
    """

    name: str
    shape: tuple[int, ...]
    trainable: bool

    @property
    def size(self) -> int:
        """Number of parameters (scalars)."""
        return prod(self.shape)


@dataclass(frozen=True)
class LayerRow:
    """One layer of a backbone, as `base.layers` lists it.

    Args:
        index: Position in `base.layers`; the input layer is 0.
        name: Keras layer name, unique in the backbone.
        type: Keras class name.
        block: The block of the architecture to which it belongs, such as "block_11".
        inbound: Names of its input layers.
        weights: Its weight tensors in Keras order.
        output_shape: (height, width, channels), or (channels,) without a position.
    """

    index: int
    name: str
    type: str
    block: str
    inbound: tuple[str, ...]
    weights: tuple[WeightRow, ...]
    output_shape: tuple[int, ...] = field(default=())

    @property
    def params(self) -> int:
        """All parameters of the layer."""
        return sum(weight.size for weight in self.weights)

    @property
    def trainable_params(self) -> int:
        """Parameters that an optimizer updates when the layer is thawed."""
        return sum(weight.size for weight in self.weights if weight.trainable)

    @property
    def statistics_params(self) -> int:
        """Parameters that no optimizer updates, such as moving mean and variance."""
        return self.params - self.trainable_params

    @property
    def is_batch_norm(self) -> bool:
        """True for BatchNormalization."""
        return self.type == "BatchNormalization"


def get(backbone: str) -> BackboneSpec:
    """Return the spec of a backbone.

    Raises:
        ConfigError: If the backbone is unknown.
    """
    if backbone not in BACKBONES:
        raise ConfigError(
            f"Thaw has no backbone called {backbone!r}.", f"Choose one of: {', '.join(BACKBONES)}."
        )
    return BACKBONES[backbone]


@lru_cache(maxsize=32)
def _table(backbone: str) -> dict[str, Any]:
    path = LAYER_TABLES / f"{get(backbone).id}.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


@lru_cache(maxsize=256)
def load_layer_table(backbone: str, image_size: int | None = None) -> tuple[LayerRow, ...]:
    """Load every layer of a backbone without its classifier, input side first.

    `python -m lib.tools.export_layer_tables` writes the tables from live Keras, and tests/oracle
    compares them with it.

    Args:
        image_size: Side of the square input in pixels; the default of the spec if None.

    Raises:
        ConfigError: If the backbone is unknown or cannot take images that small.

    Example:

    >>> [row.name for row in load_layer_table("vgg16")[:3]]
    ['input_layer', 'block1_conv1', 'block1_conv2']
    >>> load_layer_table("mobilenet_v2", 160)[-1].output_shape
    (5, 5, 1280)
    """
    spec = get(backbone)
    size = spec.image_size if image_size is None else image_size
    if size < spec.min_image_size:
        raise ConfigError(
            f"{spec.title} cannot take images of {size} x {size} pixels.",
            f"Its smallest input is {spec.min_image_size} x {spec.min_image_size}.",
        )
    rows = _table(backbone)["layers"]
    output_shapes = shapes.output_shapes(rows, (size, size, 3))
    return tuple(
        LayerRow(
            index=index,
            name=row["name"],
            type=row["type"],
            block=row["block"],
            inbound=tuple(row["inbound"]),
            weights=tuple(
                WeightRow(weight["name"], tuple(weight["shape"]), weight["trainable"])
                for weight in row["weights"]
            ),
            output_shape=shape,
        )
        for index, (row, shape) in enumerate(zip(rows, output_shapes, strict=True))
    )


def layer_index(layers: Sequence[LayerRow], name: str) -> int:
    """Return the index of the layer with this name.

    Raises:
        ConfigError: If the table has no such layer.
    """
    for row in layers:
        if row.name == name:
            return row.index
    raise ConfigError(
        f"This backbone has no layer called {name!r}.",
        f"Its layers run from {layers[0].name!r} to {layers[-1].name!r}.",
    )
