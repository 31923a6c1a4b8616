"""A reader's own image: from the bytes that came to what a network is shown. Stored nowhere."""

from dataclasses import dataclass
from typing import Any

from lib.core.backbones import Preprocessing
from lib.core.errors import DataError
from lib.core.maps.predictions import in_words
from lib.training.sources import decode as images
from lib.training.sources.decode import UInt8Array

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10_000_000
NEXT_STEP = "Choose a JPEG, PNG or WebP image of at most 10 MB and 40 megapixels."
# Width and height change places where the camera was held upright.
EXIF_ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)


@dataclass(frozen=True)
class Upload:
    """A reader's image, decoded.

    Args:
        pixels: (height, width, 3), RGB, as the network is shown it.
        size: (width, height) of the original in pixels, upright.
        format: "JPEG", "PNG" or "WebP".
    """

    pixels: UInt8Array
    size: tuple[int, int]
    format: str


def decode(data: bytes, height: int, width: int) -> Upload:
    """Decode an image exactly as training decodes its images: upright, on white, stretched.

    Args:
        data: JPEG, PNG or WebP; of an animated one the first frame.
        height: Of the result in pixels.
        width: Of the result in pixels.

    Raises:
        DataError: If it is anything else, too large or damaged.
    """
    if len(data) > MAX_BYTES:
        raise DataError(f"This image has {len(data) / 1e6:.1f} MB, more than 10 MB.", NEXT_STEP)
    try:
        with images.opened(data, FORMATS) as image:
            size, name = image.size, "WebP" if image.format == "WEBP" else str(image.format)
            if image.getexif().get(EXIF_ORIENTATION) in TURNED:
                size = size[::-1]
            return Upload(images.stretched(image, height, width), size, name)
    except ValueError as error:
        raise DataError(f"This image cannot be used: {error}.", NEXT_STEP) from error


def steps(upload: Upload, how: Preprocessing) -> list[dict[str, Any]]:
    """What an image went through before the network saw it, a row a step, to be shown.

    Returns:
        `name` of the step, `text` that says what it did, `shape` of its result, and `low` and
        `high`, the smallest and largest value in that; the original itself is not looked through,
        and has what 8 bits can hold.
    """
    height, width = upload.pixels.shape[:2]
    values = how.apply(upload.pixels)
    full = (upload.size[1], upload.size[0], 3)
    pixels = {"low": float(upload.pixels.min()), "high": float(upload.pixels.max())}
    scaled = {"low": float(values.min()), "high": float(values.max())}
    return [
        {
            "name": "Load",
            "text": f"{upload.format}, turned upright, RGB",
            "shape": full,
            "low": 0.0,
            "high": 255.0,
        },
        {
            "name": "Resize",
            "text": f"stretched to {width} x {height} pixels",
            "shape": upload.pixels.shape,
            **pixels,
        },
        {"name": "Preprocess", "text": in_words(how), "shape": values.shape, **scaled},
        {"name": "Batch", "text": "a batch of one image", "shape": (1, *values.shape), **scaled},
    ]
