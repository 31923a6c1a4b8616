"""Handwritten digits as a TFDS dataset with ten classes, enlarged from 8 x 8 pixels."""

import io
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from lib.training.beside import late_import
from lib.training.builders.order import interleaved

# Eight times as wide as the original, so that strokes have smooth edges.
IMAGE_SIZE = 64
# A pixel counts the black ones among 4 x 4 of the scanned form.
DARKEST = 16
NAMES = tuple("0123456789")


def enlarge(pixels: np.ndarray[Any, Any]) -> bytes:
    """Enlarge one digit, white on black, as a PNG file.

    Args:
        pixels: (8, 8), 0 to 16.
    """
    grey = Image.fromarray(np.round(pixels / DARKEST * 255).astype(np.uint8))
    encoded = io.BytesIO()
    grey.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC).save(encoded, "PNG")
    return encoded.getvalue()


class Digits(tfds.core.GeneratorBasedBuilder):
    """1,797 handwritten digits, in one split of fixed order."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release, from scikit-learn."}  # noqa: RUF012 - as TFDS has it

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(
                "1,797 handwritten digits of 13 people: the test set of the Optical Recognition of "
                "Handwritten Digits, which comes with scikit-learn. The 8 x 8 grey values are "
                "enlarged to 64 x 64 pixels, white on black. The classes are spread evenly, so "
                "every slice of the one split is stratified. Who wrote a digit is not published, "
                "so digits of one person stand in several slices."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(
                        shape=(IMAGE_SIZE, IMAGE_SIZE, 1), encoding_format="png"
                    ),
                    "label": tfds.features.ClassLabel(names=list(NAMES)),
                    "name": tfds.features.Text(),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://archive.ics.uci.edu/dataset/80",
            citation=(
                "@misc{alpaydin1998,\n"
                "  author = {Alpaydin, E. and Kaynak, C.},\n"
                "  title = {Optical Recognition of Handwritten Digits},\n"
                "  year = {1998},\n"
                "  publisher = {UCI Machine Learning Repository},\n"
                "  doi = {10.24432/C50P49},\n"
                "}"
            ),
            license="CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager  # Nothing to download: the digits come with scikit-learn.
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        images, labels = late_import("sklearn.datasets").load_digits(return_X_y=True)
        named = defaultdict(list)
        for index, label in enumerate(labels):
            named[NAMES[label]].append(f"{index:04}")
        for key, (label, name) in enumerate(interleaved(named)):
            pixels = images[int(name)].reshape(8, 8)
            yield key, {"image": io.BytesIO(enlarge(pixels)), "label": label, "name": name}
