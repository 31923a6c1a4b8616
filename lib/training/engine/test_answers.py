"""The predictions of a finished run for its test images, and a picture of the images."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core import heads
from lib.core.reading import test_images
from lib.core.reading.test_images import TILE_PIXELS
from lib.training.images.decode import UInt8Array
from lib.training.sources.pipeline import ImageSet

# Six digits; further digits depend on the rounding of the machine.
DIGITS = 6
WEBP_QUALITY = 80


def answers(test: ImageSet, logits: npt.NDArray[np.float32]) -> dict[str, Any]:
    """The content of evaluation.json; see lib.core.reading.evaluation."""
    return {
        "test": {
            "index": test.indices.tolist(),
            "label": test.labels.tolist(),
            "probabilities": heads.softmax(logits).round(DIGITS).tolist(),
        }
    }


def picture(images: UInt8Array) -> bytes:
    """The test images as tiles of one WebP picture, row by row."""
    sheet = Image.new("RGB", test_images.sheet_size(len(images)), "white")
    for number, pixels in enumerate(images):
        tile = Image.fromarray(pixels).resize((TILE_PIXELS, TILE_PIXELS))
        sheet.paste(tile, test_images.tile_box(number))
    encoded = io.BytesIO()
    sheet.save(encoded, "WEBP", quality=WEBP_QUALITY)
    return encoded.getvalue()
