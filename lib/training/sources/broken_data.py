"""Faults in the data of a run: wrong labels, and splits that are not what they should be."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lib.core.broken.faults import FEW_VALIDATION_IMAGES, RARE_ONE_IN, SHUFFLED_SHARE
from lib.core.runs import TrainConfig
from lib.training.images.decode import IntArray
from lib.training.sources.pipeline import ImageSet, LoadedData


def with_fault(data: LoadedData, config: TrainConfig) -> LoadedData:
    """Return the images of a run with what its fault does to them.

    The test images stay as they are, so that a broken run can be compared with the mended one.

    Args:
        data: The images as they should be; not changed.
        config: Settings of the run; its seed chooses the images that are concerned.
    """
    act = _ACTS.get(config.fault)
    return act(data, np.random.default_rng(config.seed)) if act else data


def _shuffled(data: LoadedData, rng: np.random.Generator) -> LoadedData:
    labels, num_classes = data.train.labels.copy(), len(data.class_names)
    number = round(SHUFFLED_SHARE * len(labels))
    wrong = rng.choice(len(labels), number, replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, num_classes, number)) % num_classes
    return replace(data, train=replace(data.train, labels=labels))


def _shifted(data: LoadedData, rng: np.random.Generator) -> LoadedData:
    labels = (data.train.labels + 1) % len(data.class_names)
    return replace(data, train=replace(data.train, labels=labels))


def _leaked(data: LoadedData, rng: np.random.Generator) -> LoadedData:
    number = min(len(data.validation), len(data.train))
    rows = np.sort(rng.choice(len(data.train), number, replace=False))
    return replace(data, validation=_only(data.train, rows))


def _negatives(data: LoadedData, rng: np.random.Generator) -> LoadedData:
    return replace(data, train=replace(data.train, images=255 - data.train.images))


def _few(data: LoadedData, rng: np.random.Generator) -> LoadedData:
    number = min(FEW_VALIDATION_IMAGES, len(data.validation))
    rows = np.sort(rng.choice(len(data.validation), number, replace=False))
    return replace(data, validation=_only(data.validation, rows))


def _rare(data: LoadedData, rng: np.random.Generator) -> LoadedData:
    last = len(data.class_names) - 1
    parts = (_thinned(part, last, rng) for part in (data.train, data.validation))
    train, validation = parts
    return replace(data, train=train, validation=validation)


def _thinned(part: ImageSet, label: int, rng: np.random.Generator) -> ImageSet:
    """One image in RARE_ONE_IN of a class, but at least one; all others."""
    of_class = np.flatnonzero(part.labels == label)
    kept = rng.choice(of_class, -(-len(of_class) // RARE_ONE_IN), replace=False)
    return _only(part, np.sort(np.concatenate([np.flatnonzero(part.labels != label), kept])))


def _only(part: ImageSet, rows: IntArray) -> ImageSet:
    return ImageSet(part.images[rows], part.labels[rows], part.indices[rows])


_ACTS: dict[str, Callable[[LoadedData, np.random.Generator], LoadedData]] = {
    "labels_shuffled": _shuffled,
    "labels_shifted": _shifted,
    "validation_in_training": _leaked,
    "other_distribution": _negatives,
    "few_validation_images": _few,
    "rare_class": _rare,
}
