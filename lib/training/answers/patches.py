"""Patches of the images that ship: cut out where a channel is most excited."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core.features import depths, looks
from lib.core.features.depths import Depth
from lib.core.maps import feature_maps
from lib.training.images import decode, single_image
from lib.training.images.decode import UInt8Array
from lib.training.sources import tfds

# Side of a patch in the picture, in pixels; a smaller receptive field keeps its size.
SIDE = 56
# Larger patches are compressed with losses.
LOSSLESS_SIDE = 20
QUALITY = 60
# The largest output of ReLU6.
MOST = 6.0
# As in lib/ui/parts/base.js and base.css: opacity of the full colour, and how grey the image is.
VEIL, GREY = 0.8, 0.65


def photographs() -> UInt8Array:
    """The photographs among the examples, as the network is shown them."""
    size = depths.IMAGE_SIZE
    shown = [
        single_image.decode(example.picture(), size, size).pixels
        for example in feature_maps.examples().values()
        if not example.dataset
    ]
    return np.stack(shown)


def shipped_images(places: Sequence[int]) -> UInt8Array:
    """Decode images among which the patches were found.

    Args:
        places: As in lib.core.features.looks.Channels.images.

    Output shape: (images, 224, 224, 3), RGB.

    Raises:
        DataError: If a dataset is not here.
    """
    wanted = np.asarray(places, np.int64)
    found = np.zeros((len(wanted), depths.IMAGE_SIZE, depths.IMAGE_SIZE, 3), np.uint8)
    first = 0
    for source in looks.sources():
        here = (first <= wanted) & (wanted < first + len(source.indices))
        if here.any():
            within = source.indices[wanted[here] - first]
            found[here] = (
                decode.decode_all(
                    source.dataset, tfds.source(source.dataset), within, depths.IMAGE_SIZE
                )
                if source.dataset
                else photographs()[within]
            )
        first += len(source.indices)
    return found


def strip(depth: Depth, pixels: UInt8Array, cells: Sequence[tuple[int, int]]) -> bytes:
    """Cut a patch out of each image and put them in a row.

    Args:
        depth: The depth of the cells.
        pixels: (images, 224, 224, 3), RGB.
        cells: Row and column of the excited cell in each image.

    Returns:
        WebP file.
    """
    side = min(depth.field.size, SIDE)
    whole = Image.new("RGB", (side * len(cells), side))
    for number, (image, cell) in enumerate(zip(pixels, cells, strict=True)):
        top, left, window = looks.window(depth, cell, depths.IMAGE_SIZE)
        patch = Image.fromarray(image[top : top + window, left : left + window])
        whole.paste(patch.resize((side, side), Image.Resampling.LANCZOS), (number * side, 0))
    encoded = io.BytesIO()
    whole.save(encoded, "WEBP", lossless=side <= LOSSLESS_SIDE, quality=QUALITY, method=6)
    return encoded.getvalue()


def answers(maps: npt.NDArray[np.floating[Any]]) -> bytes:
    """Draw the answers of the first filters, from black (0) to white (6), as tiles of one picture.

    Input shape: (rows, columns, filters).

    Returns:
        WebP file.
    """
    side, columns = looks.ANSWER_SIDE, looks.ANSWER_COLUMNS
    count = maps.shape[2]
    whole = Image.new("L", (columns * side, -(-count // columns) * side))
    for number in range(count):
        row, column = divmod(number, columns)
        grey = np.round(maps[:, :, number] * (255 / MOST)).astype(np.uint8)
        tile = Image.fromarray(grey).resize((side, side), Image.Resampling.BOX)
        whole.paste(tile, (column * side, row * side))
    encoded = io.BytesIO()
    whole.save(encoded, "WEBP", quality=QUALITY, method=6)
    return encoded.getvalue()


def over(
    pixels: UInt8Array, deviations: npt.NDArray[np.floating[Any]], colour: Sequence[int]
) -> bytes:
    """Draw a map over its image as the browser does.

    Args:
        pixels: (height, width, 3), RGB.
        deviations: (rows, columns), from the usual value.
        colour: Red, green and blue of values above it, 0 to 255.

    Returns:
        WebP file.
    """
    height, width, _ = pixels.shape
    small = Image.fromarray(np.float32(np.clip(deviations / looks.FULL, 0, 1)))
    share = np.asarray(small.resize((width, height), Image.Resampling.NEAREST))[:, :, np.newaxis]
    faded = GREY * pixels.mean(axis=2, keepdims=True) + (1 - GREY) * pixels
    mixed = faded * (1 - VEIL * share) + VEIL * share * np.asarray(colour)
    encoded = io.BytesIO()
    Image.fromarray(mixed.round().astype(np.uint8)).save(encoded, "WEBP", quality=85)
    return encoded.getvalue()
