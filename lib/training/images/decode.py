"""One image: from the bytes of a file to a square array."""

import contextlib
import io
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from lib.core.errors import DataError
from lib.core.images import formats
from lib.training.images import colours, metadata

UInt8Array = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]

# Three times what most phones take; a small file can claim to be far larger than memory.
MAX_PIXELS = 40_000_000
# Raised when an image is decoded to other pixels than before: decoded images are kept on disk, and
# must not be found again then (docs/decisions/0004-run-identity.md).
VERSION = 2
# What makes an image upright, by its EXIF orientation.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow lets other threads run while it decodes.
NUM_THREADS = max(2, min(4, os.cpu_count() or 2))
DECODED_AT_ONCE = 32
# One of 40 megapixels takes 120 MB, and three times that while its mode is changed: large ones are
# decoded one at a time.
LARGE_PIXELS = 8_000_000
_one_large = threading.RLock()
# How a reader's own images are kept: as large as the largest image Thaw trains on, as JPEG without
# chroma subsampling, which changes a pixel by about one part in 256.
KEPT_SIDE, KEPT_LONGEST, KEPT_QUALITY = 512, 2_048, 95


@dataclass(frozen=True)
class ImageSource:
    """Labels at once, encoded images on request: what a folder and TFDS have in common.

    Args:
        class_names: In label order.
        labels: (num_images,), the class index of every image.
        read: Takes indices, gives pairs of an index and the bytes of an image, in any order.
        left_out: Files that are not among the images, each with the reason, in words.
        given: (num_images,), the split of every image, where the dataset comes with a split of its
            own, as in lib.core.splits; else (0,).
    """

    class_names: tuple[str, ...]
    labels: IntArray
    read: Callable[[frozenset[int]], Iterator[tuple[int, bytes]]]
    left_out: tuple[str, ...] = ()
    given: IntArray = field(default_factory=lambda: np.empty(0, np.int64))


def decode_all(
    dataset: str,
    source: ImageSource,
    wanted: IntArray,
    image_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> UInt8Array:
    """Some images of a dataset as square arrays, in the order they are wanted.

    Args:
        dataset: Its name, for the words of an error.
        source: Where they come from.
        wanted: (images,), their indices, each once.
        image_size: Side in pixels.
        progress: Called with (images done, images in all).

    Output shape: (images, image_size, image_size, 3), RGB.

    Raises:
        DataError: If an image cannot be used.
    """
    pixels = np.empty((len(wanted), image_size, image_size, 3), np.uint8)
    row_of = {int(index): row for row, index in enumerate(wanted)}

    def put(pair: tuple[int, bytes]) -> None:
        index, data = pair
        try:
            pixels[row_of[index]] = decode(data, image_size)
        except ValueError as error:
            raise DataError(
                f"Image {index} of {dataset} cannot be used: {error}.", "Choose another dataset."
            ) from error

    found = source.read(frozenset(row_of))
    done = 0
    with ThreadPoolExecutor(NUM_THREADS, "thaw-decode") as threads:
        # A few at a time: not all files in memory.
        while some := list(itertools.islice(found, DECODED_AT_ONCE)):
            for _ in threads.map(put, some):
                done += 1
                if progress:
                    progress(done, len(wanted))
    return pixels


def decode(data: bytes, image_size: int) -> UInt8Array:
    """One encoded image as a square array: upright, in sRGB, on white, stretched, bilinear.

    Pillow resizes 8-bit images in integers, so the result is equal on every machine.

    Args:
        data: One of lib.core.images.formats; of an animation the first frame.
        image_size: Side in pixels.

    Output shape: (image_size, image_size, 3), RGB.

    Raises:
        ValueError: If the bytes are no such image, are cut off, or claim over 40 megapixels.
    """
    with opened(data) as image:
        return stretched(image, image_size, image_size)


def stretched(image: Image.Image, height: int, width: int) -> UInt8Array:
    """An image as `decode` makes an array of it, at any height and width in pixels.

    Output shape: (height, width, 3), RGB.
    """
    # A large JPEG is decoded at a fraction of its size, but at twice what is wanted or more.
    longest = max(height, width)
    image.draft(None, (2 * longest, 2 * longest))
    if image.mode == "L" and not image.has_transparency_data and _to_srgb(image) is None:
        upright = _upright(image)  # One channel is resized like three equal ones.
    else:
        upright = _upright_rgb(image)
    small = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(small.convert("RGB"))


def check(data: bytes) -> bool:
    """Do all that `decode` does but the resizing, at a fraction of the cost for a JPEG.

    Args:
        data: The bytes of a file.

    Returns:
        True where its colours are converted by a profile.

    Raises:
        ValueError: If it cannot be used.
    """
    with opened(data) as image:
        image.draft(None, (1, 1))  # A JPEG is then read to its end, at an eighth of its size.
        _upright_rgb(image)
        return _to_srgb(image) is not None


def kept(data: bytes) -> bytes:
    """An image as it is kept: as `decode` sees it, no larger than needed, nothing but its pixels.

    Where, when and with what it was taken is not in it any more.

    Args:
        data: As for `decode`.

    Returns:
        A JPEG of at most KEPT_SIDE pixels on the shorter and KEPT_LONGEST on the longer side.

    Raises:
        ValueError: As `decode` does.
    """
    with opened(data) as image:
        image.draft(None, _kept_size(image))  # As in `stretched`: not below what is wanted.
        upright = _upright_rgb(image)
    if _kept_size(upright) != upright.size:
        upright = upright.resize(_kept_size(upright), Image.Resampling.BILINEAR)
    upright.info = {}  # Pillow would write a JPEG's comment into the new one.
    file = io.BytesIO()
    upright.save(file, "JPEG", quality=KEPT_QUALITY, subsampling=0)
    return file.getvalue()


def _kept_size(image: Image.Image) -> tuple[int, int]:
    share = min(1.0, KEPT_SIDE / min(image.size), KEPT_LONGEST / max(image.size))
    return max(1, round(image.width * share)), max(1, round(image.height * share))


@contextlib.contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """An image whose size has been checked before any pixel is decoded.

    Args:
        data: The bytes of a file.

    Raises:
        ValueError: Whatever goes wrong with the file, in words.
    """
    try:
        pixels, said = metadata.split(data)
        with Image.open(io.BytesIO(pixels), formats=formats.FORMATS) as image:
            image.info.update(said.items())
            num_pixels = image.width * image.height
            if num_pixels > MAX_PIXELS:
                raise Image.DecompressionBombError
            with _one_large if num_pixels > LARGE_PIXELS else contextlib.nullcontext():
                yield image
    except Image.DecompressionBombError as error:  # Pillow has a limit of its own, above this one.
        raise ValueError(f"more than {MAX_PIXELS // 1_000_000} megapixels") from error
    except UnidentifiedImageError as error:
        raise ValueError(formats.why_not(data)) from error
    except Exception as error:
        # A damaged file can raise nearly anything in Pillow's decoders.
        raise ValueError("damaged or cut off") from error


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of an open image in pixels, once it is upright."""
    return image.size[::-1] if _orientation(image) >= 5 else image.size


def _orientation(image: Image.Image) -> int:
    return metadata.orientation(image.info.get("exif", b""), image.info.get("xmp", b""))


def _to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    return colours.to_srgb(image.mode, image.info.get("icc_profile") or b"")


def _upright(image: Image.Image) -> Image.Image:
    """Any image upright by its EXIF orientation."""
    turn = TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Any image upright, in sRGB, on white where it is transparent."""
    to_srgb = _to_srgb(image)
    image = _upright(image)
    if image.mode.startswith("I"):
        # 16-bit grey: convert() would clip it at 255.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return colours.converted(image, to_srgb) if to_srgb else image.convert("RGB")
    shown = image.convert("RGBA")
    if to_srgb:
        alpha, shown = shown.getchannel("A"), colours.converted(image, to_srgb)
        shown.putalpha(alpha)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), shown).convert("RGB")
