"""What the layers know, for images that do not ship; runs in a worker.

Each public function is a task for lib.jobs: arguments and results are plain values, bytes and
arrays. No image is stored.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from threadpoolctl import threadpool_limits

from lib.core import backbones
from lib.core.errors import ConfigError
from lib.core.features import depths, image_map, looks, probes
from lib.core.features.depths import BACKBONE
from lib.core.features.image_map import ImageMap
from lib.core.features.probes import Probe, Probes
from lib.core.runs import TrainConfig
from lib.core.strategy import similarity as measured
from lib.core.strategy.similarity import MAX_IMAGES
from lib.training import inference
from lib.training.answers import image_map as mapping
from lib.training.answers import patches
from lib.training.answers import similarity as images
from lib.training.engine import cross_validation
from lib.training.engine.prefix import FrozenForward
from lib.training.images import single_image
from lib.training.images.decode import IntArray, UInt8Array
from lib.training.network import depths as network
from lib.training.network import efficientnet_lite
from lib.training.sources import feature_cache, pipeline
from lib.training.sources.feature_cache import Tensors

# Part of the cache key: a new version invalidates all cached features.
VERSION = 1
# Features are scaled to this mean squared norm, so that a penalty means the same at every depth and
# the strengths to choose from (solved_head.L2_CHOICES) lie around the best ones.
SQUARED_NORM = 16.0
# As many as a map shows.
MAX_TEST_IMAGES = 500


# --- One image ------------------------------------------------------------------------------------


def look(image: bytes) -> dict[str, Any]:
    """What the channels of every depth answer to an image.

    Args:
        image: One of lib.core.images.formats; it is resized, ignoring its aspect ratio.

    Returns:
        `image` (224, 224, 3) uint8; `size` and `format` of the original; for each block
        `<block>_channels`, the strongest of the channels with patches, and `<block>_maps`
        (channels, rows, columns) uint8, their answers as lib.core.features.looks.as_bytes;
        `answers`, those of all first filters as a WebP file.

    Raises:
        DataError: If the image cannot be used.
        WeightsError: If the weights are not installed.
    """
    shown = single_image.decode(image, depths.IMAGE_SIZE, depths.IMAGE_SIZE)
    return {**shown.about, **strongest(shown.pixels)}


def strongest(pixels: UInt8Array) -> dict[str, Any]:
    """The part of `look` that is about the channels.

    Input shape: (224, 224, 3), RGB.
    """
    found: dict[str, Any] = {}
    every = _maps(pixels)
    for depth, maps in zip(depths.depths(), every, strict=True):
        channels = looks.channels()[depth.block]
        answers = channels.deviations(maps)
        shown = looks.strongest(answers, channels.chosen)
        found[f"{depth.block}_channels"] = np.array(shown)
        found[f"{depth.block}_maps"] = looks.as_bytes(np.moveaxis(answers[:, :, shown], 2, 0))
    return found | {"answers": patches.answers(every[0])}


def channel(image: bytes, block: str, channel: int, colour: Sequence[int]) -> dict[str, Any]:
    """What one channel answers to an image, and the patches that excite it most.

    Args:
        image: As in `look`.
        block: Name of the depth.
        channel: Index of the channel.
        colour: Red, green and blue of what is above the usual value, 0 to 255.

    Returns:
        `over`, a WebP file with the map over the image, and `patches`, one with nine patches.

    Raises:
        ConfigError: If there is no such channel.
        DataError: If the image cannot be used.
        WeightsError: If the weights are not installed.
    """
    places = {depth.block: place for place, depth in enumerate(depths.depths())}
    if block not in places or not 0 <= channel < depths.depths()[places[block]].channels:
        raise ConfigError(f"{block} has no channel {channel}.", "Choose another one.")
    depth, known = depths.depths()[places[block]], looks.channels()[block]
    shown = single_image.decode(image, depths.IMAGE_SIZE, depths.IMAGE_SIZE)
    answers = known.deviations(_maps(shown.pixels)[places[block]])[:, :, channel]
    cells = [(int(row), int(column)) for row, column in known.cells[channel]]
    pixels = patches.shipped_images(known.images[channel].tolist())
    return {
        "over": patches.over(shown.pixels, answers, colour),
        "patches": patches.strip(depth, pixels, cells),
    }


def _maps(pixels: UInt8Array) -> list[Any]:
    inputs = backbones.get(BACKBONE).preprocessing.apply(pixels[np.newaxis])
    return [part.numpy()[0] for part in maps_network().of_batch(inputs)]


def maps_network() -> FrozenForward:
    """The pretrained backbone with the map of every depth; traced once."""
    if "maps" not in _TRACED:
        size = depths.IMAGE_SIZE
        _TRACED["maps"] = FrozenForward(network.maps(network.pretrained(size), size))
    return _TRACED["maps"]


_TRACED: dict[str, FrozenForward] = {}


# --- The images of a dataset ----------------------------------------------------------------------


def measure(
    dataset: str,
    fingerprint: str = "",
    num_images: int = MAX_IMAGES,
    folder: Path | None = None,
) -> dict[str, Any]:
    """How far each depth carries on the images of a dataset, and the images as a map.

    The images are those of lib.training.answers.similarity; test images are not among them.

    Args:
        dataset: TFDS name, or that of a reader's own images.
        fingerprint: Fingerprint of own images.
        num_images: Maximum number of training and validation images.
        folder: Folder with one folder of images for each class, which stands for the dataset.

    Returns:
        `probes` as lib.core.features.probes.to_dict; `map`, arrays by name as
        lib.core.features.image_map.arrays; `sheet`, a WebP file with thumbnails; `class_names`.

    Raises:
        DataError: If the images cannot be used.
        WeightsError: If the weights are not installed.
    """
    chosen = images.chosen(dataset, fingerprint, num_images, folder)
    features = feature_cache.fetch(
        chosen.identity
        | {
            "features": VERSION,
            "image_size": measured.IMAGE_SIZE,
            "weights": efficientnet_lite.CHECKPOINT_SHA256,
        },
        chosen.load,
        lambda given: (*pooled(given[0]), given[1]),
    ).tensors
    *by_depth, labels = features
    pixels, _ = chosen.load()
    return {
        "probes": probes.to_dict(probe(by_depth, labels, dataset, chosen.fingerprint)),
        "map": image_map.arrays(mapping.build(by_depth, labels)),
        "sheet": mapping.sheet(pixels),
        "class_names": list(chosen.source().class_names),
    }


def pooled(pixels: UInt8Array, backbone: keras.Model | None = None) -> Tensors:
    """Averaged features of every depth.

    Args:
        pixels: (images, size, size, 3), RGB.
        backbone: EfficientNet-Lite0 for images of that size; None for the pretrained one.

    Returns:
        For each depth (images, channels).
    """
    size = pixels.shape[1]
    whole = network.averages(backbone or network.pretrained(size), size)
    inputs = backbones.get(BACKBONE).preprocessing.apply(pixels)
    return FrozenForward(whole)((inputs,), lambda done: None)


def probe(by_depth: list[Any], labels: IntArray, dataset: str, fingerprint: str) -> Probes:
    """Judge a head on the features of every depth.

    Args:
        by_depth: (images, channels) for each depth.
        labels: (images,), class indices.
        dataset: Name of the images.
        fingerprint: Their fingerprint.

    Raises:
        DataError: If a class has a single image.
    """
    num_classes = len(np.unique(labels))
    # Classes without an image among the measured ones have no logit.
    known = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    with threadpool_limits(1):
        right = [
            cross_validation.judge(_scaled(features), known, num_classes).probabilities.argmax(1)
            == known
            for features in by_depth
        ]
        near = [image_map.right_neighbours(features, labels).sum() for features in by_depth]
    last = right[-1]
    rows = tuple(
        Probe(
            block=depth.block,
            correct=int(each.sum()),
            only=int((each & ~last).sum()),
            last_only=int((last & ~each).sum()),
            neighbours=int(count),
        )
        for depth, each, count in zip(depths.depths(measured.IMAGE_SIZE), right, near, strict=True)
    )
    return Probes(dataset, fingerprint, tuple(np.bincount(labels).tolist()), rows)


def _scaled(features: Any) -> image_map.FloatArray:
    """Standardised features with a mean squared norm of SQUARED_NORM."""
    values = image_map.standardised(features)
    norm = np.sqrt((values**2).sum(axis=1).mean())
    found: image_map.FloatArray = values * (np.sqrt(SQUARED_NORM) / norm) if norm > 0 else values
    return found


# --- Before and after fine-tuning -----------------------------------------------------------------


def before_after(run_folder: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The test images of a finished run as two maps: of the pretrained and of its own backbone.

    Args:
        run_folder: Folder of the run.
        config: Fields of the run's configuration.

    Returns:
        `before` and `after`, arrays by name as lib.core.features.image_map.arrays; the second is
        aligned with the first. `sheet`, a WebP file with thumbnails; `class_names`.

    Raises:
        ConfigError: If the run has another backbone or pretrained nothing.
        DataError: If its images are no longer here.
        StoreError: If its model is not stored or is damaged.
        WeightsError: If the weights are not installed.
    """
    asked = TrainConfig.from_dict(config)
    if asked.backbone != BACKBONE:
        raise ConfigError(
            "The depths of this backbone are not those of the page.",
            f"Choose a run of {backbones.get(BACKBONE).title}.",
        )
    after = inference.backbone_of(run_folder, asked)
    data = pipeline.load_data(
        asked.dataset,
        num_images=asked.num_images,
        image_size=asked.image_size,
        seed=asked.seed,
    )
    pixels, labels = data.test.images[:MAX_TEST_IMAGES], data.test.labels[:MAX_TEST_IMAGES]
    first = mapping.build(pooled(pixels), labels)
    second = aligned_with(first, mapping.build(pooled(pixels, after), labels))
    return {
        "before": image_map.arrays(first),
        "after": image_map.arrays(second),
        "sheet": mapping.sheet(pixels),
        "class_names": list(data.class_names),
    }


def aligned_with(first: ImageMap, second: ImageMap) -> ImageMap:
    """Turn the second map so that its first depth lies as that of the first map, and all alike."""
    points = {}
    for name, target in first.points.items():
        moving = second.points[name].astype(np.float64)
        turned = [
            image_map.aligned(each, onto.astype(np.float64))
            for each, onto in zip(moving, target, strict=True)
        ]
        points[name] = np.round(image_map.FINEST * image_map.within(np.stack(turned))).astype(
            np.int64
        )
    return ImageMap(second.labels, points, second.neighbours)
