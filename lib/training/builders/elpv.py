"""Solar cells (ELPV) as a TFDS dataset with the classes functional and defective."""

import io
from collections import defaultdict
from collections.abc import Iterator
from importlib import resources
from typing import Any

import tensorflow_datasets as tfds

from lib.training.builders.order import interleaved

# The experts' probability of a defect, as written in labels.csv. The 401 cells with 1/3 and 2/3, of
# which the experts were not sure, are left out.
CLASS_OF_PROBABILITY = {"0.0": "functional", "1.0": "defective"}

DATA = resources.files("elpv_dataset") / "data"


def labelled_cells() -> dict[str, list[str]]:
    """Files of the cells with a certain label, by class and kind of silicon.

    Returns:
        "functional/mono" and the like -> paths below the package's data folder.
    """
    cells = defaultdict(list)
    for line in (DATA / "labels.csv").read_text("ascii").splitlines():
        path, probability, silicon = line.split()
        if probability in CLASS_OF_PROBABILITY:
            cells[f"{CLASS_OF_PROBABILITY[probability]}/{silicon}"].append(path)
    return cells


class Elpv(tfds.core.GeneratorBasedBuilder):
    """2,223 electroluminescence photographs of solar cells, in one split of fixed order."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release, from elpv-dataset 1.0.0."}  # noqa: RUF012 - as TFDS has it

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(
                "Electroluminescence photographs of solar cells from 44 modules: 1,508 cells that "
                "are certainly functional and 715 that are certainly defective. The 401 cells of "
                "uncertain label are left out. Classes and kinds of silicon (mono- and "
                "polycrystalline) are spread evenly, so every slice of the one split is "
                "stratified. Which module a cell was cut from is not published, so cells of one "
                "module stand in several slices."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(300, 300, 1), encoding_format="png"),
                    "label": tfds.features.ClassLabel(names=["functional", "defective"]),
                    "name": tfds.features.Text(),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://github.com/zae-bayern/elpv-dataset",
            citation=(
                "@inproceedings{Buerhop2018,\n"
                "  author = {Buerhop-Lutz, Claudia and Deitsch, Sergiu and Maier, Andreas and "
                "Gallwitz, Florian and Berger, Stephan and Doll, Bernd and Hauch, Jens and "
                "Camus, Christian and Brabec, Christoph J.},\n"
                "  title = {A Benchmark for Visual Identification of Defective Solar Cells in "
                "Electroluminescence Imagery},\n"
                "  booktitle = {European PV Solar Energy Conference and Exhibition (EU PVSEC)},\n"
                "  year = {2018},\n"
                "  doi = {10.4229/35thEUPVSEC20182018-5CV.3.15},\n"
                "}"
            ),
            license="CC BY-NC-SA 4.0, https://creativecommons.org/licenses/by-nc-sa/4.0/",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager  # Nothing to download: the photographs come with elpv-dataset.
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for key, (group, path) in enumerate(interleaved(labelled_cells())):
            yield (
                key,
                {
                    # The original bytes, which are not encoded again.
                    "image": io.BytesIO((DATA / path).read_bytes()),
                    "label": group.split("/")[0],
                    "name": path.split("/")[-1],
                },
            )
