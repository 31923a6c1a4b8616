"""A reader's own image: from the bytes that came to what a network is shown. Stored nowhere."""

from dataclasses import dataclass
from typing import Any

from lib.core.errors import DataError
from lib.core.images import formats
from lib.training.images import decode as images
from lib.training.images.decode import UInt8Array

MAX_BYTES = 10_000_000
NEXT_STEP = f"Choose a {formats.LISTED} image of at most 10 MB and 40 megapixels."


@dataclass(frozen=True)
class Upload:
    """A reader's image, decoded.

    Args:
        pixels: (height, width, 3), RGB, as the network is shown it.
        size: (width, height) of the original in pixels, upright.
        format: As lib.core.images.formats calls it.
    """

    pixels: UInt8Array
    size: tuple[int, int]
    format: str

    @property
    def about(self) -> dict[str, Any]:
        """The part of an answer that is about the image."""
        return {"image": self.pixels, "size": self.size, "format": self.format}


def decode(data: bytes, height: int, width: int) -> Upload:
    """Decode an image exactly as training decodes its images.

    Args:
        data: One of lib.core.images.formats; of an animation the first frame.
        height: Of the result in pixels.
        width: Of the result in pixels.

    Raises:
        DataError: If it is anything else, too large or damaged.
    """
    if len(data) > MAX_BYTES:
        raise DataError(f"This image has {len(data) / 1e6:.1f} MB, more than 10 MB.", NEXT_STEP)
    try:
        with images.opened(data) as image:
            size, name = images.upright_size(image), formats.NAMES[image.format or ""]
            return Upload(images.stretched(image, height, width), size, name)
    except ValueError as error:
        raise DataError(f"This image cannot be used: {error}.", NEXT_STEP) from error
