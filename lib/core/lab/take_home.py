"""The folder a run is taken home as: what its parts are called, in its code and in its archive."""

import re
from collections.abc import Sequence

BACKBONE_FILE = "backbone.keras"
IMAGES_FOLDER = "images"


def folder_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Names for the folders of the classes that every file system takes, all different.

    Example:

    >>> folder_names(["animal", "food/drink", "food drink"])
    ('animal', 'food_drink', 'food_drink_2')
    """
    names: list[str] = []
    for class_name in class_names:
        plain = re.sub(r"[^\w-]+", "_", class_name).strip("_") or "class"
        # Some file systems do not tell capitals apart.
        taken = {name.casefold() for name in names}
        count, name = 1, plain
        while name.casefold() in taken:
            count += 1
            name = f"{plain}_{count}"
        names.append(name)
    return tuple(names)
