"""The image on screen: one that ships with Thaw, or the reader's own; and its feature maps."""

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
# Of the reader's own image every third pixel makes a thumbnail.
THIN = 3
TASK = "lib.training.answers.imagenet:feature_map"


@dataclass(frozen=True, eq=False)
class Subject:
    """An image to look at.

    Args:
        id: Of an example, or OWN.
        data: The file.
        digest: Of the file, to know it again.
    """

    id: str
    data: bytes
    digest: str

    @classmethod
    def of_file(cls, data: bytes | None) -> "Subject | None":
        """The reader's own image; None where there is none."""
        return None if data is None else cls(OWN, data, hashlib.sha256(data).hexdigest())


@lru_cache(maxsize=16)
def _example(id_: str) -> Subject:
    data = feature_maps.examples()[id_].picture()
    return Subject(id_, data, hashlib.sha256(data).hexdigest())


def credit(id_: str) -> str:
    """What a shipped image shows, who made it, and under which licence."""
    example = feature_maps.examples()[id_]
    return f"{example.about} {example.attribution} {example.licence}."


@lru_cache(maxsize=1)
def shipped() -> dict[str, Choice]:
    """The images that ship with Thaw, to choose from, by their ids; not to be changed."""
    return {
        id_: Choice(id_, example.title, drawing.data_uri(example.thumbnail()))
        for id_, example in feature_maps.examples().items()
    }


def picked(own: Subject | None, chosen: str, digest: str) -> Subject:
    """The image that the reader chose; a new one of their own is the one to look at.

    Args:
        own: Theirs, which may wait its turn while another is chosen.
        chosen: Key of the choice.
        digest: Key of the digest of the own image that was there before.
    """
    if own and state.read(digest) != own.digest:
        state.choose(chosen, OWN)
    state.choose(digest, own.digest if own else None)
    id_ = state.read(chosen)
    if own and id_ == OWN:
        return own
    known = feature_maps.examples()
    return _example(str(id_) if id_ in known else next(iter(known)))


# --- What the network makes of it -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Seen:
    """What EfficientNet-Lite0 makes of an image at one input size.

    Args:
        picture: Address of the image.
        thumbnail: Address of a small one.
        maps: The last feature map, with the logits.
        classifier: Weights of some classes of ImageNet, the first five among them.
    """

    picture: str
    thumbnail: str
    maps: FeatureMaps
    classifier: Classifier

    @classmethod
    def from_worker(cls, said: Mapping[str, Any]) -> "Seen":
        """What lib.training.answers.imagenet says of an image; the image itself is not kept."""
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
        )


@lru_cache(maxsize=64)
def seen_example(id_: str, size: Size) -> Seen:
    """A shipped image, without a worker: all of it ships with Thaw; not to be changed."""
    example = feature_maps.examples()[id_]
    return Seen(
        drawing.data_uri(example.picture()),
        drawing.data_uri(example.thumbnail()),
        feature_maps.load(id_, size),
        feature_maps.imagenet_classifier(),
    )


@dataclass(frozen=True, eq=False)
class OnScreen:
    """What the page shows.

    Args:
        id: Of the image.
        seen: By input size, as far as it is known.
        size: The one on screen.
        choices: The images to choose from; the reader's own is the last, once it is known.
    """

    id: str
    seen: Mapping[Size, Seen]
    size: Size
    choices: tuple[Choice, ...]

    @property
    def now(self) -> Seen:
        """The image at the size on screen."""
        return self.seen[self.size]


def on_screen(data: bytes | None) -> OnScreen:
    """The image and the input size on screen; of the reader's own image a worker is asked.

    Args:
        data: The reader's own image; None where there is none, and then nothing of it is kept.
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
            waiting="The network is looking at your image",
            keep=len(feature_maps.SIZES),
            read=Seen.from_worker,
            # What is wrong with the image itself is still wrong the next time.
            final=DataError,
            image=own.data,
            height=size[0],
            width=size[1],
            # To be compared with what else there is to choose.
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
    # Until the worker has answered at this size, the last one it did stays on screen.
    shown = size if size in known else next(reversed(list(known)))
    seen = {each: replace(of, picture=first.picture) for each, of in known.items()}
    return OnScreen(OWN, seen, shown, choices)


def _at_every_size(id_: str) -> dict[Size, Seen]:
    return {size: seen_example(id_, size) for size in feature_maps.SIZES}
