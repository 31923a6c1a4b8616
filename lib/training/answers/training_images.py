"""Answer of a worker: a few of the images that a run will learn from."""

from typing import Any

import numpy as np

from lib.core.images import training_images
from lib.core.splits import IntArray
from lib.training.answers import dataset as answers
from lib.training.images import decode
from lib.training.images.decode import ImageSource

# Twice the size on the page.
THUMBNAIL = 96


def some(dataset: str, fingerprint: str, num_images: int, seed: int) -> dict[int, bytes]:
    """A few training images of a run.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images.
        num_images: Number of training images.
        seed: Seed of the run.

    Returns:
        Index -> WebP file of 96 x 96 pixels.

    Raises:
        DataError: If the dataset is not on this machine.
    """
    source = answers._source(dataset, fingerprint)
    rows = training_images.chosen(source.labels, np.asarray(source.given), num_images, seed)
    return thumbnails(source, rows)


def thumbnails(source: ImageSource, rows: IntArray) -> dict[int, bytes]:
    """Small pictures of some images; those that cannot be opened are left out.

    Args:
        source: The images of a dataset.
        rows: Indices of the images.
    """
    found: dict[int, Any] = {}
    for index, data in source.read(frozenset(rows.tolist())):
        try:
            with decode.opened(data) as image:
                found[index] = answers._webp(
                    decode.stretched(image, THUMBNAIL, THUMBNAIL), lossless=False
                )
        except ValueError:
            continue
    return {index: found[index] for index in rows.tolist() if index in found}
