"""A backbone with an output at every depth (lib.core.features.depths)."""

from functools import lru_cache

import keras

from lib.core.features import depths
from lib.training.network import efficientnet_lite


def maps(backbone: keras.Model, image_size: int) -> keras.Model:
    """From preprocessed images to the feature map of every depth.

    Args:
        backbone: EfficientNet-Lite0 for images of this size; its layers are shared.
        image_size: Side of the images in pixels.
    """
    ends = [backbone.get_layer(depth.layer).output for depth in depths.depths(image_size)]
    return keras.Model(backbone.input, ends)


def averages(backbone: keras.Model, image_size: int) -> keras.Model:
    """From preprocessed images to the averaged features of every depth.

    Args:
        backbone: EfficientNet-Lite0 for images of this size; its layers are shared.
        image_size: Side of the images in pixels.
    """
    averaged = [
        # Named explicitly, because Keras numbers unnamed layers across the whole process.
        keras.layers.GlobalAveragePooling2D(name=f"{depth.block}_average")(
            backbone.get_layer(depth.layer).output
        )
        for depth in depths.depths(image_size)
    ]
    return keras.Model(backbone.input, averaged)


@lru_cache(maxsize=2)
def pretrained(image_size: int) -> keras.Model:
    """The pretrained backbone of the page. Callers must not change it.

    Raises:
        WeightsError: If the weights are not installed.
    """
    backbone = efficientnet_lite.efficientnet_lite0(image_size)
    efficientnet_lite.load_imagenet_weights(backbone)
    return backbone
