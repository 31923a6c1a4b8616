"""Answers of a worker about a dataset: an inspection, and one image through the pipeline.

Each public function is a task for lib.jobs: arguments and results are plain values, bytes and
arrays. Nothing is downloaded, and no image is stored.
"""

import hashlib
import io
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from lib.core import backbones, datasets
from lib.core.errors import DataError
from lib.core.images import download_status, formats, near_duplicates
from lib.core.images import inspection as looking
from lib.core.images.near_duplicates import ALIKE, COMPARED_SIZE, COPY, COPY_CORRELATION, SAME, Pair
from lib.core.uploads import own_datasets
from lib.training.answers import imagenet
from lib.training.images import decode
from lib.training.images.decode import ImageSource, UInt8Array
from lib.training.sources import folder as image_folder
from lib.training.sources import tfds
from lib.training.sources.augmentation import Augmentation

SOURCES_KEPT = 3
# Number of augmented examples on the page.
NUM_DRAWS = 8
# Number of images for the experiment with preprocessing applied twice.
NUM_ASKED_TWICE = 24
# Maximum size of the preview of the stored image, in pixels.
PREVIEW_SIZE = 480

COLOURS = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey, with transparency",
    "P": "a palette",
    "PA": "a palette",
    "RGB": "RGB",
    "RGBA": "RGB, with transparency",
    "CMYK": "CMYK",
}


def _source(dataset: str, fingerprint: str) -> ImageSource:
    """The images of a dataset that is on this machine.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images; it identifies the version of the dataset.

    Raises:
        DataError: If the dataset is not on this machine.
    """
    if not datasets.is_own(dataset):
        spec = datasets.get(dataset)
        if download_status.standing(spec).state == "ready":
            return _of_tfds(dataset, fingerprint)
        raise DataError(f"{spec.title} is not on this machine yet.", "Download it under Datasets.")
    # The folder is looked up every time, because its reader may have deleted it.
    return _of_folder(dataset, fingerprint, own_datasets.folder(dataset))


@lru_cache(maxsize=SOURCES_KEPT)
def _of_tfds(dataset: str, fingerprint: str) -> ImageSource:
    return tfds.source(dataset)


@lru_cache(maxsize=SOURCES_KEPT)
def _of_folder(dataset: str, fingerprint: str, folder: Path | None) -> ImageSource:
    return image_folder.source_of(dataset, fingerprint, folder)


def labels(dataset: str, fingerprint: str) -> dict[str, Any]:
    """The class of every image of a dataset.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images.

    Returns:
        `labels` (num_images,) int64, and `class_names`.

    Raises:
        DataError: If the dataset is not on this machine.
    """
    source = _source(dataset, fingerprint)
    return {"labels": source.labels, "class_names": list(source.class_names)}


# --- Inspection of a dataset --------------------------------------------------------------


def look(dataset: str, fingerprint: str) -> dict[str, Any]:
    """Open the images of a dataset, or a sample of a large one, and collect statistics.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images.

    Returns:
        The fields of lib.core.images.inspection.Look.

    Raises:
        DataError: If the dataset is not on this machine.
    """
    began = time.monotonic()
    source = _source(dataset, fingerprint)
    sizes: dict[int, tuple[int, int]] = {}
    small: dict[int, UInt8Array] = {}
    kinds: Counter[str] = Counter()
    left_out = [*source.left_out, *_left_out_at_upload(dataset)]
    for index, data in source.read(looking.sample(len(source.labels))):
        try:
            with decode.opened(data) as image:
                size, kind = decode.upright_size(image), _kind(image)
                small[index] = decode.stretched(image, COMPARED_SIZE, COMPARED_SIZE)
        except ValueError as error:
            left_out.append(f"image {index:,}: {error}")
            continue
        sizes[index] = size
        kinds[kind] += 1
    opened = sorted(small)
    pairs = looking.worst_first(_pairs(source, small), source.labels, source.given)
    shown = looking.to_show(source.labels, opened, pairs)
    return {
        "class_names": list(source.class_names),
        "labels": source.labels,
        "looked_at": np.array(opened, np.int64),
        "sizes": np.array([sizes[index] for index in opened], np.int64),
        "kinds": dict(kinds.most_common()),
        "pairs": [astuple(pair) for pair in pairs],
        "num_pairs": dict(Counter(pair.kind for pair in pairs)),
        "left_out": left_out,
        "thumbnails": {index: _webp(small[index], lossless=False) for index in shown},
        "seconds": time.monotonic() - began,
    } | ({"given": source.given} if len(source.given) else {})


def _left_out_at_upload(dataset: str) -> tuple[str, ...]:
    """Files of a reader's own dataset that were rejected at the upload, in words."""
    own = own_datasets.get(dataset) if datasets.is_own(dataset) else None
    return own.left_out if own else ()


def _kind(image: Image.Image) -> str:
    """Format and colours of a file in words, such as "PNG, grey"."""
    colours = "grey, 16 bits" if image.mode.startswith("I") else COLOURS.get(image.mode, image.mode)
    return f"{formats.NAMES[image.format or '']}, {colours}"


def _upright(image: Image.Image) -> UInt8Array:
    """The pixels of an image at its original size, upright, as `decode` sees them."""
    width, height = decode.upright_size(image)
    return decode.stretched(image, height, width)


def _pairs(source: ImageSource, small: Mapping[int, UInt8Array]) -> list[Pair]:
    """Pairs of identical or near-duplicate images."""
    indices = sorted(small)
    found = [
        (indices[first], indices[second], bits)
        for first, second, bits in near_duplicates.close_pairs(
            [_hash(small[index]) for index in indices]
        ).tolist()
    ]
    copies = {
        (first, second)
        for first, second, _ in found
        if near_duplicates.correlation(small[first], small[second]) >= COPY_CORRELATION
    }
    digests = _digests(source, {index for pair in copies for index in pair})

    def kind(first: int, second: int) -> str:
        if (first, second) not in copies:
            return ALIKE
        return SAME if digests[first] == digests[second] else COPY

    return [Pair(first, second, bits, kind(first, second)) for first, second, bits in found]


def _hash(pixels: UInt8Array) -> int:
    """The perceptual hash of an image (pHash), 64 bits, from low frequencies of grey values."""
    bits = imagehash.phash(Image.fromarray(pixels)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _digests(source: ImageSource, wanted: Collection[int]) -> dict[int, bytes]:
    """Digest of the pixels of each wanted image at its original size."""
    digests = {}
    for index, data in source.read(frozenset(wanted)) if wanted else ():
        with decode.opened(data) as image:
            pixels = _upright(image)
        digests[index] = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
    return digests


# --- One image through the pipeline -------------------------------------------------------


def pipeline(
    dataset: str, fingerprint: str, index: int, image: bytes, image_size: int, seed: int
) -> dict[str, Any]:
    """The steps of the pipeline for one image: stored, resized in three ways, and augmented.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images.
        index: Index of the image in the dataset.
        image: Bytes of a picture to use instead; empty for an image of the dataset.
        seed: Seed of the augmentation.

    Returns:
        `kind`, format and colours in words; `size` (width, height) upright; `shape`, `dtype`,
        `low` and `high` of the stored array; `size_bytes` of the file; `label`, -1 for a
        picture; `pixels` (image_size, image_size, 3) uint8, resized as in a run; and lossless WebP
        files: `preview`, at most 480 pixels wide or high; `stretched`, `cropped` and `padded`,
        three resizing methods; and `augmented`, eight augmented versions of `stretched`.

    Raises:
        DataError: If the image is not on this machine or cannot be used.
    """
    data, label = _one(dataset, fingerprint, index, image)
    try:
        with decode.opened(data) as opened:
            kind, size = _kind(opened), decode.upright_size(opened)
            stored = np.asarray(opened)
        with decode.opened(data) as opened:
            upright = Image.fromarray(_upright(opened))
    except ValueError as error:
        raise DataError(f"This image cannot be used: {error}.", "Choose another.") from error
    stretched = decode.decode(data, image_size)
    square = (image_size, image_size)
    preview = upright.copy()
    preview.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE), Image.Resampling.BILINEAR)
    return {
        "label": label,
        "kind": kind,
        "size": size,
        "shape": stored.shape,
        "dtype": str(stored.dtype),
        "low": int(stored.min()),
        "high": int(stored.max()),
        "size_bytes": len(data),
        "pixels": stretched,
        "preview": _webp(np.asarray(preview)),
        "stretched": _webp(stretched),
        "cropped": _webp(np.asarray(ImageOps.fit(upright, square, Image.Resampling.BILINEAR))),
        "padded": _webp(np.asarray(ImageOps.pad(upright, square, Image.Resampling.BILINEAR))),
        "augmented": [_webp(draw) for draw in _draws(stretched, seed)],
    }


def _draws(pixels: UInt8Array, seed: int) -> UInt8Array:
    """Eight augmented versions of an image, (8, height, width, 3) uint8."""
    batch = np.repeat(pixels[np.newaxis], NUM_DRAWS, axis=0).astype(np.float32)
    values = np.asarray(Augmentation(seed)(batch))
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _webp(pixels: UInt8Array, *, lossless: bool = True) -> bytes:
    """Encode an image as WebP for the browser."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=lossless, quality=80, method=2)
    return file.getvalue()


def preprocessed_twice(dataset: str, fingerprint: str, index: int, image: bytes) -> dict[str, Any]:
    """Predictions of the ImageNet classifier with preprocessing applied once, twice and never.

    The classifier is EfficientNet-Lite0 at 224 x 224 pixels; its weights are always installed.

    Args:
        dataset: Id in the registry, or id of a reader's own dataset.
        fingerprint: Fingerprint of its images.
        index: Index of the image in the dataset.
        image: Bytes of a picture to use instead; empty for an image of the dataset.

    Returns:
        `once`, `twice` and `never`, each the predicted ImageNet class and its confidence; `asked`,
        the number of further images of the dataset; `changed`, how many of them get another
        predicted class if they are preprocessed twice; and `common`, their most frequent predicted
        class after that, and its count.

    Raises:
        DataError: If the image is not on this machine or cannot be used.
        WeightsError: If the weights of the classifier are not installed.
    """
    data, _ = _one(dataset, fingerprint, index, image)
    source = _source(dataset, fingerprint)
    some = looking.sample(len(source.labels), NUM_ASKED_TWICE)
    try:
        pixels = np.stack(
            [
                decode.decode(each, imagenet.IMAGENET_SIZE)
                for each in (data, *dict(source.read(some)).values())
            ]
        )
    except ValueError as error:
        raise DataError(f"This image cannot be used: {error}.", "Choose another.") from error
    how = backbones.get(imagenet.CLASSIFIER).preprocessing
    rescaled = how.apply(pixels)
    once = imagenet.probabilities(rescaled)
    twice = imagenet.probabilities(how.apply(rescaled))
    never = imagenet.probabilities(pixels[:1].astype(np.float32))
    changed = once[1:].argmax(axis=1) != twice[1:].argmax(axis=1)
    return {
        "once": _top(once[0]),
        "twice": _top(twice[0]),
        "never": _top(never[0]),
        "asked": len(changed),
        "changed": int(changed.sum()),
        "common": Counter(twice[1:].argmax(axis=1).tolist()).most_common(1)[0],
    }


def _top(probabilities: npt.NDArray[np.float32]) -> tuple[int, float]:
    best = int(probabilities.argmax())
    return best, float(probabilities[best])


def _one(dataset: str, fingerprint: str, index: int, image: bytes) -> tuple[bytes, int]:
    """The bytes of an image, and its label, which is -1 for a picture."""
    if image:
        return image, -1
    source = _source(dataset, fingerprint)
    if not 0 <= index < len(source.labels):
        raise DataError(
            f"There is no image {index:,} in this dataset.",
            f"They are numbered from 0 to {len(source.labels) - 1:,}.",
        )
    return dict(source.read(frozenset({index})))[index], int(source.labels[index])
