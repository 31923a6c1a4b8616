"""Images in rows, each with a few words: a component the browser draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing

_COMPONENT = base.component("tiles", '<section class="tiles"></section>')


@dataclass(frozen=True)
class Tile:
    """An image.

    Args:
        picture: A WebP file.
        alt: What it shows, for those who cannot see it.
        title: Below it.
        words: Below that.
    """

    picture: bytes
    alt: str
    title: str = ""
    words: str = ""


@dataclass(frozen=True)
class Row:
    """Images that belong together.

    Args:
        tiles: The images.
        title: Above them; text from outside is shown as it is.
        note: Beside the title.
    """

    tiles: Sequence[Tile]
    title: str = ""
    note: str = ""


def payload(rows: Sequence[Row], width: int, *, flow: bool = False) -> dict[str, Any]:
    """What the browser gets.

    Args:
        rows: From top to bottom.
        width: Of an image in pixels.
        flow: True where short rows may stand beside each other.
    """
    return {
        "width": width,
        "flow": flow,
        "rows": [
            {
                "title": row.title,
                "note": row.note,
                "tiles": [
                    vars(tile) | {"picture": drawing.data_uri(tile.picture)} for tile in row.tiles
                ],
            }
            for row in rows
        ],
    }


def show(rows: Sequence[Row], key: str, width: int, *, flow: bool = False) -> None:
    """Draw images; the arguments but `key`, the place on the page, are those of `payload`."""
    _COMPONENT(key=key, data=payload(rows, width, flow=flow), height="content")
