"""A residual block on real numbers: what came in, what the block adds, and the sum.

The numbers are those of one block of EfficientNet-Lite0 for one shipped photograph, exactly as
Keras gave them (float32). They are written by `python -m lib.tools.export_trainable`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lib.core import backbones, freezing
from lib.core.backbones import LayerRow
from lib.core.files.shipped import DATA
from lib.core.freezing import FreezePlan

FILE = DATA / "trainable" / "residual.npz"
BACKBONE, IMAGE_SIZE, EXAMPLE = "efficientnet_lite0", 96, "cat"
BLOCK = "block_6"

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Block:
    """The three feature maps of the block, each (rows, columns, channels).

    Args:
        came_in: The input of the block, which the shortcut carries.
        added: The output of its branch.
        total: Their sum, the output of the block.
    """

    came_in: FloatArray
    added: FloatArray
    total: FloatArray

    @property
    def share_kept(self) -> float:
        """The correlation of the input and the output of the block, over all numbers."""
        return float(np.corrcoef(self.came_in.ravel(), self.total.ravel())[0, 1])

    @property
    def first_channel(self) -> int:
        """The channel whose branch adds most, by the mean absolute value."""
        return int(np.abs(self.added).mean(axis=(0, 1)).argmax())


@lru_cache(maxsize=1)
def load() -> Block:
    """Return the recorded numbers; not to be changed."""
    with np.load(FILE, allow_pickle=False) as stored:
        return Block(*(stored[name] for name in ("came_in", "added", "total")))


@lru_cache(maxsize=1)
def rows() -> tuple[LayerRow, ...]:
    """Return the layers of the block, input side first."""
    layers = backbones.load_layer_table(BACKBONE, IMAGE_SIZE)
    return tuple(row for row in layers if row.block == BLOCK)


@dataclass(frozen=True)
class Cut:
    """What a cut leaves frozen.

    Args:
        frozen: Names of the block's frozen layers with weights.
        crossing: Layers whose outputs cross from the frozen part into the trained part.
    """

    frozen: tuple[str, ...]
    crossing: tuple[str, ...]


@lru_cache(maxsize=32)
def cut(place: int) -> Cut:
    """Return what a cut before one of the block's layers leaves frozen.

    Args:
        place: Number of the block's layers below the cut.

    Example:

    >>> cut(0).crossing
    ('block_5_project_bn',)
    >>> cut(3).crossing
    ('block_5_project_bn', 'block_6_expand_relu')
    """
    layers = backbones.load_layer_table(BACKBONE, IMAGE_SIZE)
    plan = FreezePlan.from_index(layers, rows()[0].index + place)
    frozen = tuple(row.name for row in rows() if row.weights and plan.is_frozen(row))
    return Cut(frozen, freezing.frontier(layers, plan))
