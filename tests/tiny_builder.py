"""The dataset of tests/tiny_web.py as TFDS knows it.

python -m tests.tiny_builder tiny_web PID: does what
lib.training.sources.download_process does, in a process that knows this dataset.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums

from lib.core.datasets import DATASETS
from tests.tiny_web import ARCHIVE, SHA256, SHA_VARIABLE, SPEC, URL_VARIABLE


class TinyWeb(tfds.core.GeneratorBasedBuilder):
    """Its address and its checksum are in the environment."""

    VERSION = tfds.core.Version("1.0.0")

    @property
    def url_infos(self) -> dict[str, Any]:
        info = checksums.UrlInfo(
            size=len(ARCHIVE), checksum=os.environ.get(SHA_VARIABLE, SHA256), filename="tiny.zip"
        )
        return {os.environ[URL_VARIABLE]: info}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(120, 120, 3)),
                    "label": tfds.features.ClassLabel(names=list(SPEC.class_names)),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="http://127.0.0.1/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        path = dl_manager.download_and_extract(os.environ[URL_VARIABLE])
        return {"train": self._generate_examples(path)}

    def _generate_examples(self, path: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        for image in sorted(path.glob("*/*.png")):
            yield image.name, {"image": image, "label": image.parent.name}


if __name__ == "__main__":
    from lib.training.sources import download_process

    DATASETS[SPEC.id] = SPEC
    sys.exit(download_process.main())
