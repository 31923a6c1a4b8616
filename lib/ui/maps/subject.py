"""The image on screen and its feature maps: one that ships, or the reader's own."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from lib.core.errors import DataError, ThawError
from lib.core.maps import feature_maps
from lib.core.maps.feature_maps import Classifier, FeatureMaps, Size
from lib.ui import cache, state, widgets
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice
from lib.ui.uploads import single_image

OWN = "own"
FIRST_SIZE = (224, 224)
# Of the reader's own image every third pixel makes a thumbnail.
THIN = 3
TASK = "lib.training.answers.imagenet:feature_map"
SECONDS_BETWEEN_LOOKS = 0.3


@dataclass
class OwnImage:
    """The reader's own image in this session: never the file, only what a worker said of it.

    Args:
        digest: Of the file, to know it again.
        picture: Its address, once a worker has decoded it.
        thumbnail: Address of a small one.
        maps: By input size, as far as they were asked for.
        classifiers: Weights of ImageNet classes, by input size too: the first five differ.
        question: What a worker is busy with.
        asked: The input size of that question.
    """

    digest: str
    picture: str = ""
    thumbnail: str = ""
    maps: dict[Size, FeatureMaps] = field(default_factory=dict)
    classifiers: dict[Size, Classifier] = field(default_factory=dict)
    question: Any = None
    asked: Size = FIRST_SIZE


@dataclass(frozen=True, eq=False)
class Subject:
    """An image on screen.

    Args:
        id: Of an example, or OWN.
        about: The image in a sentence.
        picture: Its address.
        maps: By input size, as far as they are known.
        classifiers: Weights of ImageNet classes, by input size.
    """

    id: str
    about: str
    picture: str
    maps: Mapping[Size, FeatureMaps]
    classifiers: Mapping[Size, Classifier]


@lru_cache(maxsize=16)
def _example(id_: str) -> Subject:
    """A shipped image with its maps at every size; not to be changed."""
    example = feature_maps.examples()[id_]
    return Subject(
        id_,
        example.about,
        drawing.data_uri(example.picture()),
        {size: feature_maps.load(id_, size) for size in feature_maps.SIZES},
        dict.fromkeys(feature_maps.SIZES, feature_maps.imagenet_classifier()),
    )


@lru_cache(maxsize=1)
def _shipped() -> tuple[Choice, ...]:
    return tuple(
        Choice(id_, example.title, drawing.data_uri(example.thumbnail()))
        for id_, example in feature_maps.examples().items()
    )


def chosen() -> tuple[Subject, Size]:
    """The image and the input size on screen."""
    size = state.read(state.MAPS_SIZE)
    if size not in feature_maps.SIZES:
        size = FIRST_SIZE
    id_, own = state.read(state.MAPS_EXAMPLE), state.read(state.MAPS_OWN)
    if id_ == OWN and isinstance(own, OwnImage) and own.maps:
        # Until the worker has answered at this size, the last one it did stays on screen.
        subject = Subject(OWN, "Your own image.", own.picture, own.maps, own.classifiers)
        return subject, size if size in own.maps else next(reversed(own.maps))
    known = feature_maps.examples()
    return _example(str(id_) if id_ in known else next(iter(known))), size


def choices() -> list[Choice]:
    """The images to choose from; the reader's own is the last, once it is known."""
    own = state.read(state.MAPS_OWN)
    if isinstance(own, OwnImage) and own.picture:
        return [*_shipped(), Choice(OWN, "Your image", own.thumbnail)]
    return [*_shipped()]


# --- The reader's own image -----------------------------------------------------------------------


def take_in(data: bytes | None) -> None:
    """Take the reader's own image in, and ask a worker what is not known of it yet.

    Args:
        data: The file; None where there is none, and then nothing of it is kept.
    """
    own = state.read(state.MAPS_OWN)
    if data is None:
        state.choose(state.MAPS_OWN, None)
        return
    digest = hashlib.sha256(data).hexdigest()
    if not isinstance(own, OwnImage) or own.digest != digest:
        own = OwnImage(digest)
        state.choose(state.MAPS_OWN, own)
        state.choose(state.MAPS_EXAMPLE, OWN)
    if state.read(state.MAPS_EXAMPLE) != OWN:
        return
    size: Any = state.read(state.MAPS_SIZE) or FIRST_SIZE
    if size in own.maps:
        return
    if own.question is None or own.asked != size:
        client = cache.client()
        client.start()
        own.asked = size
        own.question = client.ask(
            TASK,
            owner=f"{state.session_id()} maps",
            image=data,
            height=size[0],
            width=size[1],
            # To be compared with what else there is to choose.
            classes=list(feature_maps.imagenet_classifier().classes),
        )
    _wait_for(own)


def _wait_for(own: OwnImage) -> None:
    """What the worker is doing, until it has answered."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        question = own.question
        if question.state in ("done", "failed"):
            st.rerun()
        st.progress(
            0.5 if question.state == "working" else 0.1,
            text=question.position or "The network is looking at your image",
        )

    question = own.question
    if question.state == "done":
        _keep(own, question.answer)
    elif question.state == "failed":
        error = question.error or ThawError("The worker gave no answer.")
        widgets.problem(error)
        # What is wrong with the image itself is still wrong the next time.
        if not isinstance(error, DataError) and st.button("Ask again", key=state.MAPS_AGAIN):
            own.question = None
            st.rerun()
    else:
        look()


def _keep(own: OwnImage, answer: Mapping[str, Any]) -> None:
    """Keep what a worker said of the image."""
    if not own.picture:
        pixels = answer["image"]
        own.picture = drawing.data_uri(single_image.png(pixels), "png")
        own.thumbnail = drawing.data_uri(single_image.png(pixels[::THIN, ::THIN]), "png")
    own.maps[own.asked] = FeatureMaps(
        own.asked,
        np.asarray(answer["maps"], np.float64),
        np.asarray(answer["logits"], np.float64),
    )
    own.classifiers[own.asked] = Classifier(
        tuple(answer["classes"]),
        np.asarray(answer["kernel_top"], np.float64),
        np.asarray(answer["bias_top"], np.float64),
    )
    own.question = None
