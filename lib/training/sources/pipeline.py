"""From a dataset's name, or a folder of images, to the arrays a run trains on.

One path for all: labels first, then the split, then only the chosen images are decoded and
resized. So no image can be in two splits, and a small run on a large dataset stays small.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
    wanted = {"num_images": num_images, "image_size": image_size, "seed": seed}
    if folder or datasets.is_own(dataset):
        source = image_folder.source_of(dataset, fingerprint, folder)
        columns = _decoded(dataset, source, **wanted, progress=progress)
        return _sorted_out(columns, source.class_names, source.left_out)
    described = tfds.describe_dataset(dataset)
    # A version of a TFDS dataset does not change, so its decoded images are kept; a folder's may
    # change under one's hands.
    features = feature_cache.fetch(
        {
            "decoded": described.fingerprint,
            "decoder": decode.VERSION,
            "split_seed": splits.SPLIT_SEED,
            **wanted,
        },
        tuple,
        lambda _: _decoded(dataset, tfds.source(dataset), **wanted, progress=progress),
    )
    if features.from_cache and progress:
        progress(len(features.tensors[0]), len(features.tensors[0]))
    return _sorted_out(features.tensors, described.class_names)


def _decoded(
    dataset: str,
    source: ImageSource,
    *,
    num_images: int,
    image_size: int,
    seed: int,
    progress: Report | None,
) -> feature_cache.Tensors:
    """Pixels, labels and indices of the images of all three splits, and where two of them end."""
    parts = splits.split(source.labels, num_images, seed, source.class_names, source.given)
    wanted = np.concatenate([parts.train, parts.validation, parts.test])
    pixels = decode.decode_all(dataset, source, wanted, image_size, progress)
    ends = np.cumsum([len(parts.train), len(parts.validation)])
    return pixels, source.labels[wanted], wanted, ends


def _sorted_out(
    columns: feature_cache.Tensors, class_names: tuple[str, ...], left_out: tuple[str, ...] = ()
) -> LoadedData:
    *of_images, ends = columns
    train, validation, test = map(ImageSet, *(np.split(column, ends) for column in of_images))
    return LoadedData(train, validation, test, class_names, left_out)


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
