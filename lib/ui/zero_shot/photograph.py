"""The reader's own photograph, ranked by the description: a worker gives its logits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from lib.core import datasets, heads
from lib.core.maps import predictions
from lib.core.zero_shot import animals, classifier, ranking
from lib.core.zero_shot.ranking import Fold
from lib.ui import ask, sources, state
from lib.ui.maps import class_names
from lib.ui.maps.subject import TASK
from lib.ui.parts.feature_maps.payload import data_uri
from lib.ui.uploads import single_image

FloatArray = npt.NDArray[np.float64]

# Each is an image of 224 x 224 pixels and 76 logits.
ANSWERS_KEPT = 4
# Whose the drawings are.
DRAWN = datasets.get("openmoji_animals_food")
# ImageNet's classes 0 to 397 are animals.
NUM_ANIMAL_CLASSES = 398


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph and what ImageNet's classifier says of it.

    Args:
        picture: As the network sees it, as a data URI.
        logits: (animals,), of the classes of the page.
        name: Name of the most probable of the 1,000 classes.
        share: Its probability, 0 to 1.
        animal_share: Probability of all classes that are animals, 0 to 1.
    """

    picture: str
    logits: FloatArray
    name: str
    share: float
    animal_share: float

    def fold(self, left_out: int) -> Fold:
        """Leave an animal out, with this photograph after the shipped ones.

        Args:
            left_out: Index of the animal.
        """
        return ranking.fold(left_out, np.vstack([classifier.logits(), self.logits]))

    def in_words(self) -> str:
        """Say what the classifier sees, and whether it is an animal at all."""
        seen = f"ImageNet's classifier, with all its 1,000 classes, sees {self.name} in it"
        if self.animal_share < 0.5:
            return (
                f"{seen} ({self.share:.0%}), and all animals together get {self.animal_share:.0%}. "
                "It is probably no animal, but the ranking can only compare it with animals."
            )
        return f"{seen} ({self.share:.0%})."


def from_worker(said: Mapping[str, Any]) -> Photograph:
    """Convert the answer of lib.training.answers.imagenet.feature_map."""
    logits = np.asarray(said["logits"], float)
    shares = heads.softmax(logits)
    best = int(logits.argmax())
    classes = [animal.index for animal in animals.ANIMALS.values()]
    return Photograph(
        data_uri(single_image.png(said["image"]), "png"),
        np.round(logits[classes], classifier.DECIMALS),
        class_names.names()[best],
        float(shares[best]),
        float(shares[:NUM_ANIMAL_CLASSES].sum()),
    )


def own() -> Photograph | None:
    """Let the reader choose a photograph; None while there is none or no answer yet."""
    data = single_image.own_image(state.DESCRIPTION_OWN)
    if data is None:
        return None
    answer: Photograph | None = ask.ask(
        state.DESCRIPTION_IMAGE,
        hashlib.sha256(data).hexdigest(),
        TASK,
        waiting="The network is looking at your photograph",
        keep=ANSWERS_KEPT,
        read=from_worker,
        image=data,
        height=predictions.IMAGENET_SIZE,
        width=predictions.IMAGENET_SIZE,
    )
    return answer


def attribution() -> None:
    """Show whose the drawings and the photographs are."""
    st.caption(
        "The ranking is of one photograph of each animal, which Thaw has only as numbers. Only the "
        "class is made without the animal: the features of the network were trained with it. "
        f"Drawings, where OpenMoji has one: {DRAWN.attribution} {DRAWN.licence}."
    )
    sources.cite("imagenet-sample-images")
