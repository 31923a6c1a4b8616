"""Data augmentation: random changes of the training images."""

import keras
import tensorflow as tf

# As fractions of a full turn, of the image size and of the contrast; values of the tutorials.
ROTATION = 0.1
ZOOM = 0.1
CONTRAST = 0.1
# Of an augmentation that destroys the class: any angle, both mirrors, and from the middle 60 % of
# each side down to 20 %.
ANY_ANGLE = 0.5
INTO = (-0.8, -0.4)


class Augmentation:
    """A function that randomly flips, rotates, zooms and changes the contrast of images.

    Input shape: (batch, height, width, 3), 0 to 255.
    Output shape: the same.

    Args:
        seed: Of the random changes.
        destroys: Whether they go so far that the class can no longer be seen.
    """

    def __init__(self, seed: int, destroys: bool = False) -> None:
        self._make = _destroying_layers if destroys else _layers
        self._layers = self._make(seed)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Change some images."""
        for layer in self._layers:
            images = layer(images, training=True)
        return images

    def begin(self, seed: int) -> None:
        """Draw from now on what a new function with this seed would draw, in the same graphs."""
        for layer, fresh in zip(self._layers, self._make(seed), strict=True):
            layer.generator.state.assign(fresh.generator.state)


def _layers(seed: int) -> tuple[keras.layers.Layer, ...]:
    return (
        keras.layers.RandomFlip("horizontal", seed=seed),
        keras.layers.RandomRotation(ROTATION, fill_mode="nearest", seed=seed + 1),
        keras.layers.RandomZoom(ZOOM, fill_mode="nearest", seed=seed + 2),
        keras.layers.RandomContrast(CONTRAST, value_range=(0, 255), seed=seed + 3),
    )


def _destroying_layers(seed: int) -> tuple[keras.layers.Layer, ...]:
    return (
        keras.layers.RandomFlip("horizontal_and_vertical", seed=seed),
        keras.layers.RandomRotation(ANY_ANGLE, fill_mode="nearest", seed=seed + 1),
        keras.layers.RandomZoom(INTO, fill_mode="nearest", seed=seed + 2),
    )
