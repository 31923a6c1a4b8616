"""The test images of a run: where their picture is stored, and which images to show first.

`test_images.webp` holds them as square tiles, row by row, in the order of evaluation.json. If they
fill less than one row, the picture is as wide as its tiles, or as a whole row in some files.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lib.core.files.shipped import DATA
from lib.core.reading.evaluation import Evaluation, FloatArray
from lib.core.runs import TEST_IMAGES_FILE, Run

TILE_PIXELS = 64
TILES_A_ROW = 20


def sprite_path(run: Run) -> Path | None:
    """Return the path of the picture of a run's test images; None if there is none.

    All runs on a dataset have the same test images, so recorded runs share one picture.
    """
    own = run.folder / TEST_IMAGES_FILE
    if own.is_file():
        return own
    if not run.config.catalogued:
        return None
    shared = recorded_sprite(run.config.dataset)
    return shared if shared.is_file() else None


def recorded_sprite(dataset: str) -> Path:
    """Return the path of the picture that recorded runs on a dataset share."""
    return DATA / "test_images" / f"{dataset}.webp"


def tile_box(row: int) -> tuple[int, int, int, int]:
    """Return the box of a test image in the picture: left, top, right, bottom in pixels.

    Args:
        row: Row of the evaluation, from 0.

    Example:

    >>> tile_box(21)
    (64, 64, 128, 128)
    """
    down, across = divmod(row, TILES_A_ROW)
    left, top = across * TILE_PIXELS, down * TILE_PIXELS
    return left, top, left + TILE_PIXELS, top + TILE_PIXELS


def sheet_size(num_images: int) -> tuple[int, int]:
    """Return width and height in pixels of the picture of a number of test images, 1 or more.

    Example:

    >>> sheet_size(3), sheet_size(21)
    ((192, 64), (1280, 128))
    """
    rows = -(-num_images // TILES_A_ROW)
    return min(num_images, TILES_A_ROW) * TILE_PIXELS, rows * TILE_PIXELS


def webp_size(content: bytes) -> tuple[int, int] | None:
    """Read width and height from the header of a WebP file; None if it is not one.

    Reference:
        RFC 9649, sections 2.5 to 2.7 (rfc-9649).
    """
    if len(content) < 30 or content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    kind, chunk = content[12:16], content[20:30]
    if kind == b"VP8X":
        return (
            int.from_bytes(chunk[4:7], "little") + 1,
            int.from_bytes(chunk[7:10], "little") + 1,
        )
    if kind == b"VP8L" and chunk[0] == 0x2F:
        bits = int.from_bytes(chunk[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and chunk[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(chunk[at : at + 2], "little") for at in (6, 8))
        return width & 0x3FFF, height & 0x3FFF
    return None


def cell(evaluation: Evaluation, label: int, predicted: int) -> tuple[int, ...]:
    """Return the rows of the images in a cell of the confusion matrix, most confident first."""
    inside = (evaluation.label == label) & (evaluation.predicted == predicted)
    return _ordered(-evaluation.confidence, inside)


def most_wrong(evaluation: Evaluation, num_images: int = 8) -> tuple[int, ...]:
    """Return the rows of wrong predictions, lowest probability of the true class first."""
    of_label = evaluation.probabilities[np.arange(evaluation.num_images), evaluation.label]
    return _ordered(of_label, ~evaluation.correct)[:num_images]


def least_sure(evaluation: Evaluation, num_images: int = 8) -> tuple[int, ...]:
    """Return the rows of the images whose two most probable classes are closest."""
    ordered = np.sort(evaluation.probabilities, axis=1)
    margin = ordered[:, -1] - ordered[:, -2] if ordered.shape[1] > 1 else ordered[:, -1]
    return _ordered(margin, np.ones(evaluation.num_images, bool))[:num_images]


def _ordered(key: FloatArray, chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the chosen rows, smallest key first."""
    rows = np.flatnonzero(chosen)
    return tuple(int(row) for row in rows[np.argsort(key[rows], kind="stable")])
