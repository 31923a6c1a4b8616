"""Measures for which number of channels Flatten or GAP gives the better head.

python -m lib.tools.measure_channels [--check]

EfficientNet-Lite0 maps images of 160 pixels to 5 x 5 x 1280 features. The tool draws a random
subset of these channels and a random split into training and test images. It then fits a ridge
classifier to the channel averages and another one to all values; the penalty is chosen by
cross-validation within the training images. With --check nothing is written: it prints one line for
each difference, and exits with 1 if there are any.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lib.core import backbones, pooling, splits
from lib.core.datasets import DATASETS
from lib.core.intervals import Z_95
from lib.core.maps.channel_threshold import FILE, ChannelLine, Measured
from lib.training import model as models
from lib.training.engine.prefix import FrozenForward
from lib.training.sources import pipeline

BACKBONE, IMAGE_SIZE = "efficientnet_lite0", 160
CHANNELS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1280)
# Dataset -> (training images, maximum of test images, draws). This takes a few minutes.
PLANS = {"openmoji_animals_food": (160, 80, 40), "elpv": (1000, 1000, 12)}
NUM_FOLDS = 5
# Relative to the mean square of the inputs, from a very weak to a very strong penalty.
PENALTIES = tuple(10.0**power for power in np.arange(-2, 2.5, 0.5))
# Other machines sum in another order, which may change close decisions.
TOLERANCE = 0.01

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]


def features(dataset: str) -> tuple[FloatArray, IntArray]:
    """The last feature maps and the labels of all images of an offline two-class dataset.

    Output shape: (images, height, width, channels) and (images,).
    """
    spec = DATASETS[dataset]
    most = splits.max_train_images(spec.num_images)
    data = pipeline.load_data(dataset, num_images=most, image_size=IMAGE_SIZE, seed=0)
    backbone = models.build_backbone(BACKBONE, IMAGE_SIZE, weights="imagenet")
    forward = FrozenForward(backbone)
    parts = (data.train, data.validation, data.test)
    images = np.concatenate([part.images for part in parts])
    inputs = models.preprocess(
        tf.cast(images, tf.float32), backbones.get(BACKBONE).preprocessing
    ).numpy()
    (maps,) = forward((inputs,), lambda done: None)
    return maps, np.concatenate([part.labels for part in parts])


def accuracy(
    train: FloatArray, labels: IntArray, test: FloatArray, truth: IntArray, rng: np.random.Generator
) -> float:
    """Test accuracy of a ridge classifier, in dual form, as there are more inputs than images.

    Args:
        train: (images, inputs).
        labels: 0 or 1 for each of them.
        test: (test images, inputs).
        truth: 0 or 1 for each of them.
        rng: Random generator for the folds.
    """
    centre, spread = train.mean(axis=0), train.std(axis=0)
    # A constant value carries no information.
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    fitted, asked = (train - centre) * scale, (test - centre) * scale
    target = np.where(labels == 1, 1.0, -1.0)
    kernel = (fitted @ fitted.T).astype(np.float64)
    unit = np.trace(kernel) / len(kernel) or 1.0
    fold = rng.permutation(len(labels)) % NUM_FOLDS
    errors = np.zeros(len(PENALTIES))
    for number in range(NUM_FOLDS):
        inside, outside = fold != number, fold == number
        values, vectors = np.linalg.eigh(kernel[np.ix_(inside, inside)])
        mean = target[inside].mean()
        projected = vectors.T @ (target[inside] - mean)
        across = kernel[np.ix_(outside, inside)] @ vectors
        for place, penalty in enumerate(PENALTIES):
            scores = across @ (projected / (values.clip(0) + penalty * unit)) + mean
            errors[place] += ((scores - target[outside]) ** 2).sum()
    penalty = PENALTIES[int(errors.argmin())] * unit
    mean = target.mean()
    dual = np.linalg.solve(kernel + penalty * np.eye(len(kernel)), target - mean)
    scores = asked @ (fitted.T @ dual) + mean
    return float(((scores > 0) == (truth == 1)).mean())


def measure(dataset: str) -> ChannelLine:
    """Fit both heads for every number of channels and every draw."""
    num_images, most_tested, num_draws = PLANS[dataset]
    maps, labels = features(dataset)
    found: dict[int, list[tuple[float, float]]] = {channels: [] for channels in CHANNELS}
    num_tested = min(most_tested, len(labels) - num_images)
    for draw in range(num_draws):
        rng = np.random.default_rng(draw)
        order = rng.permutation(len(labels))
        train, test = order[:num_images], order[num_images : num_images + num_tested]
        drawn = rng.permutation(maps.shape[-1])
        for channels in CHANNELS:
            some = maps[..., drawn[:channels]]
            gap, flat = (
                accuracy(vectors[train], labels[train], vectors[test], labels[test], rng)
                for vectors in (pooling.global_average_pool(some), pooling.flatten(some))
            )
            found[channels].append((gap, flat))
    height, width = maps.shape[1:3]
    rows = tuple(_row(channels, np.array(pairs)) for channels, pairs in found.items())
    return ChannelLine(dataset, num_images, num_tested, num_draws, IMAGE_SIZE, height, width, rows)


def _row(channels: int, pairs: FloatArray) -> Measured:
    """Means over the draws, and the interval of the mean difference."""
    gap, flat = pairs.mean(axis=0)
    differences = pairs[:, 1] - pairs[:, 0]
    half = Z_95 * differences.std(ddof=1) / sqrt(len(pairs))
    middle = differences.mean()
    numbers = (gap, flat, middle - half, middle + half)
    return Measured(channels, *(round(float(number), 4) for number in numbers))


def differences(line: ChannelLine, kept: dict[str, Any]) -> Iterator[str]:
    """Differences between a committed measurement and a new one."""
    new = asdict(line)
    for name in (name for name in new if name != "rows" and new[name] != kept.get(name)):
        yield f"{line.dataset}: {name} is {kept.get(name)}, not {new[name]}"
    for row, old in zip(new["rows"], kept.get("rows", ()), strict=False):
        for name, value in row.items():
            if abs(value - old[name]) > TOLERANCE:
                yield f"{line.dataset}, {row['channels']} channels: {name} {old[name]}, not {value}"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the measurements; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_channels")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args(arguments).check
    measured = [measure(dataset) for dataset in PLANS]
    if not check:
        text = json.dumps([asdict(line) for line in measured], indent=1)
        FILE.write_text(text + "\n", "utf-8")
        return 0
    kept = {fields["dataset"]: fields for fields in json.loads(FILE.read_text("utf-8"))}
    found = [line for new in measured for line in differences(new, kept.get(new.dataset, {}))]
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
