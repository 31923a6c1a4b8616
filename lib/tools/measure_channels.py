"""Measures with how many channels Flatten is the better head, and with how many GAP is.

python -m lib.tools.measure_channels [--check]

EfficientNet-Lite0 turns images of 160 pixels into 5 x 5 x 1280. Of these channels so many are
drawn by chance, and the images are dealt into training and test; then a ridge classifier, its
penalty chosen by cross-validation within the training images, is fitted once to the averages of
the channels and once to all their values. With --check nothing is written: it exits with 1 and
one line a difference.
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
# Dataset -> (training images, most test images, draws): as many draws as take a few minutes.
PLANS = {"openmoji_animals_food": (160, 80, 40), "elpv": (1000, 1000, 12)}
NUM_FOLDS = 5
# Of the mean square of the inputs; from hardly any penalty to nearly nothing left.
PENALTIES = tuple(10.0**power for power in np.arange(-2, 2.5, 0.5))
# Another machine adds up in another order, which may turn a close decision.
TOLERANCE = 0.01

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]


def features(dataset: str) -> tuple[FloatArray, IntArray]:
    """Last feature maps of all images of an offline two-class dataset, and their labels.

    Output shape: (images, height, width, channels) and (images,).
    """
    spec = DATASETS[dataset]
    most = splits.max_train_images(spec.num_images)
    data = pipeline.load_data(dataset, num_images=most, image_size=IMAGE_SIZE, seed=0)
    backbone = models.build_backbone(BACKBONE, IMAGE_SIZE, weights="imagenet")
    forward = FrozenForward(backbone)
    parts = (data.train, data.validation, data.test)
    images = np.concatenate([part.images for part in parts])
    inputs = models.preprocess(tf.cast(images, tf.float32), backbones.get(BACKBONE)).numpy()
    (maps,) = forward((inputs,), lambda done: None)
    return maps, np.concatenate([part.labels for part in parts])


def accuracy(
    train: FloatArray, labels: IntArray, test: FloatArray, truth: IntArray, rng: np.random.Generator
) -> float:
    """Test accuracy of a ridge classifier, in its dual form: more inputs than images is usual.

    Args:
        train: (images, inputs).
        labels: 0 or 1 for each of them.
        test: (test images, inputs).
        truth: 0 or 1 for each of them.
        rng: Deals the folds that choose the penalty.
    """
    centre, spread = train.mean(axis=0), train.std(axis=0)
    # A value that never changes says nothing.
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
    """Fit both heads with every number of channels, draw after draw."""
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
    """What a committed measurement has otherwise than a new one."""
    new = asdict(line)
    for name in (name for name in new if name != "rows" and new[name] != kept.get(name)):
        yield f"{line.dataset}: {name} is {kept.get(name)}, not {new[name]}"
    for row, old in zip(new["rows"], kept.get("rows", ()), strict=False):
        for name, value in row.items():
            if abs(value - old[name]) > TOLERANCE:
                yield f"{line.dataset}, {row['channels']} channels: {name} {old[name]}, not {value}"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the measurements; the exit code."""
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
