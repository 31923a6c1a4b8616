"""Judges a head on a reader's images by cross-validation, at several image sizes; runs in a worker.

Features of the frozen backbone are computed once for each size and cached on disk, under the key
that a run uses, so that the run that follows finds them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from lib.core import backbones, datasets, heads, splits
from lib.core.errors import DataError
from lib.core.heads import HeadSpec
from lib.core.reading.evaluation import Evaluation
from lib.core.runs import TRAINING_VERSION
from lib.core.strategy import judgement
from lib.core.strategy.judgement import Judgement, SizeScore
from lib.core.strategy.learning_curve import SHARES, learning_curve
from lib.training import model
from lib.training.engine import cross_validation, features, measuring, solved_head
from lib.training.engine.cross_validation import Judged
from lib.training.engine.prefix import FrozenForward
from lib.training.images import decode
from lib.training.images.decode import ImageSource, IntArray
from lib.training.network.head import build_pooling
from lib.training.sources import feature_cache, tfds
from lib.training.sources import folder as image_folder

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _AtSize:
    """The features of all images at one size, and the answers to them."""

    features: FloatArray
    judged: Judged
    losses: FloatArray
    correct: npt.NDArray[np.bool_]
    l2: float
    seconds: float


def judge(
    dataset: str,
    fingerprint: str = "",
    backbone: str = "efficientnet_lite0",
    sizes: Sequence[int] = (),
    whole: bool = False,
    seed: int = 1,
) -> dict[str, Any]:
    """Judge a head on a frozen backbone, compare image sizes, and draw a learning curve.

    Args:
        dataset: TFDS name, or id of a reader's own images.
        fingerprint: Fingerprint of own images.
        backbone: Id of the backbone.
        sizes: Image sizes in pixels; by default judgement.compared_sizes. The largest is taken as
            the published one.
        whole: True to use all images; False to leave the test images out.
        seed: Of the folds.

    Returns:
        As judgement.to_dict.

    Raises:
        ConfigError: If Thaw does not know the backbone, or it cannot take images that small.
        DataError: If the images cannot be used.
        WeightsError: If the weights of the backbone are not available.
    """
    started = time.monotonic()
    backbones.get(backbone)
    source, images = _chosen(dataset, fingerprint, whole)
    labels = source.labels[images]
    found: dict[int, _AtSize] = {}
    for size in sorted(sizes or judgement.compared_sizes(backbone)):
        found[size] = _at_size(dataset, source, images, backbone, size, seed)
    scores = _scores(found)
    image_size = judgement.best_size(scores)
    chosen = found[image_size]
    with threadpool_limits(1):
        fewer = _fewer_images(chosen, labels, len(source.class_names), seed)
    curve, forecast = learning_curve(*fewer, len(labels))
    return judgement.to_dict(
        Judgement(
            dataset=dataset,
            fingerprint=fingerprint,
            backbone=backbone,
            whole=whole,
            image_size=image_size,
            sizes=scores,
            answers=Evaluation(images, labels, chosen.judged.probabilities, source.class_names),
            num_folds=chosen.judged.num_folds,
            num_repeats=chosen.judged.num_repeats,
            curve=curve,
            forecast=forecast,
            seconds=time.monotonic() - started,
        )
    )


def _scores(found: dict[int, _AtSize]) -> tuple[SizeScore, ...]:
    """The score at each size, compared with the largest."""
    published = found[max(found)]
    return tuple(
        judgement.score(
            size,
            correct=each.correct,
            losses=each.losses,
            published=(published.correct, published.losses),
            l2=each.l2,
            seconds=each.seconds,
        )
        for size, each in found.items()
    )


def _chosen(dataset: str, fingerprint: str, whole: bool) -> tuple[ImageSource, IntArray]:
    """The images to ask about, in the order of the dataset."""
    source = (
        image_folder.source_of(dataset, fingerprint)
        if datasets.is_own(dataset)
        else tfds.source(dataset)
    )
    most = splits.max_train_images(len(source.labels), splits.counts_of(source.given))
    parts = splits.split(
        source.labels, min(most, judgement.MAX_IMAGES), 0, source.class_names, source.given
    )
    chosen = [parts.train, parts.validation, *([parts.test] if whole else [])]
    images = np.concatenate(chosen)[: judgement.MAX_IMAGES]
    if np.bincount(source.labels[images]).min() < 2:
        raise DataError(
            "A class has a single image, so no head can be asked about it that has seen its class.",
            "Use two images or more of each class.",
        )
    return source, np.sort(images)


def _at_size(
    dataset: str, source: ImageSource, images: IntArray, backbone: str, size: int, seed: int
) -> _AtSize:
    started = time.monotonic()
    labels, num_classes = source.labels[images], len(source.class_names)
    vectors = pooled_features(dataset, source, images, backbone, size)
    with threadpool_limits(1):
        judged = cross_validation.judge(vectors, labels, num_classes, seed=seed)
        l2 = solved_head.choose_l2(vectors, labels, num_classes, seed)
    return _AtSize(
        vectors,
        judged,
        judged.losses,
        judged.probabilities.argmax(axis=1) == labels,
        l2,
        time.monotonic() - started,
    )


def pooled_features(
    dataset: str, source: ImageSource, images: IntArray, backbone: str, size: int
) -> FloatArray:
    """Pooled features of images, (images, channels); from the cache where a run has left them."""
    pixels = decode.decode_all(dataset, source, images, size)
    with model.quick_variables():
        built = model.build_backbone(backbone, size, weights="imagenet")
        shape = backbones.load_layer_table(backbone, size)[-1].output_shape
        pool = build_pooling(HeadSpec(), shape)
    weights = {layer.name: layer.get_weights() for layer in built.layers}
    identity = features.identity(
        measuring.digest(weights), pixels, "pooled:gap", TRAINING_VERSION, dataset
    )

    def compute(given: feature_cache.Tensors) -> feature_cache.Tensors:
        whole = FrozenForward(
            keras.Model(built.input, pool(built.output)), {layer.name for layer in built.layers}
        )
        return whole(given, lambda done: None)

    def inputs() -> feature_cache.Tensors:
        return (backbones.get(backbone).preprocessing.apply(pixels),)

    (found,) = feature_cache.fetch(identity, inputs, compute).tensors
    return found.astype(np.float64)


def _fewer_images(
    at_size: _AtSize, labels: IntArray, num_classes: int, seed: int
) -> tuple[tuple[int, ...], FloatArray]:
    """Heads that are fitted to parts of the images: how many images, and who was right.

    Returns:
        Images of each point, fewest first; (points, images), share of repeats that were right.
    """
    repeats = range(at_size.judged.num_repeats)
    fitted: dict[float, list[int]] = {share: [] for share in SHARES}
    right = np.zeros((len(SHARES), len(labels)))
    for repeat in repeats:
        rng = np.random.default_rng(seed + repeat)
        for fit, ask in solved_head.folds(labels, seed + repeat):
            order = splits.interleaved(labels[fit], rng)
            for row, share in enumerate(SHARES):
                some = fit[order[: max(num_classes, round(share * len(fit)))]]
                fitted[share].append(len(some))
                said = _said(at_size.features, labels, some, ask, num_classes, at_size.l2)
                right[row, ask] += (said == labels[ask]) / len(repeats)
    return tuple(round(float(np.mean(each))) for each in fitted.values()), right


def _said(
    vectors: FloatArray,
    labels: IntArray,
    fit: IntArray,
    ask: IntArray,
    num_classes: int,
    l2: float,
) -> IntArray:
    problem = solved_head.Problem(vectors[fit], labels[fit], num_classes)
    logits = problem.solve(l2)[0].logits(vectors[ask])
    said: IntArray = heads.softmax(logits).argmax(axis=1)
    return said
