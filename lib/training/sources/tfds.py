"""A TFDS dataset as a source of labels and encoded images."""

import difflib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_datasets as tfds

import lib.training.builders  # noqa: F401 - registers the offline datasets
from lib.core import datasets, splits
from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.files.home import thaw_home
from lib.training.images import contact_sheet
from lib.training.images.decode import ImageSource
from lib.training.sources import tfds_prepare

# Asking TensorFlow for one record at a time takes longer than reading it.
IMAGES_AT_ONCE, LABELS_AT_ONCE = 32, 1_000


@dataclass(frozen=True)
class DatasetDescription:
    """Description of a TFDS dataset, with the fields that a run's configuration needs.

    Args:
        dataset: TFDS name.
        fingerprint: Name, configuration and version.
        class_names: In label order.
        num_images: Number of labelled images of all classes.
    """

    dataset: str
    fingerprint: str
    class_names: tuple[str, ...]
    num_images: int

    @property
    def max_train_images(self) -> int:
        """Number of images that remain for training after the validation and test splits."""
        return splits.max_train_images(self.num_images)


def describe_dataset(dataset: str) -> DatasetDescription:
    """Describe a TFDS dataset; it is prepared first if necessary.

    Args:
        dataset: TFDS name, registered or not.

    Raises:
        DataError: If it is unknown, not for image classification, or cannot be downloaded.
    """
    builder, (_, label_key) = _prepared(dataset)
    return DatasetDescription(
        dataset,
        builder.info.full_name,
        tuple(builder.info.features[label_key].names),
        builder.info.splits[_split(builder)].num_examples,
    )


def source(dataset: str) -> ImageSource:
    """The images of a dataset; it is prepared first if necessary.

    Args:
        dataset: TFDS name, registered or not.

    Raises:
        DataError: If it is unknown, not for image classification, or cannot be downloaded.
    """
    builder, (image_key, label_key) = _prepared(dataset)

    def read(wanted: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        still_encoded = tfds.decode.PartialDecoding(
            {image_key: True}, decoders={image_key: tfds.decode.SkipDecoding()}
        )
        last = max(wanted)
        batches = _records(builder, still_encoded).batch(IMAGES_AT_ONCE).as_numpy_iterator()
        images = itertools.chain.from_iterable(batch[image_key] for batch in batches)
        for index, data in enumerate(images):
            if index in wanted:
                yield index, data
            if index == last:
                return

    labels = _labels(builder, label_key)
    found = ImageSource(tuple(builder.info.features[label_key].names), labels, read)
    contact_sheet.write(dataset, found)
    return found


def _records(builder: tfds.core.DatasetBuilder, decoding: Any) -> tf.data.Dataset:
    # Read files sequentially, so that an index always refers to the same image.
    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    return builder.as_dataset(split=_split(builder), decoders=decoding, read_config=config)


# Folder of a version of a dataset, which does not change -> the class index of every image.
_labels_of: dict[str, npt.NDArray[np.int64]] = {}


def _labels(builder: tfds.core.DatasetBuilder, label_key: str) -> npt.NDArray[np.int64]:
    """The class index of every image; all records are read for it, once in a process."""
    where = str(builder.data_path)
    if where not in _labels_of:
        only_label = tfds.decode.PartialDecoding({label_key: True})
        batches = _records(builder, only_label).batch(LABELS_AT_ONCE).as_numpy_iterator()
        _labels_of[where] = np.concatenate([batch[label_key] for batch in batches])
        _labels_of[where].setflags(write=False)
    return _labels_of[where]


def _split(builder: tfds.core.DatasetBuilder) -> str:
    # Other splits may lack labels; "train" has labels, and nearly all datasets have it.
    return "train" if "train" in builder.info.splits else next(iter(builder.info.splits))


def _prepared(dataset: str) -> tuple[tfds.core.DatasetBuilder, tuple[str, str]]:
    """A builder whose records are on disk, and the names of its image and label features."""
    builder, keys = open_builder(dataset)
    if not tfds_prepare.is_prepared(builder):
        tfds_prepare.prepare(builder)
        # Open it again, because another process may have written the records.
        builder, _ = open_builder(dataset)
    return builder, keys


def open_builder(dataset: str) -> tuple[tfds.core.DatasetBuilder, tuple[str, str]]:
    """The builder of an image classification dataset, and the names of its image and label.

    Nothing is downloaded, and the network is not used.

    Args:
        dataset: TFDS name, registered or not.

    Raises:
        DataError: If it is unknown or not a dataset for image classification.
    """
    builder = _builder(dataset)
    return builder, _supervised_keys(builder)


def is_here(dataset: str) -> bool:
    """True if the images of a dataset are on this machine, or in an installed package."""
    if _is_ours(dataset):
        return True
    try:
        return tfds_prepare.is_prepared(open_builder(dataset)[0])
    except DataError:
        return False


def _is_ours(dataset: str) -> bool:
    """True for a dataset of lib.training.builders, whose images an installed package contains."""
    spec = datasets.DATASETS.get(dataset)
    return spec is not None and spec.offline


def _builder(dataset: str) -> tfds.core.DatasetBuilder:
    """The TFDS builder of a dataset, without using the network.

    Raises:
        DataError: If TFDS has no dataset of that name.
    """
    name, _, config = dataset.partition("/")
    if not _is_ours(name):
        # It takes a while: TFDS imports hundreds of modules. Community datasets need the network.
        known = tfds.list_builders(with_community_datasets=False)
        if name not in known:
            raise DataError(f"TFDS has no dataset called {dataset!r}.", _did_you_mean(name, known))
    if config and config not in (configs := list(tfds.builder_cls(name).builder_configs)):
        raise DataError(
            f"{name} has no configuration called {config!r}.", _did_you_mean(config, configs)
        )
    try:
        builder = tfds.builder(dataset, data_dir=thaw_home() / "datasets")
        _ = builder.info
    except Exception as error:
        # Builders execute their own code, and some import packages that are not installed.
        raise DataError(
            f"TFDS cannot open {dataset!r}: {outside_text.first_line(error)}.",
            "Choose another dataset.",
        ) from error
    return builder


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=3)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Choose another dataset, such as {', '.join(datasets.DATASETS)}."


def _supervised_keys(builder: tfds.core.DatasetBuilder) -> tuple[str, str]:
    """Names of the features that hold the image and its label.

    Raises:
        DataError: If the dataset does not pair an image with one of at least two classes.
    """
    features = builder.info.features
    keys = builder.info.supervised_keys or ("image", "label")
    with suppress(KeyError, TypeError, ValueError):
        image_key, label_key = keys
        image, label = features[image_key], features[label_key]
        if (
            isinstance(image, tfds.features.Image)
            and image.np_dtype == np.uint8
            and isinstance(label, tfds.features.ClassLabel)
        ):
            return image_key, label_key
    raise DataError(
        f"{builder.name} does not pair an image with a class, so it cannot be classified here.",
        f"Choose an image classification dataset, such as {', '.join(datasets.DATASETS)}.",
    )
