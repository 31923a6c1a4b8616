"""The first filters of a network, and what they are: edges, lines, spots or colours.

A filter of 3 x 3 pixels is a sum of nine patterns by Frei and Chen: four of edges, four of lines
and spots, one of even brightness. The patterns that hold most of it say what it is.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from lib.core.files.shipped import DATA

FILE = DATA / "features" / "filters.npz"

FloatArray = npt.NDArray[np.float64]

# In the order on the page.
KINDS = ("edge", "spot", "colour", "brightness", "noise", "silent")
# A filter is about colour if its three colours differ by at least this share of its energy.
COLOUR = 0.5
# A filter whose norm is below this share of the largest norm is silent.
SILENT = 0.01
# A filter is noise if the best single pattern in a single colour holds less than this share of its
# energy. Of random filters it holds 0.4 to 0.65, of the pretrained ones 0.7 to 1.
PATTERN = 0.67

_ROOT = np.sqrt(2)
_EDGES = (
    ((1, _ROOT, 1), (0, 0, 0), (-1, -_ROOT, -1)),
    ((1, 0, -1), (_ROOT, 0, -_ROOT), (1, 0, -1)),
    ((0, -1, _ROOT), (1, 0, -1), (-_ROOT, 1, 0)),
    ((_ROOT, -1, 0), (-1, 0, 1), (0, 1, -_ROOT)),
)
_SPOTS = (
    ((0, 1, 0), (-1, 0, -1), (0, 1, 0)),
    ((-1, 0, 1), (0, 0, 0), (1, 0, -1)),
    ((1, -2, 1), (-2, 4, -2), (1, -2, 1)),
    ((-2, 1, -2), (1, 4, 1), (-2, 1, -2)),
)
_EVEN = (((1, 1, 1), (1, 1, 1), (1, 1, 1)),)


@dataclass(frozen=True)
class Kind:
    """What a filter is.

    Args:
        name: One of KINDS.
        angle: Of an edge, the direction in which brightness rises, in degrees from 0 (to the
            right), counted clockwise as on the screen; None for the others.
    """

    name: str
    angle: int | None = None


def kind(kernel: FloatArray, largest: float) -> Kind:
    """Say what a filter is.

    Args:
        kernel: (3, 3, 3): row, column, colour.
        largest: The largest norm of the network's filters.

    Example:

    >>> step = np.repeat(np.array([[-1.0, 0, 1]] * 3)[:, :, np.newaxis], 3, axis=2)
    >>> kind(step, 4.0)
    Kind(name='edge', angle=0)

    Reference:
        Frei and Chen 1977, "Fast Boundary Detection" (frei-chen-1977).
    """
    energy = float((kernel**2).sum())
    if energy <= (SILENT * largest) ** 2:
        return Kind("silent")
    singular = np.linalg.svd(kernel.reshape(9, 3), compute_uv=False)
    if float(singular[0] ** 2) < PATTERN * energy:
        return Kind("noise")
    grey = kernel.mean(axis=2)
    if 3 * float((grey**2).sum()) < (1 - COLOUR) * energy:
        return Kind("colour")
    shares = {
        "edge": _share(grey, _EDGES),
        "spot": _share(grey, _SPOTS),
        "brightness": _share(grey, _EVEN),
    }
    name = max(shares, key=lambda each: shares[each])
    if name != "edge":
        return Kind(name)
    rows, columns = np.mgrid[-1:2, -1:2]
    angle = np.degrees(np.arctan2((grey * rows).sum(), (grey * columns).sum()))
    return Kind("edge", round(float(angle)) % 360)


def _share(grey: FloatArray, patterns: tuple[tuple[tuple[float, ...], ...], ...]) -> float:
    """The energy of a filter that lies in some patterns, which are orthogonal."""
    found = 0.0
    for pattern in np.asarray(patterns, np.float64):
        found += float((grey * pattern).sum() ** 2 / (pattern**2).sum())
    return found


@dataclass(frozen=True, eq=False)
class Filters:
    """The first convolution of a network, with its BatchNormalization as scale and shift.

    Args:
        kernel: (3, 3, 3, filters): row, column, colour, filter.
        scale: (filters,), factor of each answer.
        shift: (filters,), added to it; then ReLU6 limits the answer to 0 to 6.
    """

    kernel: FloatArray
    scale: FloatArray
    shift: FloatArray

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """What each filter is."""
        return tuple(
            kind(each, float(np.linalg.norm(self.kernel.reshape(27, -1), axis=0).max()))
            for each in np.moveaxis(self.kernel, 3, 0)
        )


@lru_cache(maxsize=1)
def load() -> dict[str, Filters]:
    """Load the first filters: "pretrained", and "scratch" of the recorded run from scratch."""
    with np.load(FILE, allow_pickle=False) as stored:
        return {
            name: Filters(
                *(
                    stored[f"{name}_{part}"].astype(np.float64)
                    for part in ("kernel", "scale", "shift")
                )
            )
            for name in ("pretrained", "scratch")
        }
