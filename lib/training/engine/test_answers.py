"""What a finished run says of its test images: an answer for each, and a picture of them."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core import heads
from lib.core.reading import test_images
from lib.core.reading.test_images import TILE_PIXELS
from lib.training.sources.decode import UInt8Array
from lib.training.sources.pipeline import ImageSet

# Six digits: what differs beyond them is rounding of the machine.
DIGITS = 6
WEBP_QUALITY = 80


def answers(test: ImageSet, logits: npt.NDArray[np.float32]) -> dict[str, Any]:
    """What evaluation.json holds; see lib.core.reading.evaluation."""
    return {
        "test": {
            "index": test.indices.tolist(),
            "label": test.labels.tolist(),
            "probabilities": heads.softmax(logits).round(DIGITS).tolist(),
        }
    }


def picture(images: UInt8Array) -> bytes:
    """The test images as tiles of one WebP picture, row after row."""
    sheet = Image.new("RGB", test_images.sheet_size(len(images)), "white")
    for number, pixels in enumerate(images):
        tile = Image.fromarray(pixels).resize((TILE_PIXELS, TILE_PIXELS))
        sheet.paste(tile, test_images.tile_box(number))
    encoded = io.BytesIO()
    sheet.save(encoded, "WEBP", quality=WEBP_QUALITY)
    return encoded.getvalue()
