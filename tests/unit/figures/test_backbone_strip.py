"""A network as a strip of cells: what a freeze plan leaves blue, and the head that stays orange."""

import re

from lib.core import backbones
from lib.core.freezing import FreezePlan
from lib.figures import theme
from lib.figures.svg import backbone_strip

LAYERS = backbones.load_layer_table("efficientnet_lite0", 128)


def cells(plan: FreezePlan) -> list[tuple[float, str]]:
    """The right edge and the colour of every cell."""
    found = re.findall(
        r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"[^>]* fill="([^"]+)"',
        backbone_strip.svg(LAYERS, plan),
    )
    return [(float(x) + float(width), colour) for x, width, colour in found]


def test_the_head_is_the_last_piece_and_orange_when_every_layer_is_frozen() -> None:
    *layers, (end, colour) = cells(FreezePlan(frozenset(row.name for row in LAYERS)))
    assert {colour for _, colour in layers} == {theme.LIGHT.frozen}
    assert (end, colour) == (backbone_strip.WIDTH, theme.LIGHT.trainable)
    # The layers end before the head begins.
    assert max(edge for edge, _ in layers) < backbone_strip.WIDTH - backbone_strip.HEAD
