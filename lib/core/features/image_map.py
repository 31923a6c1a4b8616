"""Images as points on a map: placed by their features, the same points at every depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lib.core.errors import StoreError
from lib.core.files.shipped import DATA
from lib.core.strategy.similarity import NUM_NEIGHBOURS

FOLDER = DATA / "features" / "image_maps"
# Projections, in the order on the page.
PROJECTIONS = ("pca", "tsne")
# Positions are stored as whole numbers from 0 to FINEST.
FINEST = 4095
# Pixels of the side of a thumbnail, and thumbnails in a row of the sheet.
THUMBNAIL, COLUMNS = 28, 25

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def standardised(features: npt.ArrayLike) -> FloatArray:
    """Give every channel a mean of 0 and a deviation of 1; a constant channel becomes 0.

    Input shape: (images, channels).
    Output shape: the same.
    """
    values = np.asarray(features, np.float64)
    spread = values.std(axis=0)
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 1e-12)
    found: FloatArray = (values - values.mean(axis=0)) * scale
    return found


def principal_components(features: npt.ArrayLike) -> FloatArray:
    """Place images by the two directions in which their standardised features differ most.

    Input shape: (images, channels).
    Output shape: (images, 2).
    """
    values = standardised(features)
    left, singular, _ = np.linalg.svd(values, full_matrices=False)
    points = np.zeros((len(values), 2))
    kept = min(2, len(singular))
    points[:, :kept] = left[:, :kept] * singular[:kept]
    return points


def aligned(points: FloatArray, onto: FloatArray) -> FloatArray:
    """Turn, flip, move and scale points so that they lie as close as possible to others.

    Nothing else changes: which points are near each other stays as it is.

    Input shape: (images, 2), twice.
    Output shape: (images, 2).

    Reference:
        Gower 1975, "Generalized Procrustes analysis" (gower-1975).
    """
    centre, target = points - points.mean(axis=0), onto - onto.mean(axis=0)
    left, singular, right = np.linalg.svd(centre.T @ target)
    energy = float((centre**2).sum())
    scale = singular.sum() / energy if energy > 0 else 1.0
    found: FloatArray = scale * centre @ (left @ right) + onto.mean(axis=0)
    return found


def scaled(points: FloatArray) -> FloatArray:
    """Move points to a mean of 0 and scale them to a mean squared distance of 1 from it."""
    centre = points - points.mean(axis=0)
    size = np.sqrt((centre**2).sum(axis=1).mean())
    found: FloatArray = centre / size if size > 0 else centre
    return found


def journey(by_depth: Sequence[FloatArray]) -> FloatArray:
    """Align the points of each depth with those of the depth before, all equally spread.

    Args:
        by_depth: (images, 2) for each depth.

    Output shape: (depths, images, 2), 0 to 1.
    """
    found: list[FloatArray] = []
    for points in by_depth:
        placed = scaled(points)
        found.append(scaled(aligned(placed, found[-1])) if found else placed)
    return within(np.stack(found))


def within(points: FloatArray) -> FloatArray:
    """Fit points of all depths into one square, with the same scale in both directions.

    A few images far from all others would press the rest together: they are put on the border.

    Input shape: (depths, images, 2).
    Output shape: the same, 0 to 1.
    """
    low, high = np.quantile(points, (0.005, 0.995), axis=(0, 1))
    span = float((high - low).max()) or 1.0
    placed: FloatArray = np.clip((points - (low + high) / 2) / span + 0.5, 0, 1)
    return placed


def right_neighbours(
    features: npt.ArrayLike, labels: npt.ArrayLike, count: int = NUM_NEIGHBOURS
) -> IntArray:
    """Count, for each image, its nearest neighbours of the same class among all other images.

    Nearest by the cosine of standardised features, in all their dimensions.

    Args:
        features: (images, channels).
        labels: (images,), class indices.
        count: Number of neighbours.

    Output shape: (images,), 0 to `count`.
    """
    values, classes = standardised(features), np.asarray(labels)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    values = np.divide(values, norms, out=np.zeros_like(values), where=norms > 0)
    # Rounded, so that on every machine images that look the same are equally near.
    near = np.round(values @ values.T, 9)
    np.fill_diagonal(near, -np.inf)
    nearest = np.argsort(-near, axis=1, kind="stable")[:, :count]
    found: IntArray = (classes[nearest] == classes[:, np.newaxis]).sum(axis=1).astype(np.int64)
    return found


@dataclass(frozen=True, eq=False)
class ImageMap:
    """The images of a dataset as points, at every depth.

    Args:
        labels: (images,), class indices.
        points: By projection (depths, images, 2), 0 to FINEST.
        neighbours: For each depth the neighbours of the same class, of five, on average.
    """

    labels: IntArray
    points: dict[str, IntArray]
    neighbours: tuple[float, ...]


def arrays(made: ImageMap) -> dict[str, npt.NDArray[np.generic]]:
    """Convert a map into small arrays by name, for storage and for workers' answers."""
    return {
        "labels": made.labels.astype(np.int16),
        "neighbours": np.asarray(made.neighbours, np.float32),
        **{name: points.astype(np.uint16) for name, points in made.points.items()},
    }


def from_arrays(stored: "dict[str, npt.NDArray[np.generic]]") -> ImageMap:
    """Make a map from the arrays of `arrays`."""
    return ImageMap(
        np.asarray(stored["labels"], np.int64),
        {name: np.asarray(stored[name], np.int64) for name in PROJECTIONS if name in stored},
        tuple(float(value) for value in np.asarray(stored["neighbours"], np.float64)),
    )


def _file(name: str) -> Path:
    return FOLDER / f"{name}.npz"


def names() -> tuple[str, ...]:
    """Return the names of the maps that ship: datasets, and runs "before_" and "after_"."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.npz")))


@lru_cache(maxsize=16)
def load(name: str) -> ImageMap:
    """Load a map that ships with Thaw; callers must not change it.

    Raises:
        StoreError: If there is no such map.
    """
    if name not in names():
        raise StoreError(f"No map of {name!r} ships with Thaw.", "Choose another dataset.")
    with np.load(_file(name), allow_pickle=False) as stored:
        return from_arrays(dict(stored))


def sheet(name: str) -> bytes:
    """Return the thumbnails of a map as one WebP file, COLUMNS in a row."""
    return (FOLDER / f"{name}.webp").read_bytes()
