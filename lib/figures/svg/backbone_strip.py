"""A network as a strip of cells: a layer is blue if frozen, orange if trainable; last, the head."""

from collections.abc import Sequence

from lib.core.backbones import LayerRow
from lib.core.freezing import FreezePlan
from lib.figures import theme

WIDTH, HEIGHT = 1000, 72
FROZEN_HEIGHT = 54  # Lower, so that frozen layers can be recognized without colour.
# The head is not drawn to scale, or most heads would be too narrow to see.
HEAD, GAP = 110, 8


def svg(layers: Sequence[LayerRow], plan: FreezePlan, *, dark: bool = False) -> str:
    """An SVG picture of a freeze plan; the width of a cell is the layer's share of parameters.

    The head comes last, with a fixed width: it is new, so no plan freezes it.
    """
    colours = theme.palette(dark)
    total = sum(row.params for row in layers)
    cells, x = [], 0.0
    for row in layers:
        width = (WIDTH - HEAD - GAP) * row.params / total
        if not width:
            continue
        frozen = plan.is_frozen(row)
        height = FROZEN_HEIGHT if frozen else HEIGHT
        colour = colours.frozen if frozen else colours.trainable
        cells.append(
            f'<rect x="{x:.2f}" y="{HEIGHT - height}" width="{width:.2f}" height="{height}" '
            f'fill="{colour}" stroke="{colours.paper}" stroke-width="0.8"/>'
        )
        x += width
    # Black has more contrast than white on the orange of both themes.
    cells.append(
        f'<rect x="{WIDTH - HEAD}" y="0" width="{HEAD}" height="{HEIGHT}" '
        f'fill="{colours.trainable}"/><text x="{WIDTH - HEAD / 2:g}" y="49" fill="#000" '
        f'font-family="sans-serif" font-size="38" text-anchor="middle">head</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none">{"".join(cells)}</svg>'
    )
