"""From a dataset's name, or a folder of images, to the arrays a run trains on.

One path for all: labels first, then the split, then only the chosen images are decoded and
resized. So no image can be in two splits, and a small run on a large dataset stays small.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lib.core import datasets, splits
from lib.training.images import decode
from lib.training.images.decode import ImageSource, IntArray, UInt8Array
from lib.training.sources import feature_cache, tfds
from lib.training.sources import folder as image_folder
from lib.training.sources.folder import FolderDescription, describe_folder
from lib.training.sources.tfds import DatasetDescription, describe_dataset

__all__ = [
    "DatasetDescription",
    "FolderDescription",
    "ImageSet",
    "LoadedData",
    "describe_dataset",
    "describe_folder",
    "load_data",
    "load_whole",
]

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class ImageSet:
    """Images of one split with their labels.

    Args:
        images: (num_images, image_size, image_size, 3), RGB, uint8 from 0 to 255.
        labels: (num_images,), int64, indices into the class names.
        indices: (num_images,), int64, which images of the dataset they are.
    """

    images: UInt8Array
    labels: IntArray
    indices: IntArray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class LoadedData:
    """Everything a run reads.

    Args:
        train: What the weights are fitted to.
        validation: What is looked at after every epoch.
        test: What is used once, at the end.
        class_names: In label order.
        left_out: Files of a folder that were not used, each with the reason, in words.
    """

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    class_names: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def load_data(
    dataset: str,
    *,
    num_images: int,
    image_size: int,
    seed: int,
    folder: Path | None = None,
    fingerprint: str = "",
    progress: Report | None = None,
) -> LoadedData:
    """Load the images of a run.

    Args:
        dataset: TFDS name, or the `dataset` of a folder's description. With a fingerprint, the
            name under which the images of a folder are known.
        num_images: Training images; validation and test have their own.
        image_size: Side of the square images in pixels; they are stretched to it.
        seed: Chooses the training images.
        folder: The reader's own images, one folder per class; uploaded ones are found without.
        fingerprint: Of the folder's description; where "", its `dataset` says how that begins.
        progress: Called with (images done, images in all).

    Raises:
        DataError: If the dataset is unknown, cannot be fetched or is too small, or the folder
            is not what its description said.
    """
    if folder or datasets.is_own(dataset):
        source = image_folder.source_of(dataset, fingerprint, folder)
        parts = splits.split(source.labels, num_images, seed, source.class_names, source.given)
        found = _decoded(dataset, source, vars(parts), image_size, progress)
        class_names, left_out = source.class_names, source.left_out
    else:
        described = tfds.describe_dataset(dataset)
        found = _kept_or_decoded(described, num_images, image_size, seed, progress)
        class_names, left_out = described.class_names, ()
    return LoadedData(found["train"], found["validation"], found["test"], class_names, left_out)


def _kept_or_decoded(
    described: DatasetDescription,
    num_images: int,
    image_size: int,
    seed: int,
    progress: Report | None,
) -> dict[str, ImageSet]:
    """The images of a TFDS dataset, of which a version does not change, so that they are kept.

    Training images are kept apart from the others, which are the same for every seed. A folder's
    images are not kept, because they may change under one's hands.
    """
    about: dict[str, object] = {
        "decoded": described.fingerprint,
        "decoder": decode.VERSION,
        "split_seed": splits.SPLIT_SEED,
        "image_size": image_size,
    }
    keys = {
        "train": about | {"split": "train", "num_images": num_images, "seed": seed},
        "validation": about | {"split": "validation"},
        "test": about | {"split": "test"},
    }
    missing = {name for name, key in keys.items() if not feature_cache.has(key)}
    decoded: dict[str, ImageSet] = {}

    def decode_now(name: str, _: feature_cache.Tensors) -> feature_cache.Tensors:
        if name not in decoded:  # All that is missing, because all records are read for it.
            source = tfds.source(described.dataset)
            parts = splits.split(source.labels, num_images, seed, source.class_names, source.given)
            wanted = {each: getattr(parts, each) for each in keys if each in missing | {name}}
            decoded.update(_decoded(described.dataset, source, wanted, image_size, progress))
        found = decoded[name]
        return found.images, found.labels, found.indices

    sets = {}
    for name, key in keys.items():
        kept = feature_cache.fetch(key, tuple, partial(decode_now, name))
        sets[name] = ImageSet(*kept.tensors)
    if progress and not decoded:
        num_all = sum(map(len, sets.values()))
        progress(num_all, num_all)
    return sets


def _decoded(
    dataset: str,
    source: ImageSource,
    wanted: dict[str, IntArray],
    image_size: int,
    progress: Report | None,
) -> dict[str, ImageSet]:
    """Decode some images.

    Args:
        wanted: For each split the indices of its images.
    """
    every = np.concatenate(list(wanted.values()))
    pixels = decode.decode_all(dataset, source, every, image_size, progress)
    ends = np.cumsum([len(indices) for indices in wanted.values()])[:-1]
    return {
        name: ImageSet(images, source.labels[indices], indices)
        for (name, indices), images in zip(wanted.items(), np.split(pixels, ends), strict=True)
    }


def load_whole(dataset: str, **wanted: Any) -> LoadedData:
    """The images of all three splits of a run as one, for a cross-validated run.

    Args:
        dataset, wanted: As for `load_data`; whatever the run keeps apart elsewhere is used here.

    Returns:
        Training, validation and test images are the same, in the order of the dataset.
    """
    data = load_data(dataset, **wanted)
    parts = (data.train, data.validation, data.test)
    order = np.argsort(np.concatenate([part.indices for part in parts]))
    images, labels, indices = (
        np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("images", "labels", "indices")
    )
    every = ImageSet(images, labels, indices)
    return LoadedData(every, every, every, data.class_names, data.left_out)
