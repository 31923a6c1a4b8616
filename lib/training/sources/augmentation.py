"""Data augmentation: random changes of the training images."""

from collections.abc import Callable

import keras
import tensorflow as tf

# As fractions of a full turn, of the image size and of the contrast; values of the tutorials.
ROTATION = 0.1
ZOOM = 0.1
CONTRAST = 0.1


def build_augmentation(seed: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function that randomly flips, rotates, zooms and changes the contrast of images.

    Input shape: (batch, height, width, 3), 0 to 255.
    Output shape: the same.
    """
    layers = (
        keras.layers.RandomFlip("horizontal", seed=seed),
        keras.layers.RandomRotation(ROTATION, fill_mode="nearest", seed=seed + 1),
        keras.layers.RandomZoom(ZOOM, fill_mode="nearest", seed=seed + 2),
        keras.layers.RandomContrast(CONTRAST, value_range=(0, 255), seed=seed + 3),
    )

    def augment(images: tf.Tensor) -> tf.Tensor:
        for layer in layers:
            images = layer(images, training=True)
        return images

    return augment
