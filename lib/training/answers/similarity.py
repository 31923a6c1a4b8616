"""Measures how similar images are to ImageNet, without training a network; runs in a worker.

The frozen backbone runs once over the images. Small models, which take seconds, then measure how
well features of three depths separate the classes. Test images are never used here, because they
are used only once, at the end of a run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from lib.core import backbones, datasets, splits
from lib.core.errors import DataError
from lib.core.strategy import similarity
from lib.core.strategy.logme import logme
from lib.core.strategy.similarity import (
    BACKBONE,
    IMAGE_SIZE,
    LAYERS,
    NUM_FOLDS,
    NUM_NEIGHBOURS,
    Depth,
    Scores,
)
from lib.training.engine.prefix import FrozenForward
from lib.training.images import decode
from lib.training.images.decode import ImageSource, IntArray, UInt8Array
from lib.training.network import efficientnet_lite
from lib.training.sources import feature_cache, tfds
from lib.training.sources import folder as image_folder
from lib.training.sources.feature_cache import Tensors

FloatArray = npt.NDArray[np.floating[Any]]

# Inverse regularization strength of the linear probe. Features are scaled to a mean squared norm
# of 1, so that the strength is comparable at every depth, independent of the number of channels.
PROBE_C = 10.0
MAX_STEPS = 1_000
# Seed for the choice of images and the folds, so that results are reproducible.
SEED = 0
# Part of the cache key: a new version invalidates all cached results.
VERSION = 1


def measure(
    dataset: str, fingerprint: str = "", num_images: int = similarity.MAX_IMAGES
) -> dict[str, Any]:
    """Measure how well pretrained EfficientNet-Lite0 features fit the images of a dataset.

    Backbone, input size and choice of images are always the same, whatever the reader trains, so
    that all results are comparable on one scale.

    Args:
        dataset: TFDS name, or that of a reader's own images.
        fingerprint: Fingerprint of own images.
        num_images: Maximum number of training and validation images.

    Returns:
        As lib.core.strategy.similarity.to_dict.

    Raises:
        DataError: If the dataset is unknown, cannot be downloaded, has been deleted or has too few
            images.
        WeightsError: If the weights of the backbone are not installed.
    """
    return similarity.to_dict(measure_dataset(dataset, fingerprint, num_images=num_images))


def measure_dataset(
    dataset: str,
    fingerprint: str = "",
    folder: Path | None = None,
    num_images: int = similarity.MAX_IMAGES,
) -> Scores:
    """Measure a TFDS dataset, or a folder of images that stands for one.

    Args:
        dataset: TFDS name, or that of a reader's own images.
        fingerprint: Fingerprint of a folder, or a prefix of it.
        folder: Folder with one folder of images for each class; None for TFDS.

    Raises:
        DataError: If the images cannot be used.
        WeightsError: If the weights of the backbone are not installed.
    """
    found = chosen(dataset, fingerprint, num_images, folder)
    return _measured(dataset, found.fingerprint, found.identity, found.load)


@dataclass(frozen=True)
class Chosen:
    """The images of a dataset that are measured.

    Args:
        fingerprint: Fingerprint of the dataset.
        identity: Everything that their pixels depend on, for a cache.
        num_images: How many, at most.
        source: Opens the dataset.
    """

    fingerprint: str
    identity: dict[str, object]
    num_images: int
    source: Callable[[], ImageSource]

    def indices(self) -> IntArray:
        """The indices of the images in the dataset: training images, then validation images.

        The validation images are ordered so that every prefix is stratified.
        """
        source = self.source()
        most = splits.max_train_images(len(source.labels), splits.counts_of(source.given))
        parts = splits.split(
            source.labels, min(self.num_images, most), SEED, source.class_names, source.given
        )
        return np.concatenate([parts.train, parts.validation])[: self.num_images]

    def load(self, image_size: int = IMAGE_SIZE) -> Tensors:
        """Pixels, (images, image_size, image_size, 3), and labels."""
        source, taken = self.source(), self.indices()
        name = str(self.identity["dataset"])
        return decode.decode_all(name, source, taken, image_size), source.labels[taken]


def chosen(
    dataset: str,
    fingerprint: str = "",
    num_images: int = similarity.MAX_IMAGES,
    folder: Path | None = None,
) -> Chosen:
    """Choose the images to measure; the arguments and errors are those of `measure_dataset`."""
    of_folder = folder is not None or datasets.is_own(dataset)
    if not of_folder:
        fingerprint = tfds.describe_dataset(dataset).fingerprint

    @cache
    def source() -> ImageSource:
        if of_folder:
            return image_folder.source_of(dataset, fingerprint, folder)
        return tfds.source(dataset)

    identity = {
        "dataset": dataset,
        "data": fingerprint,
        "decoder": decode.VERSION,
        "split_seed": splits.SPLIT_SEED,
        "num_images": num_images,
    }
    return Chosen(fingerprint, identity, num_images, source)


def measure_noise(num_images: int = similarity.MAX_IMAGES) -> Scores:
    """The zero of the scale: random pixels with random labels of two classes."""

    def load() -> Tensors:
        rng = np.random.default_rng(SEED)
        pixels = rng.integers(0, 256, (num_images, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        return pixels, rng.permutation(np.arange(num_images) % 2)

    identity: dict[str, object] = {"dataset": similarity.NOISE, "num_images": num_images}
    return _measured(similarity.NOISE, f"seed {SEED}", identity, load)


def _measured(
    dataset: str, fingerprint: str, identity: dict[str, object], load: Callable[[], Tensors]
) -> Scores:
    """Compute scores from images; features and answers are cached."""
    identity = identity | {
        "similarity": VERSION,
        "image_size": IMAGE_SIZE,
        "layers": list(LAYERS.values()),
        "weights": efficientnet_lite.CHECKPOINT_SHA256,
    }

    def features() -> Tensors:
        return feature_cache.fetch(
            identity, load, lambda given: (*extract(given[0]), given[1])
        ).tensors

    settings = [NUM_FOLDS, NUM_NEIGHBOURS, PROBE_C, MAX_STEPS, SEED]
    answers = feature_cache.fetch(identity | {"probes": settings}, features, _answers).tensors
    return _scores(dataset, fingerprint, answers)


# --- Features -------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _network() -> FrozenForward:
    """Model from preprocessed images to pooled features of three depths and probabilities."""
    whole = efficientnet_lite.efficientnet_lite0(IMAGE_SIZE, include_top=True)
    efficientnet_lite.load_imagenet_weights(whole)
    averages = [
        # Named explicitly, because Keras numbers unnamed layers across the whole process.
        keras.layers.GlobalAveragePooling2D(name=f"{depth}_average")(whole.get_layer(layer).output)
        for depth, layer in LAYERS.items()
    ]
    return FrozenForward(keras.Model(whole.input, [*averages, whole.output]))


def extract(pixels: UInt8Array) -> Tensors:
    """Features of three depths and ImageNet probabilities, in one forward pass.

    Input shape: (images, IMAGE_SIZE, IMAGE_SIZE, 3), RGB, 0 to 255.
    Output shape: three times (images, channels), early first, then (images, 1000).
    """
    inputs = backbones.get(BACKBONE).preprocessing.apply(pixels)
    return _network()((inputs,), lambda done: None)


# --- Evaluation of the features -------------------------------------------------------------------


def _answers(given: Tensors) -> Tensors:
    """Correct predictions by depth and image, LogME by depth, confidence and entropy by image."""
    *depths, probabilities, labels = given
    folds = _folds(labels)
    # The matrices are small: several BLAS threads would be slower than one, and an active run needs
    # the cores too.
    with threadpool_limits(1):
        probes = [probe(each, labels, folds) == labels for each in depths]
        votes = [neighbours(each, labels, folds) == labels for each in depths]
        evidence = [logme(each, labels) for each in depths]
    shares = probabilities.astype(np.float64)
    logs = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    entropy = -(shares * logs).sum(axis=1) / np.log(shares.shape[1])
    channels = np.array([each.shape[1] for each in depths])
    return (
        np.array(probes),
        np.array(votes),
        np.array(evidence),
        channels,
        shares.max(axis=1),
        entropy,
        labels,
    )


def _folds(labels: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Stratified folds: indices of the images to fit and of the held-out images.

    Raises:
        DataError: If a class has fewer than two images.
    """
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        raise DataError(
            f"The smallest class has {counts.min()} image among the {len(labels):,} measured.",
            "Use more images of it, or leave the class out.",
        )
    dealt = StratifiedKFold(min(NUM_FOLDS, int(counts.min())), shuffle=True, random_state=SEED)
    return list(dealt.split(labels, labels))


def probe(
    features: FloatArray, labels: IntArray, folds: list[tuple[IntArray, IntArray]]
) -> IntArray:
    """Predictions of logistic regression on standardised features, for held-out images.

    Args:
        features: (images, channels).
        folds: Images to fit and held-out images; each image is held out once.

    Output shape: (images,), class indices.
    """
    said = np.empty_like(labels)
    for fit, ask in folds:
        fitted, asked = _standardised(features, fit, ask)
        # In the subspace spanned by the images, the regularized problem has the same solution and
        # fewer dimensions than channels.
        left, singular, right = np.linalg.svd(fitted, full_matrices=False)
        model = LogisticRegression(C=PROBE_C, max_iter=MAX_STEPS)
        said[ask] = model.fit(left * singular, labels[fit]).predict(asked @ right.T)
    return said


def neighbours(
    features: FloatArray, labels: IntArray, folds: list[tuple[IntArray, IntArray]]
) -> IntArray:
    """Predictions by vote of the nearest neighbours, by cosine distance of standardised features.

    Args:
        features: (images, channels).
        folds: Images that can be neighbours, and held-out images.

    Output shape: (images,), class indices.
    """
    said = np.empty_like(labels)
    for fit, ask in folds:
        fitted, asked = _standardised(features, fit, ask)
        model = KNeighborsClassifier(min(NUM_NEIGHBOURS, len(fit)), metric="cosine")
        said[ask] = model.fit(fitted, labels[fit]).predict(asked)
    return said


def _standardised(
    features: FloatArray, fit: IntArray, ask: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Standardise by the mean and deviation of the images to fit; mean squared norm 1."""
    values = features.astype(np.float64)
    centre, spread = values[fit].mean(axis=0), values[fit].std(axis=0)
    # A constant channel carries no information.
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    scale /= np.sqrt(values.shape[1])
    return (values[fit] - centre) * scale, (values[ask] - centre) * scale


def _scores(dataset: str, fingerprint: str, answers: Tensors) -> Scores:
    probes, votes, evidence, channels, sureness, entropy, labels = answers
    late = probes[-1]
    early_to_late = tuple(
        Depth(
            name=name,
            channels=int(channels[place]),
            probe_correct=int(probes[place].sum()),
            neighbours_correct=int(votes[place].sum()),
            probe_only=int((probes[place] & ~late).sum()),
            late_only=int((late & ~probes[place]).sum()),
            logme=round(float(evidence[place]), 6),
        )
        for place, name in enumerate(LAYERS)
    )
    return Scores(
        dataset=dataset,
        fingerprint=fingerprint,
        class_counts=tuple(np.bincount(labels).tolist()),
        depths=(early_to_late[0], early_to_late[1], early_to_late[2]),
        confidence=round(float(sureness.mean()), 6),
        confidence_error=round(float(sureness.std(ddof=1) / np.sqrt(len(sureness))), 6),
        entropy=round(float(entropy.mean()), 6),
    )
