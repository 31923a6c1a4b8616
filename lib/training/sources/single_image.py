"""A reader's own image: from the bytes that came to what a network is shown. Stored nowhere."""

from dataclasses import dataclass
from typing import Any

from lib.core.errors import DataError
from lib.training.sources import decode as images
from lib.training.sources.decode import UInt8Array

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10_000_000
NEXT_STEP = "Choose a JPEG, PNG or WebP image of at most 10 MB and 40 megapixels."


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

    @property
    def about(self) -> dict[str, Any]:
        """The part of an answer that is about the image."""
        return {"image": self.pixels, "size": self.size, "format": self.format}


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
            name = "WebP" if image.format == "WEBP" else str(image.format)
            size = images.upright_size(image)
            return Upload(images.stretched(image, height, width), size, name)
    except ValueError as error:
        raise DataError(f"This image cannot be used: {error}.", NEXT_STEP) from error
