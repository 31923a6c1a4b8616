"""The depths of a backbone: its stem, the end of each of its blocks, and its last layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lib.core import backbones
from lib.core.backbones import LayerRow

# The network of the page, and the size of the image on it, in pixels.
BACKBONE = "efficientnet_lite0"
IMAGE_SIZE = 224


@dataclass(frozen=True)
class Field:
    """The pixels that the cells of a feature map can see, along one side of a square image.

    Args:
        size: Pixels that one cell can see, also beyond the border of the image.
        step: Pixels from one cell to the next.
        start: First pixel that the first cell can see; negative if it lies beyond the border.

    Example:

    >>> Field(size=7, step=2, start=-2).of_cell(1, 224)
    (0, 7)
    """

    size: int
    step: int
    start: int

    def of_cell(self, place: int, side: int) -> tuple[int, int]:
        """Return the first pixel that a cell can see and the one after its last.

        Args:
            place: Row or column of the cell.
            side: Side of the image in pixels.
        """
        first = self.start + place * self.step
        return max(0, first), min(side, first + self.size)


@dataclass(frozen=True)
class Depth:
    """A depth at which features can be taken.

    Args:
        block: Name of the block; it names the depth.
        layer: Name of its last layer, whose output are the features.
        index: Index of that layer in the layer table.
        grid: Rows and columns of the feature map.
        channels: Number of channels.
        field: Receptive field of its cells.
    """

    block: str
    layer: str
    index: int
    grid: int
    channels: int
    field: Field

    @property
    def cut(self) -> int:
        """Index of the first layer after it: where thawing starts if this depth stays frozen."""
        return self.index + 1


@lru_cache(maxsize=8)
def depths(image_size: int = IMAGE_SIZE, backbone: str = BACKBONE) -> tuple[Depth, ...]:
    """Return the depths of a backbone, from the image side to the head.

    Args:
        image_size: Side of the square input in pixels.
        backbone: Id of a backbone whose layers are convolutions with padding "same".

    Example:

    >>> [depth.block for depth in depths()][:3], len(depths())
    (['stem', 'block_0', 'block_1'], 18)
    """
    layers = backbones.load_layer_table(backbone, image_size)
    fields = receptive_fields(layers)
    last = {row.block: row for row in layers if row.inbound}
    return tuple(
        Depth(
            block=block,
            layer=row.name,
            index=row.index,
            grid=row.output_shape[0],
            channels=row.output_shape[-1],
            field=fields[row.name],
        )
        for block, row in last.items()
    )


def receptive_fields(layers: Sequence[LayerRow]) -> Mapping[str, Field]:
    """Return the receptive field of every layer, from the layer table.

    A convolution with padding "same" pads as many pixels as its output needs, and one pixel more at
    the end if the number is odd. Where branches meet, the field reaches as far as the farther one.

    Args:
        layers: Layer table of a square input, input side first.

    Raises:
        ValueError: If branches with different steps meet.

    Reference:
        Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks"
        (araujo-2019).
    """
    shapes = {row.name: row.output_shape for row in layers}
    found: dict[str, Field] = {}
    for row in layers:
        if not row.inbound:
            found[row.name] = Field(1, 1, 0)
            continue
        incoming = [found[name] for name in row.inbound]
        if len({field.step for field in incoming}) > 1:
            raise ValueError(f"The branches that meet in {row.name} have different steps.")
        start = min(field.start for field in incoming)
        size = max(field.start + field.size for field in incoming) - start
        step = incoming[0].step
        kernel = next((w.shape[0] for w in row.weights if len(w.shape) == 4), 1)
        side, out = shapes[row.inbound[0]][0], row.output_shape[0]
        stride = -(-side // out)
        padding = max(0, (out - 1) * stride + kernel - side)
        found[row.name] = Field(
            size + (kernel - 1) * step, step * stride, start - (padding // 2) * step
        )
    return found
