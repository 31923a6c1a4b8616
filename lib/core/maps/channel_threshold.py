"""How many channels make averaging the better choice: measured, and read from lib/core/data.

The same feature maps, but only some of their channels, drawn by chance: a linear head on their
averages against one on all their values. Written by `python -m lib.tools.measure_channels`.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from lib.core.files.shipped import DATA

FILE = DATA / "channel_line.json"


@dataclass(frozen=True)
class Measured:
    """Test accuracies with so many channels, over all draws of channels and images.

    Args:
        channels: How many of the backbone's channels the heads got.
        gap: Mean test accuracy of the head on averages, 0 to 1.
        flatten: The same of the head on all values.
        low: Lower end of the 95 % interval of flatten - gap, over the draws.
        high: Its upper end.
    """

    channels: int
    gap: float
    flatten: float
    low: float
    high: float

    @property
    def better(self) -> str:
        """ "flatten" or "gap" where chance alone does not explain the difference, else ""."""
        return "flatten" if self.low > 0 else "gap" if self.high < 0 else ""


@dataclass(frozen=True)
class ChannelLine:
    """One measurement, from few channels to all of them.

    Args:
        dataset: TFDS name.
        num_images: Training images of each draw.
        num_tested: Test images of each draw; never those it was trained on.
        num_draws: Draws of channels and images.
        image_size: Side of the input in pixels.
        height: Of the feature map.
        width: Of the feature map.
        rows: By number of channels, fewest first.
    """

    dataset: str
    num_images: int
    num_tested: int
    num_draws: int
    image_size: int
    height: int
    width: int
    rows: tuple[Measured, ...]

    @property
    def flatten_up_to(self) -> int:
        """Most channels with which Flatten was the better one; 0 where it never was."""
        return max((row.channels for row in self.rows if row.better == "flatten"), default=0)

    @property
    def gap_from(self) -> int:
        """Fewest channels from which on Flatten was not the better one any more."""
        return min(row.channels for row in self.rows if row.channels > self.flatten_up_to)


@lru_cache(maxsize=1)
def lines() -> dict[str, ChannelLine]:
    """The measurements that ship with Thaw, by dataset."""
    found = {}
    for fields in json.loads(FILE.read_text("utf-8")):
        rows = tuple(Measured(**row) for row in fields.pop("rows"))
        found[fields["dataset"]] = ChannelLine(**fields, rows=rows)
    return found
