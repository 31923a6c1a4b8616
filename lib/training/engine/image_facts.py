"""Facts about the images of a run: what the network receives, what splits share, class sizes."""

import hashlib
import itertools
from typing import Any

import numpy as np

from lib.core import backbones
from lib.core.broken import inputs
from lib.core.runs import TrainConfig
from lib.training.images.decode import UInt8Array
from lib.training.sources.pipeline import ImageSet, LoadedData


def facts(data: LoadedData, config: TrainConfig) -> dict[str, Any]:
    """The field `images` of result.json.

    Args:
        data: The images of a run, 0 to 255.
        config: Its settings.

    Returns:
        `input`: `low` and `high`, the smallest and the largest value that the network receives of
        training images, and `expected_low` and `expected_high` of an image from black to white
        with the preprocessing of its backbone; `overlap`, how many images of the second split of a
        pair are, pixel by pixel, also in the first; `classes`, images of each class in each split.
    """
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    # Over the images first: over all three axes at once takes eighty times as long.
    low = data.train.images.min(axis=0).min(axis=(0, 1))
    high = data.train.images.max(axis=0).max(axis=(0, 1))
    values = inputs.preprocessing_of(config).apply(np.stack([low, high]))
    expected = backbones.get(config.backbone).preprocessing.value_range
    seen = {name: [_digest(image) for image in part.images] for name, part in parts.items()}
    return {
        "input": {
            "low": float(values.min()),
            "high": float(values.max()),
            "expected_low": expected[0],
            "expected_high": expected[1],
        },
        "overlap": {
            f"{first}_{second}": _shared(seen[first], seen[second])
            for first, second in itertools.combinations(parts, 2)
        },
        "classes": {name: class_counts(part, data.class_names) for name, part in parts.items()},
    }


def class_counts(part: ImageSet, class_names: tuple[str, ...]) -> list[int]:
    """Number of images of each class."""
    counts: list[int] = np.bincount(part.labels, minlength=len(class_names)).tolist()
    return counts


def _digest(image: UInt8Array) -> bytes:
    """Stands for the pixels of an image; copies of all of them would be the peak of a run."""
    return hashlib.sha256(np.ascontiguousarray(image).data).digest()


def _shared(first: list[bytes], second: list[bytes]) -> int:
    there = set(first)
    return sum(image in there for image in second)
