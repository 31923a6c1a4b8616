"""A few of the images that a run will learn from: which ones, and those that ship with Thaw."""

import base64
import json
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from lib.core import splits
from lib.core.errors import DataError
from lib.core.files.shipped import DATA
from lib.core.images import inspection
from lib.core.reading import watched
from lib.core.splits import IntArray

FOLDER = DATA / "training_images"
# The seeds of which some training images ship, also for the smallest runs. A larger set of training
# images with the same seed contains a smaller one.
SEEDS, OF_EACH_SEED = range(5), 12


def chosen(
    labels: IntArray, given: IntArray, num_images: int, seed: int, among: IntArray | None = None
) -> IntArray:
    """Return the indices of a few training images of a run, as many of each class as possible.

    Args:
        labels: (dataset,), class index of every image of the dataset.
        given: As for splits.split.
        num_images: Number of training images.
        seed: Seed of the run.
        among: Only these; None for any.

    Returns:
        (at most 12,), empty if the dataset cannot be split like this.
    """
    try:
        train = splits.split(labels, num_images, seed, given=given).train
    except DataError:
        return np.empty(0, np.int64)
    if among is not None:
        train = np.intersect1d(train, among)
    return train[watched.choose(labels[train])]


def to_ship(labels: IntArray, given: IntArray) -> IntArray:
    """Return the indices of the images that ship of an offline dataset."""
    parts = [splits.split(labels, OF_EACH_SEED, seed, given=given).train for seed in SEEDS]
    return np.unique(np.concatenate(parts))


@lru_cache(maxsize=8)
def _shipped(dataset: str, fingerprint: str) -> Mapping[int, bytes]:
    """The thumbnails of `to_ship` by index; empty for other datasets.

    The files are written by `python -m lib.tools.export_training_images`.
    """
    if inspection.shipped(dataset, fingerprint) is None:
        return {}
    path = FOLDER / f"{dataset}.json"
    said = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if said.get("fingerprint") != fingerprint:
        return {}
    return {int(index): base64.b64decode(data) for index, data in said["thumbnails"].items()}


def shipped(dataset: str, fingerprint: str, num_images: int, seed: int) -> Mapping[int, bytes]:
    """Return a few training images of a run that ship with Thaw.

    Args:
        dataset: Id of the dataset.
        fingerprint: Its fingerprint.
        num_images: Number of training images.
        seed: Seed of the run.

    Returns:
        Index -> WebP file; empty if none of its training images ships.
    """
    look, pictures = inspection.shipped(dataset, fingerprint), _shipped(dataset, fingerprint)
    if look is None or not pictures:
        return {}
    rows = chosen(look.labels, look.given, num_images, seed, np.array(sorted(pictures)))
    return {index: pictures[index] for index in rows.tolist()}
