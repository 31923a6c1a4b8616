"""Sample images of the offline datasets, shown before any worker has started."""

from pathlib import Path

from lib.core.datasets import DATASETS
from lib.core.files.shipped import DATA

FOLDER = DATA / "samples"
# A few of them in one picture.
PICTURE = "picture.png"


def sample_paths(dataset: str) -> dict[str, tuple[Path, ...]]:
    """The committed sample images of a dataset, 96 x 96 pixels.

    All of them are test images: no run was ever trained on one. They are written by
    `python -m lib.tools.export_samples`.

    Returns:
        Files per class, in label order; empty where the dataset is not an offline one.

    Example:

    >>> {name: len(paths) for name, paths in sample_paths("openmoji_animals_food").items()}
    {'animal': 12, 'food': 12}
    >>> sample_paths("cats_vs_dogs")
    {}
    """
    spec = DATASETS.get(dataset)
    if spec is None or not spec.offline:
        return {}
    return {
        name: tuple(sorted((FOLDER / spec.id / name).glob("*.png"))) for name in spec.class_names
    }


def picture(dataset: str) -> Path | None:
    """A few images of a dataset in one picture, 384 x 192 pixels; None where it ships none."""
    spec = DATASETS.get(dataset)
    return FOLDER / spec.id / PICTURE if spec and spec.offline else None
