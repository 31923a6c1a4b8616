"""How close images are to those a backbone was trained on, asked in words."""

from dataclasses import dataclass

from lib.core import datasets


@dataclass(frozen=True)
class Kind:
    """What images can be, in a reader's words, and where that lies on the scale.

    Args:
        id: Name in links.
        words: For somebody who never trained a network.
        value: On the scale of similarity: 1 for photographs of everyday things, as in ImageNet.
        example: What such images show.
        dataset: TFDS name of a dataset of this kind, in lib.core.datasets; "" where there is none.
    """

    id: str
    words: str
    value: float
    example: str
    dataset: str = ""


# From near to far. The ends are 1 and 0 by definition. Drawings and technical pictures are where
# the reference datasets of that kind were measured, to the next twentieth; the others are in the
# order that transfer usually gets harder in, which is a convention.
KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind(
            "everyday",
            "Photographs of everyday things",
            1.0,
            "cats and dogs, cups, cars, flowers",
            "cats_vs_dogs",
        ),
        Kind(
            "detail",
            "Photographs of one kind of thing, told apart by detail",
            0.8,
            "breeds of dogs, diseases of a leaf",
            "oxford_iiit_pet",
        ),
        Kind(
            "drawings",
            "Drawings, icons or paintings",
            0.55,
            "emojis, sketches, comics",
            "openmoji_animals_food",
        ),
        Kind("satellite", "Pictures from above", 0.45, "satellite, drone, aerial maps", "eurosat"),
        Kind(
            "technical",
            "Medical or technical pictures",
            0.35,
            "X-ray, ultrasound, solar cells under current",
            "elpv",
        ),
        Kind("microscope", "Pictures from a microscope", 0.2, "blood cells, tissue", "malaria"),
        Kind("spectrogram", "No pictures of things at all", 0.0, "spectrograms, heat maps, noise"),
    )
}


def kind_of(dataset: str) -> Kind | None:
    """What kind of images a dataset of the app has; None where that is not known.

    Args:
        dataset: TFDS name, or that of a reader's own images.

    Example:

    >>> kind_of("elpv").id
    'technical'
    """
    known = datasets.DATASETS.get(dataset)
    return KINDS.get(known.kind) if known else None
