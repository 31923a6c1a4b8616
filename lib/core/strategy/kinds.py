"""Kinds of images, by which a reader says how similar images are to ImageNet."""

from dataclasses import dataclass

from lib.core import datasets


@dataclass(frozen=True)
class Kind:
    """A kind of images, and its place on the scale of similarity.

    Args:
        id: Name in links.
        short: Name beside its picture.
        words: Description for somebody who has never trained a network.
        value: Similarity: 1 for photographs of everyday objects, as in ImageNet.
        example: Examples of such images.
        dataset: TFDS name of a dataset of this kind in lib.core.datasets; "" if there is none.
    """

    id: str
    short: str
    words: str
    value: float
    example: str
    dataset: str = ""


# From similar to dissimilar. The ends are 1 and 0 by definition. The values of drawings, technical
# pictures and handwriting are measured on reference datasets and rounded to 0.05, but the last two,
# which are equal then, are kept apart; the others follow the order in which transfer usually gets
# harder, which is a convention.
KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind(
            "everyday",
            "Everyday photographs",
            "Photographs of everyday things",
            1.0,
            "cats and dogs, cups, cars, flowers",
            "cats_vs_dogs",
        ),
        Kind(
            "detail",
            "Told apart by detail",
            "Photographs of one kind of thing, told apart by detail",
            0.8,
            "breeds of dogs, diseases of a leaf",
            "oxford_iiit_pet",
        ),
        Kind(
            "drawings",
            "Drawings",
            "Drawings, icons or paintings",
            0.55,
            "emojis, sketches, comics",
            "openmoji_animals_food",
        ),
        Kind(
            "satellite",
            "From above",
            "Pictures from above",
            0.45,
            "satellite, drone, aerial maps",
            "eurosat",
        ),
        Kind(
            "technical",
            "Medical, technical",
            "Medical or technical pictures",
            0.35,
            "X-ray, ultrasound, solar cells under current",
            "elpv",
        ),
        Kind(
            "handwriting",
            "Handwriting",
            "Handwriting and signs",
            0.33,
            "digits, letters, sheet music",
            "digits",
        ),
        Kind(
            "microscope",
            "Microscope",
            "Pictures from a microscope",
            0.2,
            "blood cells, tissue",
            "malaria",
        ),
        Kind(
            "spectrogram",
            "Sound, heat maps",
            "No pictures of things at all",
            0.0,
            "spectrograms, heat maps, noise",
        ),
    )
}


def kind_of(dataset: str) -> Kind | None:
    """Return the kind of images of a dataset; None if it is unknown.

    Args:
        dataset: TFDS name, or the id of a reader's own images.

    Example:

    >>> kind_of("elpv").id
    'technical'
    """
    known = datasets.DATASETS.get(dataset)
    return KINDS.get(known.kind) if known else None
