"""Test images in rows with a few words below each: pieces of one picture, as one SVG."""

import base64
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path

from lib.core.reading import test_images
from lib.figures import theme

COLUMNS = 4
GAP = 6
# In the units of the images' pixels.
LINE_HEIGHT = 13
CAPTION_SIZE = 9.5
# A line of more columns would run into its neighbour.
MAX_COLUMNS = 11


@lru_cache(maxsize=8)
def _encoded(picture: Path, modified: float) -> tuple[str, int, int]:
    """A picture as text, its width and height; `modified` tells versions of it apart."""
    content = picture.read_bytes()
    size = test_images.webp_size(content)
    if size is None:
        raise OSError(f"{picture.name} is not a WebP picture.")
    return base64.b64encode(content).decode(), *size


def svg(
    picture: Path,
    rows: Sequence[int],
    captions: Sequence[Sequence[str]],
    *,
    dark: bool = False,
    tile: int = test_images.TILE_PIXELS,
    columns: int = COLUMNS,
    tiles_a_row: int = test_images.TILES_A_ROW,
    size: float = CAPTION_SIZE,
) -> str:
    """Some test images with what was said of them.

    Args:
        picture: All test images as tiles of one WebP, from test_images.sprite_path.
        rows: Which of them, in order.
        captions: A few lines each, of MAX_COLUMNS at most.
        dark: Which appearance.
        tile: Pixels of a tile; a caption of MAX_COLUMNS fits below the usual one.
        columns: How many of them are drawn side by side.
        tiles_a_row: How many are side by side in the picture.
        size: Of the letters, in the same units as the tiles.

    Raises:
        OSError: If the picture cannot be read, or is not a WebP.
    """
    step, line_height = tile + GAP, round(LINE_HEIGHT * size / CAPTION_SIZE)
    row_height = tile + line_height * max(map(len, captions), default=0) + GAP
    width = columns * step - GAP
    height = -(-len(rows) // columns) * row_height
    ink = theme.palette(dark).ink
    parts = []
    for place, (row, lines) in enumerate(zip(rows, captions, strict=True)):
        down, across = divmod(place, columns)
        x, y = across * step, down * row_height
        top, left = (tile * part for part in divmod(row, tiles_a_row))
        parts.append(
            f'<svg x="{x}" y="{y}" width="{tile}" height="{tile}" '
            f'viewBox="{left} {top} {tile} {tile}"><use href="#all"/></svg>'
        )
        parts += [
            f'<text x="{x + tile / 2}" y="{y + tile + number * line_height - 2}" '
            f'text-anchor="middle">{escape(words)}</text>'
            for number, words in enumerate(lines, start=1)
        ]
    data, pixels_wide, pixels_high = _encoded(picture, picture.stat().st_mtime)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="{size}" fill="{ink}">'
        f'<defs><image id="all" width="{pixels_wide}" height="{pixels_high}" '
        f'href="data:image/webp;base64,{data}"/></defs>'
        f"{''.join(parts)}</svg>"
    )
