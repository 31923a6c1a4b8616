"""The few validation images that a run watches: right or wrong after each epoch.

`EpochRecord.right` has an answer for each of them, and `watched_images.webp` shows them as tiles in
the same order, like the picture of the test images (test_images.py). They are validation images, so
the test images are still used once.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lib.core.reading.test_images import webp_size
from lib.core.runs import MAX_WATCHED, WATCHED_IMAGES_FILE

IntArray = npt.NDArray[np.int64]


def choose(labels: npt.ArrayLike) -> IntArray:
    """Choose the validation images to watch: as many of each class as possible, the first ones.

    Args:
        labels: (images,), class index of every validation image.

    Returns:
        (at most MAX_WATCHED,), their positions, class by class.

    Example:

    >>> choose([0, 0, 0, 1, 1, 0] * 9).tolist()
    [0, 1, 2, 5, 6, 7, 3, 4, 9, 10, 15, 16]
    """
    classes = np.asarray(labels, np.int64)
    before = np.zeros(len(classes), np.int64)  # images of the same class that come earlier
    for label in np.unique(classes):
        before[classes == label] = np.arange((classes == label).sum())
    first = np.lexsort((classes, before))[:MAX_WATCHED]
    return first[np.lexsort((first, classes[first]))].astype(np.int64)


def in_digits(predicted: npt.ArrayLike, labels: npt.ArrayLike) -> str:
    """Return the answers as `EpochRecord.right` holds them.

    Args:
        predicted: (images,), predicted class of each watched image.
        labels: (images,), its class.

    Example:

    >>> in_digits([0, 1, 1], [0, 1, 0])
    '110'
    """
    return "".join("01"[int(same)] for same in np.asarray(predicted) == np.asarray(labels))


def picture(folder: Path) -> bytes:
    """Read the picture of the watched images in a run folder; empty if there is none.

    It is there before the first epoch of a run ends.
    """
    try:
        content = (folder / WATCHED_IMAGES_FILE).read_bytes()
    except OSError:
        return b""
    return content if webp_size(content) else b""
