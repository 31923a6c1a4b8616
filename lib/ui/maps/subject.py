"""The image on screen, one that ships with Thaw or the reader's own, and its feature maps."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from lib.core.errors import DataError
from lib.core.maps import feature_maps
from lib.core.maps.feature_maps import Classifier, FeatureMaps, Size
from lib.ui import ask, state
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice
from lib.ui.uploads import single_image

OWN = "own"
FIRST_SIZE = (224, 224)
# A thumbnail of the reader's own image consists of every third pixel.
THIN = 3
TASK = "lib.training.answers.imagenet:feature_map"


@dataclass(frozen=True, eq=False)
class Subject:
    """An image to look at.

    Args:
        id: Id of an example, or OWN.
        data: Content of the file.
        digest: SHA-256 of the file, which identifies it.
    """

    id: str
    data: bytes
    digest: str

    @classmethod
    def of_file(cls, data: bytes | None) -> "Subject | None":
        """Make a subject of the reader's own image; None if there is none."""
        return None if data is None else cls(OWN, data, hashlib.sha256(data).hexdigest())


@lru_cache(maxsize=16)
def _example(id_: str) -> Subject:
    data = feature_maps.examples()[id_].picture()
    return Subject(id_, data, hashlib.sha256(data).hexdigest())


def credit(id_: str) -> str:
    """Return what a shipped image shows, who made it, and its licence."""
    example = feature_maps.examples()[id_]
    return f"{example.about} {example.attribution} {example.licence}."


@lru_cache(maxsize=1)
def shipped() -> dict[str, Choice]:
    """Return the images that ship with Thaw as choices by id. Callers must not change them."""
    return {
        id_: Choice(id_, example.title, drawing.data_uri(example.thumbnail()))
        for id_, example in feature_maps.examples().items()
    }


def picked(own: Subject | None, chosen: str, digest: str, first: str | None = None) -> Subject:
    """Return the chosen image; a newly uploaded one is chosen automatically.

    Args:
        own: The reader's own image, whether or not it is chosen; None if there is none.
        chosen: Session key of the choice.
        digest: Session key of the digest of the previous own image.
        first: Id of the example to show until the reader chooses; None for the first of all.
    """
    if own and state.read(digest) != own.digest:
        state.choose(chosen, OWN)
    state.choose(digest, own.digest if own else None)
    id_ = state.read(chosen)
    if own and id_ == OWN:
        return own
    known = feature_maps.examples()
    return _example(str(id_) if id_ in known else first or next(iter(known)))


# --- Output of the network ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Seen:
    """The output of EfficientNet-Lite0 for an image at one input size.

    Args:
        picture: The image as a data URI.
        thumbnail: A small copy of it as a data URI.
        maps: The last feature map, with the logits.
        classifier: Weights of some ImageNet classes, including the five most probable ones.
        shape: Width and height of the image itself in pixels, before it was resized.
    """

    picture: str
    thumbnail: str
    maps: FeatureMaps
    classifier: Classifier
    shape: tuple[int, int]

    @classmethod
    def from_worker(cls, said: Mapping[str, Any]) -> "Seen":
        """Convert the answer of lib.training.answers.imagenet; the raw image is not kept."""
        pixels = said["image"]
        maps, logits, kernel, bias = (
            np.asarray(said[name], np.float64)
            for name in ("maps", "logits", "kernel_top", "bias_top")
        )
        return cls(
            drawing.data_uri(single_image.png(pixels), "png"),
            drawing.data_uri(single_image.png(pixels[::THIN, ::THIN]), "png"),
            FeatureMaps(pixels.shape[:2], maps, logits),
            Classifier(tuple(map(int, said["classes"])), kernel, bias),
            tuple(said["size"]),
        )


@lru_cache(maxsize=64)
def seen_example(id_: str, size: Size) -> Seen:
    """Load the output for a shipped image, without a worker. Callers must not change it."""
    example = feature_maps.examples()[id_]
    return Seen(
        drawing.data_uri(example.picture()),
        drawing.data_uri(example.thumbnail()),
        feature_maps.load(id_, size),
        feature_maps.imagenet_classifier(),
        (example.width, example.height),
    )


@dataclass(frozen=True, eq=False)
class OnScreen:
    """The image and the input size that the page shows.

    Args:
        id: Id of the image.
        seen: The known outputs by input size.
        size: The input size on screen.
        choices: The images to choose from; the reader's own comes last, once it is decoded.
    """

    id: str
    seen: Mapping[Size, Seen]
    size: Size
    choices: tuple[Choice, ...]

    @property
    def now(self) -> Seen:
        """The output at the size on screen."""
        return self.seen[self.size]


def on_screen(data: bytes | None) -> OnScreen:
    """Return the image and the input size on screen; ask a worker about the reader's own image.

    Args:
        data: The reader's own image; None if there is none, and then its cached output is dropped.
    """
    own = Subject.of_file(data)
    if own is None or own.digest != state.read(state.MAPS_OWN):
        ask.forget(state.MAPS)
    subject = picked(own, state.MAPS_EXAMPLE, state.MAPS_OWN)
    chosen = state.read(state.MAPS_SIZE)
    size: Size = next((each for each in feature_maps.SIZES if each == chosen), FIRST_SIZE)
    if subject is own:
        ask.ask(
            state.MAPS,
            size,
            TASK,
            waiting="The network is classifying your image",
            keep=len(feature_maps.SIZES),
            read=Seen.from_worker,
            # An error of the image itself would only occur again.
            final=DataError,
            image=own.data,
            height=size[0],
            width=size[1],
            # The classes of the shipped images, so that images can be compared.
            classes=list(feature_maps.imagenet_classifier().classes),
        )
    known: Mapping[Size, Seen] = ask.answers(state.MAPS)
    choices = (*shipped().values(),)
    if not known:
        id_ = subject.id if subject is not own else next(iter(feature_maps.examples()))
        return OnScreen(id_, _at_every_size(id_), size, choices)
    first = next(iter(known.values()))
    choices = (*choices, Choice(OWN, "Your image", first.thumbnail))
    if subject is not own:
        return OnScreen(subject.id, _at_every_size(subject.id), size, choices)
    # Until the worker has answered for this size, its last answer stays on screen.
    shown = size if size in known else next(reversed(list(known)))
    seen = {each: replace(of, picture=first.picture) for each, of in known.items()}
    return OnScreen(OWN, seen, shown, choices)


def _at_every_size(id_: str) -> dict[Size, Seen]:
    return {size: seen_example(id_, size) for size in feature_maps.SIZES}
