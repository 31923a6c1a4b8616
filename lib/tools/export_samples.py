"""Writes the sample images of lib/core/data from the offline datasets.

python -m lib.tools.export_samples [--check]

With --check nothing is written: it prints one line for each difference between a committed image
and the dataset, and exits with 1 if there are any.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core.datasets import DATASETS, DatasetSpec
from lib.core.images.samples import FOLDER, PICTURE
from lib.training.images import contact_sheet
from lib.training.sources import pipeline

PER_CLASS = 12
FEW_OF_EACH = 3
IMAGE_SIZE = 96


def samples(spec: DatasetSpec) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """The first test images of each class, so that no run was ever trained on one.

    Returns:
        Path below the dataset's folder, and an array of shape (96, 96, 3).
    """
    # Test images do not depend on the number of training images, so few are used: enough for one of
    # each class, also of a rare one.
    few = FEW_OF_EACH * spec.num_classes
    data = pipeline.load_data(spec.id, num_images=few, image_size=IMAGE_SIZE, seed=0)
    for label, name in enumerate(data.class_names):
        images = data.test.images[data.test.labels == label][:PER_CLASS]
        for number, image in enumerate(images, start=1):
            yield f"{name}/{number:02}.png", image


def attribution(spec: DatasetSpec) -> str:
    """The attribution that the licences require."""
    return f"{spec.attribution}\nLicence: {spec.licence}. Resized to {IMAGE_SIZE} pixels.\n"


def write(spec: DatasetSpec, folder: Path) -> None:
    """Replace a dataset's folder of samples."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, pixels in samples(spec):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = (pixels == pixels[..., :1]).all()
        Image.fromarray(pixels[..., 0] if grey else pixels).save(path, optimize=True)
    Image.fromarray(picture(spec)).save(folder / PICTURE, optimize=True)
    (folder / "ATTRIBUTION.txt").write_text(attribution(spec), "utf-8")


def picture(spec: DatasetSpec) -> npt.NDArray[np.uint8]:
    """The contact sheet of the first samples, of shape (192, 384, 3)."""
    labels, tiles = zip(*((name.split("/")[0], tile) for name, tile in samples(spec)), strict=True)
    shown = contact_sheet.chosen([spec.class_names.index(label) for label in labels])
    return contact_sheet.montage(tiles[index] for index in shown)


def differences(spec: DatasetSpec, folder: Path) -> Iterator[str]:
    """Missing, unexpected and different files of a committed folder of samples.

    Pixels are compared, not files, because the same pixels compress to different bytes in
    different versions of zlib.
    """
    expected = dict(samples(spec))
    found = {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}
    for name in sorted(found ^ set(expected)):
        yield f"{spec.id}/{name}: {'not expected' if name in found else 'missing'}"
    for name in sorted(found & set(expected)):
        with Image.open(folder / name) as image:
            if not np.array_equal(np.asarray(image.convert("RGB")), expected[name]):
                yield f"{spec.id}/{name}: other pixels"
    if not (folder / PICTURE).exists():
        yield f"{spec.id}/{PICTURE}: missing"
    else:
        with Image.open(folder / PICTURE) as image:
            if not np.array_equal(np.asarray(image.convert("RGB")), picture(spec)):
                yield f"{spec.id}/{PICTURE}: other pixels"
    text = folder / "ATTRIBUTION.txt"
    if not text.exists() or text.read_text("utf-8") != attribution(spec):
        yield f"{spec.id}/{text.name}: not what the registry says"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the samples; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_samples")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args(arguments).check
    found = 0
    for spec in (spec for spec in DATASETS.values() if spec.offline):
        if check:
            for line in differences(spec, FOLDER / spec.id):
                print(line)
                found += 1
        else:
            write(spec, FOLDER / spec.id)
            print(spec.id)
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
