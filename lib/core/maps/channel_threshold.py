"""From how many channels on averaging is the better choice: measurements from lib/core/data.

Only some channels of the feature maps are used, drawn at random: a linear head on their averages is
compared with one on all their values. Written by `python -m lib.tools.measure_channels`.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from lib.core.files.shipped import DATA

FILE = DATA / "channel_line.json"


@dataclass(frozen=True)
class Measured:
    """Test accuracies with a number of channels, over all draws of channels and images.

    Args:
        channels: Number of the backbone's channels that the heads received.
        gap: Mean test accuracy of the head on averages, 0 to 1.
        flatten: Mean test accuracy of the head on all values, 0 to 1.
        low: Lower end of the 95 % interval of flatten - gap, over the draws.
        high: Upper end of the interval.
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
        num_tested: Test images of each draw; none of them was trained on.
        num_draws: Number of draws of channels and images.
        image_size: Side of the square input in pixels.
        height: Rows of the feature map.
        width: Columns of the feature map.
        rows: Results by number of channels, fewest first.
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
        """Largest number of channels with which Flatten was better; 0 if it never was."""
        return max((row.channels for row in self.rows if row.better == "flatten"), default=0)

    @property
    def gap_from(self) -> int:
        """Smallest number of channels from which on Flatten was never better."""
        return min(row.channels for row in self.rows if row.channels > self.flatten_up_to)


@lru_cache(maxsize=1)
def lines() -> dict[str, ChannelLine]:
    """Return the measurements that ship with Thaw, by dataset."""
    found = {}
    for fields in json.loads(FILE.read_text("utf-8")):
        rows = tuple(Measured(**row) for row in fields.pop("rows"))
        found[fields["dataset"]] = ChannelLine(**fields, rows=rows)
    return found
