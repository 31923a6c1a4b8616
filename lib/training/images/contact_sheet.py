"""A contact sheet of a few images of a dataset, for the catalogue."""

import contextlib
import io
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core.datasets import DATASETS
from lib.core.files import atomic_write
from lib.core.images import download_status
from lib.training.images import decode
from lib.training.images.decode import ImageSource

COLUMNS, ROWS = 4, 2
TILE = 96
# A class that does not occur among this many images is not shown.
MAX_LOOKED_AT = 2_000


def montage(tiles: Iterable[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Arrange eight images in two rows.

    Args:
        tiles: Arrays of shape (96, 96, 3); missing tiles are white.

    Returns:
        Shape (192, 384, 3).
    """
    picture = np.full((ROWS * TILE, COLUMNS * TILE, 3), 255, np.uint8)
    for place, tile in zip(np.ndindex(ROWS, COLUMNS), tiles, strict=False):
        top, left = (TILE * each for each in place)
        picture[top : top + TILE, left : left + TILE] = tile
    return picture


def chosen(labels: Sequence[int], count: int = ROWS * COLUMNS) -> list[int]:
    """Choose the images of the contact sheet: the classes in turn, first images first.

    Args:
        labels: Labels of all images.
        count: Number of images to choose.

    Example:

    >>> chosen([0, 0, 0, 1, 2], count=4)
    [0, 3, 4, 1]
    """
    rank: dict[int, int] = {}
    turns = []
    for index, label in enumerate(labels):
        turns.append((rank.get(label, 0), label, index))
        rank[label] = rank.get(label, 0) + 1
    return [index for _, _, index in sorted(turns)[:count]]


def write(dataset: str, source: ImageSource) -> None:
    """Create the contact sheet of a downloaded registered dataset below THAW_HOME, if missing.

    Args:
        dataset: TFDS name.
    """
    spec = DATASETS.get(dataset)
    if spec is None or spec.offline or download_status.picture_file(spec).exists():
        return
    shown = chosen(source.labels[:MAX_LOOKED_AT].tolist())
    # A missing picture is not an error.
    with contextlib.suppress(OSError, ValueError):
        encoded = dict(source.read(frozenset(shown)))
        picture = montage(decode.decode(encoded[index], TILE) for index in shown)
        path = download_status.picture_file(spec)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "WEBP", quality=85)
        atomic_write.write(path, file.getvalue())
