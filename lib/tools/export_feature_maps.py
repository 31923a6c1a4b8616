"""Writes the feature maps of lib/core/data, computed by EfficientNet-Lite0 for a few images.

python -m lib.tools.export_feature_maps [--check] [--photographs FOLDER]

The drawings and the solar cells come from the offline datasets. The two photographs are in the
public domain; they are created again if --photographs names the folder `skimage/data` of the
package scikit-image 0.26.0, and otherwise kept. With --check nothing is written: it prints one line
for each difference between a committed file and the network's output, and exits with 1 if there are
any.
"""

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core import splits
from lib.core.datasets import DATASETS
from lib.core.maps.feature_maps import FOLDER, SIZES, Example, Size
from lib.training.answers import imagenet
from lib.training.sources import tfds

# Maps are computed from the shipped picture, not from the larger original.
PHOTOGRAPH_SIZE = (420, 280)
PHOTOGRAPH_QUALITY = 88
THUMBNAIL_SIDE = 96
THUMBNAIL_QUALITY = 82
# Other processors sum in another order, so the last digits of a float32 differ.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Photograph:
    """A photograph in the public domain."""

    example: Example
    file: str
    sha256: str


@dataclass(frozen=True)
class TestImage:
    """A test image of an offline dataset: no run was ever trained on it."""

    id: str
    title: str
    about: str
    dataset: str
    index: int


_photograph = partial(
    Example,
    licence="CC0 1.0",
    source="scikit-image 0.26.0",
    width=PHOTOGRAPH_SIZE[0],
    height=PHOTOGRAPH_SIZE[1],
)
IMAGES: tuple[Photograph | TestImage, ...] = (
    Photograph(
        _photograph(
            id="espresso",
            title="Espresso",
            about="A photograph of an espresso in its cup.",
            attribution="Photograph by Rachel Michetti, no rights reserved.",
        ),
        "coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    Photograph(
        _photograph(
            id="cat",
            title="Cat",
            about="A photograph of a tabby cat.",
            attribution="Photograph by Stéfan van der Walt, no rights reserved.",
        ),
        "chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    TestImage("drawn_cat", "Drawn cat", "A drawing of a cat.", "openmoji_animals_food", 46),
    TestImage("burger", "Burger", "A drawing of a hamburger.", "openmoji_animals_food", 73),
    TestImage("cracked_cell", "Cracked cell", "A solar cell with a dead corner.", "elpv", 1807),
    TestImage("sound_cell", "Intact cell", "A solar cell that works.", "elpv", 1907),
)
# Classes whose weights ship although they are not among the top five: the true classes of the
# images (tiger cat, tabby, cheeseburger, cup) and plausible alternatives.
FURTHER_CLASSES = (281, 282, 283, 285, 287, 504, 925, 933, 967, 968)

Array = npt.NDArray[Any]


# --- Pictures ---------------------------------------------------------------


def _webp(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", method=6, **options)
    return buffer.getvalue()


def _pixels(picture: bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture)) as image:
        return image.convert("RGB")


def _of_photograph(wanted: Photograph, originals: Path | None) -> bytes:
    """The shipped picture, created from the original if that is available."""
    if originals is None:
        return (FOLDER / f"{wanted.example.id}.webp").read_bytes()
    data = (originals / wanted.file).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != wanted.sha256:
        raise SystemExit(f"{wanted.file} is not the file it was: its SHA-256 is {digest}.")
    image = _pixels(data).resize(PHOTOGRAPH_SIZE, Image.Resampling.LANCZOS)
    return _webp(image, quality=PHOTOGRAPH_QUALITY)


def _of_test_image(wanted: TestImage) -> tuple[Example, bytes]:
    """The description of a test image, and its picture."""
    spec = DATASETS[wanted.dataset]
    source = tfds.source(wanted.dataset)
    # Test images do not depend on the number of training images, so the minimum is used.
    test = splits.split(source.labels, spec.num_classes, 0, source.class_names).test
    if wanted.index not in test:
        raise SystemExit(f"Image {wanted.index} of {spec.id} is not a test image.")
    ((_, data),) = source.read(frozenset([wanted.index]))
    image = _pixels(data)
    example = Example(
        id=wanted.id,
        title=wanted.title,
        about=wanted.about,
        licence=spec.licence,
        attribution=spec.attribution,
        source=spec.title,
        width=image.width,
        height=image.height,
        dataset=spec.id,
        label=source.class_names[source.labels[wanted.index]],
        index=wanted.index,
    )
    return example, _webp(image, lossless=True, quality=100)


def pictures(originals: Path | None) -> Iterator[tuple[Example, bytes]]:
    """Every example and its picture as a WebP file."""
    for wanted in IMAGES:
        if isinstance(wanted, Photograph):
            yield wanted.example, _of_photograph(wanted, originals)
        else:
            yield _of_test_image(wanted)


def thumbnail(picture: bytes) -> bytes:
    """A thumbnail, small enough for a page that shows all of them."""
    image = _pixels(picture)
    image.thumbnail((2 * THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return _webp(image, quality=THUMBNAIL_QUALITY)


# --- Numbers ----------------------------------------------------------------


def answers(picture: bytes) -> dict[Size, dict[str, Any]]:
    """The outputs of the network for a picture at every size."""
    return {
        (height, width): imagenet.feature_map(picture, height, width, FURTHER_CLASSES)
        for height, width in SIZES
    }


def numbers(said: dict[Size, dict[str, Any]]) -> dict[str, Array]:
    """Maps and logits at every size, by array name."""
    return {
        f"{name}_{height}x{width}": answer[name]
        for (height, width), answer in said.items()
        for name in ("maps", "logits")
    }


def classifier(all_answers: list[dict[str, Any]]) -> dict[str, Array]:
    """The weights of all classes that are in the top five of an image at any size."""
    columns: dict[int, tuple[Array, Any]] = {}
    for answer in all_answers:
        for place, index in enumerate(answer["classes"]):
            columns[index] = answer["kernel_top"][:, place], answer["bias_top"][place]
    classes = sorted(columns)
    return {
        "classes": np.array(classes),
        "kernel": np.stack([columns[index][0] for index in classes], axis=1),
        "bias": np.array([columns[index][1] for index in classes]),
    }


# --- Files ------------------------------------------------------------------


def files(originals: Path | None) -> Iterator[tuple[str, Any]]:
    """Name and content of every file: bytes, arrays by name, or JSON."""
    rows: list[dict[str, Any]] = []
    all_answers: list[dict[str, Any]] = []
    for example, picture in pictures(originals):
        said = answers(picture)
        rows.append(asdict(example))
        all_answers += said.values()
        yield f"{example.id}.webp", picture
        yield f"{example.id}_small.webp", thumbnail(picture)
        yield f"{example.id}.npz", numbers(said)
    yield "classifier.npz", classifier(all_answers)
    yield "examples.json", rows


def write(path: Path, content: Any) -> None:
    """Write one file in the format of its extension."""
    if path.suffix == ".npz":
        np.savez_compressed(path, **content)
    elif path.suffix == ".json":
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    else:
        path.write_bytes(content)


def difference(path: Path, content: Any) -> str:
    """Describe how a committed file differs; empty if it does not."""
    if not path.exists():
        return "missing"
    if path.suffix == ".json":
        same = json.loads(path.read_text("utf-8")) == content
    elif path.suffix == ".webp":
        # Pixels are compared, because versions of libwebp compress to different bytes. Lossy
        # pictures may differ slightly.
        expected, found = (np.asarray(_pixels(data), int) for data in (content, path.read_bytes()))
        same = expected.shape == found.shape and int(abs(expected - found).max()) <= 2
    else:
        with np.load(path, allow_pickle=False) as stored:
            same = set(stored.files) == set(content) and all(
                stored[name].shape == array.shape
                and float(abs(stored[name] - array).max()) <= TOLERANCE
                for name, array in content.items()
            )
    return "" if same else "other content"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the feature maps; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_feature_maps")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--photographs", type=Path, help="skimage/data of scikit-image 0.26.0")
    options = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    names, found = set(), []
    for name, content in files(options.photographs):
        names.add(name)
        path = FOLDER / name
        if options.check:
            words = difference(path, content)
            found += [f"{name}: {words}"] if words else []
        else:
            write(path, content)
            print(f"{name} {path.stat().st_size:,} bytes")
    for path in sorted(FOLDER.iterdir()):
        if path.name not in names:
            if options.check:
                found.append(f"{path.name}: not expected")
            else:
                path.unlink()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
