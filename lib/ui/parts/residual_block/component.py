"""A residual block on real numbers: one channel before it, what the block adds, and the sum."""

import base64
from typing import Any

import numpy as np

from lib.core.maps import feature_maps
from lib.core.trainable import residual
from lib.figures import theme
from lib.ui import shell, state
from lib.ui.parts import base
from lib.ui.parts.feature_maps.payload import data_uri

_COMPONENT = base.component(
    "residual_block", '<section class="residual" aria-label="A residual block"></section>'
)


def _encoded(maps: residual.FloatArray) -> str:
    """Return the numbers row by row as little-endian float32 in base64."""
    return base64.b64encode(np.ascontiguousarray(maps, "<f4").tobytes()).decode("ascii")


def payload(*, dark: bool = False) -> dict[str, Any]:
    """Return the data for the browser: the three maps, and what each cut of the block leaves.

    Args:
        dark: True for the dark theme.
    """
    block, rows = residual.load(), residual.rows()
    colours = theme.palette(dark)
    height, width, channels = block.came_in.shape
    return {
        "picture": data_uri(feature_maps.examples()[residual.EXAMPLE].thumbnail()),
        "size": [height, width, channels],
        "channel": block.first_channel,
        "maps": [_encoded(each) for each in (block.came_in, block.added, block.total)],
        "layers": [{"name": row.name, "type": row.type, "params": row.params} for row in rows],
        "cuts": [
            {"frozen": cut.frozen, "crossing": cut.crossing}
            for cut in map(residual.cut, range(len(rows)))
        ],
        "colours": {name: getattr(colours, name) for name in ("paper", "heat", "below")},
    }


def show() -> None:
    """Draw the block."""
    _COMPONENT(key=state.RESIDUAL_BLOCK, data=payload(dark=shell.is_dark()), height="content")
