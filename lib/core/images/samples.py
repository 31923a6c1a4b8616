"""Sample images of the offline datasets, shown before any worker has started."""

from pathlib import Path

from lib.core.datasets import DATASETS
from lib.core.files.shipped import DATA

FOLDER = DATA / "samples"
# A few sample images in one picture.
PICTURE = "picture.png"


def sample_paths(dataset: str) -> dict[str, tuple[Path, ...]]:
    """Return the sample images of a dataset that ship with Thaw, 96 x 96 pixels.

    All are test images, so no run was ever trained on them. `python -m lib.tools.export_samples`
    writes them.

    Returns:
        Files per class, in label order; empty if the dataset is not an offline one.

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
    """Return the picture of a few sample images, 384 x 192 pixels; None if the dataset has none."""
    spec = DATASETS.get(dataset)
    return FOLDER / spec.id / PICTURE if spec and spec.offline else None
