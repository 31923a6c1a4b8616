"""The inspection of a dataset: classes, sizes, duplicates, and files that cannot be used."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core import datasets, splits
from lib.core.errors import DataError
from lib.core.files import outside_text
from lib.core.files.shipped import DATA
from lib.core.images import near_duplicates
from lib.core.images.near_duplicates import ALIKE, Pair
from lib.core.splits import IntArray, Splits

FOLDER = DATA / "looks"
# Larger datasets are sampled, so that an inspection takes seconds; the solar cells all fit.
MAX_LOOKED_AT = 2_500
SEED_OF_SAMPLE = 0
# Limits for one page.
MAX_SAMPLES, SAMPLES_A_CLASS = 80, 8
MAX_PAIRS_SHOWN = 12
# From this ratio of the largest class to the smallest one on, the page mentions it.
IMBALANCE = 1.5


@dataclass(frozen=True, eq=False)
class Look:
    """The result of a worker's inspection of a dataset.

    Args:
        class_names: Names of the classes in label order.
        labels: (num_images,), class index of every image.
        looked_at: (looked,), indices of the images that were opened, sorted.
        sizes: (looked, 2), width and height of each opened image in pixels.
        kinds: Format and colours -> number of images, largest number first.
        pairs: Pairs of duplicate or nearly alike images, the most harmful first.
        num_pairs: Kind of a pair -> number of such pairs.
        left_out: Files that cannot be used, each with the reason in words.
        thumbnails: Index -> WebP file of 96 x 96 pixels: some images of each class and in pairs.
        seconds: Duration of the inspection.
        given: The split of every image, if the dataset has splits of its own; else empty.
    """

    class_names: tuple[str, ...]
    labels: IntArray
    looked_at: IntArray
    sizes: IntArray
    kinds: Mapping[str, int]
    pairs: tuple[Pair, ...]
    num_pairs: Mapping[str, int]
    left_out: tuple[str, ...]
    thumbnails: Mapping[int, bytes]
    seconds: float
    given: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def from_worker(cls, said: Mapping[str, Any]) -> "Look":
        """Read the answer of lib.training.answers.dataset.look."""
        return cls(
            class_names=tuple(said["class_names"]),
            labels=np.asarray(said["labels"], np.int64),
            looked_at=np.asarray(said["looked_at"], np.int64),
            sizes=np.asarray(said["sizes"], np.int64).reshape(-1, 2),
            kinds=dict(said["kinds"]),
            pairs=tuple(Pair(*pair) for pair in said["pairs"]),
            num_pairs=dict(said["num_pairs"]),
            left_out=tuple(said["left_out"]),
            thumbnails={int(index): data for index, data in said["thumbnails"].items()},
            seconds=float(said["seconds"]),
            given=np.asarray(said.get("given", ()), np.int64),
        )

    @cached_property
    def counts(self) -> IntArray:
        """(num_classes,), number of images in each class."""
        return np.bincount(self.labels, minlength=len(self.class_names)).astype(np.int64)

    @property
    def is_all(self) -> bool:
        """True if every image was opened."""
        return len(self.looked_at) == len(self.labels)

    def samples(self, label: int, count: int = SAMPLES_A_CLASS) -> tuple[int, ...]:
        """Return the indices of a few images of a class that have a thumbnail."""
        of_class = [index for index in self.thumbnails if self.labels[index] == label]
        return tuple(of_class[:count])

    def balance_in_words(self) -> str:
        """Describe the class balance in one or two sentences, in Markdown."""
        most, least = int(self.counts.argmax()), int(self.counts.argmin())
        larger, smaller = int(self.counts[most]), int(self.counts[least])
        name, other = (outside_text.in_markdown(self.class_names[label]) for label in (most, least))
        always = f"Always predicting {name} is right {larger / len(self.labels):.1%} of the time."
        if larger == smaller:
            return f"Every class has {larger:,} images. {always}"
        times = larger / smaller
        if times < IMBALANCE:
            return f"The classes are nearly balanced, {smaller:,} to {larger:,} images. {always}"
        return (
            f"{name} has {times:.1f} times the images of "
            f"{other}. {always} An accuracy means little unless it is "
            "clearly above that."
        )

    def sizes_in_words(self) -> str:
        """Describe the widths and heights of the images in one sentence."""
        if not len(self.sizes):
            return "No image could be opened."
        (low_w, low_h), (high_w, high_h) = self.sizes.min(axis=0), self.sizes.max(axis=0)
        if (low_w, low_h) == (high_w, high_h):
            return f"Every image has {low_w:,} × {low_h:,} pixels."
        square = int((self.sizes[:, 0] == self.sizes[:, 1]).sum())
        return (
            f"From {low_w:,} to {high_w:,} pixels wide and {low_h:,} to {high_h:,} high; "
            f"{square:,} of {len(self.sizes):,} are square."
        )


def shipped_file(dataset: str) -> Path:
    """Return the file with the inspection of an offline dataset."""
    return FOLDER / f"{dataset}.json"


@lru_cache(maxsize=4)
def shipped(dataset: str, fingerprint: str) -> Look | None:
    """Load the inspection of an offline dataset; None for others. Callers must not change it.

    The files are written by `python -m lib.tools.export_looks`.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images; an inspection of other images is not returned.
    """
    spec = datasets.DATASETS.get(dataset)
    if spec is None or not spec.offline or not shipped_file(spec.id).exists():
        return None
    said = json.loads(shipped_file(spec.id).read_text("utf-8"))
    if said["fingerprint"] != fingerprint:
        return None
    pictures = {index: base64.b64decode(data) for index, data in said["thumbnails"].items()}
    return Look.from_worker(said | {"thumbnails": pictures})


def sample(num_images: int, count: int = MAX_LOOKED_AT) -> frozenset[int]:
    """Choose the images to inspect: all of them, or a fixed random sample.

    Example:

    >>> sorted(sample(5)), len(sample(50_000))
    ([0, 1, 2, 3, 4], 2500)
    """
    if num_images <= count:
        return frozenset(range(num_images))
    rng = np.random.default_rng(SEED_OF_SAMPLE)
    return frozenset(rng.choice(num_images, count, replace=False).tolist())


def to_show(labels: IntArray, opened: Sequence[int], pairs: Sequence[Pair]) -> tuple[int, ...]:
    """Choose the images that get a thumbnail: the first few of each class, and the first pairs.

    Args:
        labels: (num_images,), class index of every image.
        opened: Images that could be opened, sorted.
        pairs: Pairs of images, the most harmful first.
    """
    of_class: dict[int, list[int]] = {}
    for index in opened:
        of_class.setdefault(int(labels[index]), []).append(index)
    each = max(1, min(SAMPLES_A_CLASS, MAX_SAMPLES // max(1, len(of_class))))
    shown = {index for members in of_class.values() for index in members[:each]}
    copies = [pair for pair in pairs if pair.kind != ALIKE]
    alike = [pair for pair in pairs if pair.kind == ALIKE]
    for pair in copies[:MAX_PAIRS_SHOWN] + alike[:MAX_PAIRS_SHOWN]:
        shown |= {pair.first, pair.second}
    return tuple(sorted(shown))


def every_use(labels: IntArray, given: npt.ArrayLike = ()) -> Splits | None:
    """Return the split that uses all images; None if a class is too small to be split.

    Args:
        labels: (num_images,), class index of every image.
        given: As for splits.split.
    """
    try:
        most = splits.max_train_images(len(labels), splits.counts_of(given))
        return splits.split(labels, most, 0, given=given)
    except DataError:
        return None


def test_images_alike(found: Look) -> int:
    """Count the test images that are nearly alike to an image that a run may train on.

    Args:
        found: Inspection of the whole dataset.
    """
    parts = every_use(found.labels, found.given)
    alike = [pair for pair in found.pairs if pair.kind == near_duplicates.ALIKE]
    return near_duplicates.trained_alike(alike, parts) if parts else 0


def worst_first(
    pairs: Sequence[Pair], labels: IntArray, given: npt.ArrayLike = ()
) -> tuple[Pair, ...]:
    """Sort pairs: the same picture before nearly alike ones, then pairs across splits first.

    Args:
        labels: (num_images,), class index of every image.
        given: As for splits.split.
    """
    parts = every_use(labels, given)
    crossing = near_duplicates.across(pairs, parts, near_duplicates.KINDS) if parts else ()
    harmful = {pair for pair, _, _ in crossing}
    order = list(near_duplicates.KINDS)
    return tuple(
        sorted(
            pairs,
            key=lambda pair: (order.index(pair.kind), pair not in harmful, pair.distance, pair),
        )
    )


def per_class(parts: Splits, labels: IntArray, num_classes: int) -> dict[str, IntArray]:
    """Count the images of each class in each split, and those in no split.

    Args:
        parts: Splits of the dataset.
        labels: (num_images,), class index of every image.
        num_classes: Number of classes.

    Returns:
        Name of the split, or "not used" -> (num_classes,), numbers of images.
    """
    counts = {
        name: np.bincount(labels[part], minlength=num_classes).astype(np.int64)
        for name, part in (
            ("training", parts.train),
            ("validation", parts.validation),
            ("test", parts.test),
        )
    }
    used = sum(counts.values())
    return counts | {"not used": np.bincount(labels, minlength=num_classes) - used}
