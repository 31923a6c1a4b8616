"""Export of a run: its images, its initial weights and its code, in one zip archive."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from lib.core import runs
from lib.core.files import outside_text
from lib.core.lab.take_home import BACKBONE_FILE, IMAGES_FOLDER
from lib.core.runs import TrainConfig
from lib.training import model
from lib.training.images.decode import UInt8Array
from lib.training.sources import pipeline
from lib.training.sources.pipeline import ImageSet


def take_home(config: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, bytes]:
    """Pack everything that is needed to repeat a finished run without Thaw.

    Args:
        config: Fields of the run's configuration.
        texts: File name -> content, as from lib.code.keras_run.texts.

    Returns:
        `file`, a zip archive of one folder: the texts, the exact split of the images and, if
        keras.applications does not have it, the backbone before training.

    Raises:
        ConfigError: If the configuration is not valid.
        DataError: If the images are not on this machine.
        WeightsError: If pretrained weights are needed and not available.
    """
    asked = TrainConfig.from_dict(config)
    folder = f"thaw-{runs.run_id(asked)}"
    # A reader takes the run home without its fault; the texts say so.
    train_config = asked.mended
    packed = io.BytesIO()
    # Images and weights are compressed already or incompressible.
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{folder}/{name}", text)
        for name, png in split_images(train_config):
            archive.writestr(f"{folder}/{IMAGES_FOLDER}/{name}", png)
        if train_config.backbone not in model.APPLICATIONS:
            archive.writestr(f"{folder}/{BACKBONE_FILE}", first_backbone(train_config))
    return {"file": packed.getvalue()}


def split_images(config: TrainConfig) -> Iterator[tuple[str, bytes]]:
    """The resized images of a run, as `<split>/<class>/<position>.png`.

    Within a split, the order of the positions is the order of the images in the run.

    Raises:
        DataError: If the images are not on this machine.
    """
    data = pipeline.load_data(
        config.dataset, num_images=config.num_images, image_size=config.image_size, seed=config.seed
    )
    folders = outside_text.folder_names(data.class_names)
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    for split, part in parts.items():
        yield from ((f"{split}/{name}", png) for name, png in _encoded(part, folders))


def _encoded(part: ImageSet, folders: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for position, (pixels, label) in enumerate(zip(part.images, part.labels, strict=True)):
        yield f"{folders[label]}/{position:05d}.png", _png(pixels)


def _png(pixels: UInt8Array) -> bytes:
    """Encode an image as PNG; greyscale images with one channel, a third of the size."""
    is_grey = bool((pixels == pixels[..., :1]).all())
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if is_grey else pixels).save(file, "PNG")
    return file.getvalue()


def first_backbone(config: TrainConfig) -> bytes:
    """The backbone before training, as a `.keras` file.

    Raises:
        WeightsError: If the pretrained weights are not available.
    """
    backbone = model.first_backbone(config)
    with TemporaryDirectory() as folder:
        path = Path(folder, BACKBONE_FILE)
        backbone.save(path)
        return path.read_bytes()
