"""Places images on a map by the features of every depth (lib.core.features.image_map)."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from lib.core.features import image_map
from lib.core.features.image_map import COLUMNS, FINEST, THUMBNAIL, FloatArray, ImageMap
from lib.training.images.decode import IntArray, UInt8Array

# Of the start of t-SNE at the first depth, and of nothing else: later depths start from the one
# before, so that a point moves only where its features do.
SEED = 0
PERPLEXITY = 30.0
# t-SNE sees the first components, as its authors advise: the rest is mostly noise.
COMPONENTS = 30
QUALITY = 70


def build(by_depth: Sequence[npt.NDArray[np.floating[Any]]], labels: IntArray) -> ImageMap:
    """Place images on a map, and count their neighbours of the same class.

    Args:
        by_depth: (images, channels) for each depth.
        labels: (images,), class indices.
    """
    with threadpool_limits(1):
        placed = {
            "pca": [image_map.principal_components(features) for features in by_depth],
            "tsne": _tsne(by_depth),
        }
        near = tuple(
            float(image_map.right_neighbours(features, labels).mean()) for features in by_depth
        )
    points = {
        name: np.round(FINEST * image_map.journey(each)).astype(np.int64)
        for name, each in placed.items()
    }
    return ImageMap(np.asarray(labels, np.int64), points, near)


def _tsne(by_depth: Sequence[npt.NDArray[np.floating[Any]]]) -> list[FloatArray]:
    found: list[FloatArray] = []
    for features in by_depth:
        values = image_map.standardised(features)
        start = image_map.scaled(found[-1] if found else image_map.principal_components(features))
        if len(values) < 4:  # too few for neighbours of neighbours
            found.append(start)
            continue
        left, singular, _ = np.linalg.svd(values, full_matrices=False)
        method = TSNE(
            perplexity=min(PERPLEXITY, (len(values) - 1) / 3),
            # Scaled as scikit-learn scales its own start.
            init=(1e-4 * start).astype(np.float32),
            random_state=SEED,
        )
        found.append(
            np.asarray(
                method.fit_transform((left * singular)[:, :COMPONENTS].astype(np.float32)),
                np.float64,
            )
        )
    return found


def sheet(pixels: UInt8Array) -> bytes:
    """Arrange images as thumbnails, row by row, in one WebP picture.

    Input shape: (images, height, width, 3), RGB.
    """
    rows = -(-len(pixels) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * THUMBNAIL, rows * THUMBNAIL), "white")
    for number, image in enumerate(pixels):
        row, column = divmod(number, COLUMNS)
        tile = Image.fromarray(image).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        whole.paste(tile, (column * THUMBNAIL, row * THUMBNAIL))
    encoded = io.BytesIO()
    whole.save(encoded, "WEBP", quality=QUALITY, method=6)
    return encoded.getvalue()
