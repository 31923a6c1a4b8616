"""What a frozen ImageNet network makes of a dataset with few labels or none; runs in a worker.

`few_shot` is a task for lib.jobs: arguments and results are plain values.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lib.core import backbones, datasets, splits
from lib.core.errors import DataError
from lib.core.strategy import evidence
from lib.core.zero_shot import few_shot as rule
from lib.training.engine.prefix import FrozenForward
from lib.training.images import decode
from lib.training.images.decode import UInt8Array
from lib.training.network import efficientnet_lite
from lib.training.sources import feature_cache, tfds
from lib.training.sources import folder as image_folder
from lib.training.sources.feature_cache import Tensors

# The images of the recorded runs, with which a result here is compared.
IMAGE_SIZE = evidence.IMAGE_SIZE
# So many training images to draw from, so that a large dataset takes seconds too.
MAX_POOL = 400
# Part of the cache key: a new version invalidates all cached results.
VERSION = 1


@lru_cache(maxsize=2)
def _network(image_size: int) -> FrozenForward:
    """Model from preprocessed images to pooled features and ImageNet probabilities."""
    whole = efficientnet_lite.efficientnet_lite0(image_size, include_top=True)
    efficientnet_lite.load_imagenet_weights(whole)
    outputs = [whole.get_layer("avg_pool").output, whole.output]
    return FrozenForward(keras.Model(whole.input, outputs))


def extract(pixels: UInt8Array) -> Tensors:
    """Pooled features and ImageNet probabilities of images.

    Input shape: (images, size, size, 3), RGB, 0 to 255.
    Output shape: (images, 1280) and (images, 1000).

    Raises:
        WeightsError: If the weights of the classifier are not installed.
    """
    inputs = backbones.get(evidence.BACKBONE).preprocessing.apply(pixels)
    return _network(pixels.shape[1])((inputs,), lambda done: None)


def few_shot(dataset: str, fingerprint: str = "", folder: str = "") -> dict[str, Any]:
    """Classify the validation images of a dataset by the nearest class mean of a few others.

    Test images are not used: they are used only once, at the end of a run.

    Args:
        dataset: TFDS name, or that of a reader's own images.
        fingerprint: Fingerprint of own images.
        folder: Folder of images that stands for the dataset; empty for the usual place.

    Returns:
        `num_images`, the validation images; `num_classes`; `counts`, as few_shot.counts of core.

    Raises:
        DataError: If the dataset is unknown, cannot be downloaded, has been deleted or has too few
            images.
        WeightsError: If the weights of the backbone are not installed.
    """
    place = Path(folder) if folder else None
    of_folder = place is not None or datasets.is_own(dataset)
    if not of_folder:
        fingerprint = tfds.describe_dataset(dataset).fingerprint

    def load() -> Tensors:
        source = (
            image_folder.source_of(dataset, fingerprint, place)
            if of_folder
            else tfds.source(dataset)
        )
        most = splits.max_train_images(len(source.labels), splits.counts_of(source.given))
        pool = min(MAX_POOL, most)
        parts = splits.split(source.labels, pool, rule.SEED, source.class_names, source.given)
        chosen = np.concatenate([parts.train, parts.validation])
        pixels = decode.decode_all(dataset, source, chosen, IMAGE_SIZE)
        return pixels, source.labels[chosen], np.array([len(parts.train)])

    identity: dict[str, object] = {
        "few_shot": VERSION,
        "dataset": dataset,
        "data": fingerprint,
        "decoder": decode.VERSION,
        "split_seed": splits.SPLIT_SEED,
        "num_images": MAX_POOL,
        "image_size": IMAGE_SIZE,
        "weights": efficientnet_lite.CHECKPOINT_SHA256,
    }
    kept = feature_cache.fetch(
        identity, load, lambda given: (extract(given[0])[0], given[1], given[2])
    )
    features, labels, (end,) = kept.tensors
    counted = rule.counts(features[:end], labels[:end], features[end:], labels[end:])
    if not counted:
        raise DataError(
            "A class has no training image, so nothing can be drawn.", "Add images of it."
        )
    return {
        "num_images": len(labels) - int(end),
        "num_classes": len(np.unique(labels)),
        "counts": counted,
    }
