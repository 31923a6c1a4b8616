"""What ImageNet's classifier has for the animals of the page, and what it says of one photo each.

`python -m lib.tools.export_zero_shot` writes the file.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from lib.core.files.shipped import DATA

FloatArray = npt.NDArray[np.float64]

FOLDER = DATA / "zero_shot"
FILE = FOLDER / "animals.npz"
DRAWINGS_FILE = FOLDER / "drawings.webp"
# Of the drawings in their one picture, in the order of the animals that have one.
DRAWING_PIXELS, DRAWING_COLUMNS = 80, 8
# Of the logits that Python and the browser compute with; a class is decided by whole ones.
DECIMALS = 4


@dataclass(frozen=True, eq=False)
class Trained:
    """The classes of the animals in the classifier, and one photograph of each.

    Args:
        features: (animals, channels), averages of the last feature map for one photograph each.
        kernel: (animals, channels), weights of each class.
        bias: (animals,).
    """

    features: FloatArray
    kernel: FloatArray
    bias: FloatArray


@cache
def trained() -> Trained:
    """Read the file. Callers must not change the arrays."""
    with np.load(FILE, allow_pickle=False) as stored:
        return Trained(*(stored[name].astype(float) for name in ("features", "kernel", "bias")))


@cache
def logits() -> FloatArray:
    """Return the logit that each class's weights give to each photograph, to DECIMALS.

    Output shape: (photographs, classes), both in the order of the animals.
    """
    own = trained()
    rounded: FloatArray = np.round(own.features @ own.kernel.T + own.bias, DECIMALS)
    return rounded
