"""Images in rows, each with a short text: a component that the browser draws."""

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
        alt: Alternative text.
        title: Title below the image.
        words: Text below the title.
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
        title: Title above them; untrusted text is shown unchanged.
        note: Text beside the title.
    """

    tiles: Sequence[Tile]
    title: str = ""
    note: str = ""


def payload(
    rows: Sequence[Row], width: int, *, flow: bool = False, parts: int = 1
) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        rows: The rows, from top to bottom.
        width: Width of an image in pixels.
        flow: True if short rows may be side by side.
        parts: How many pictures of one size each image holds side by side; they are drawn apart.
    """
    return {
        "width": width,
        "flow": flow,
        "parts": parts,
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


def show(rows: Sequence[Row], key: str, width: int, *, flow: bool = False, parts: int = 1) -> None:
    """Draw images; the arguments but `key`, the place on the page, are those of `payload`."""
    _COMPONENT(key=key, data=payload(rows, width, flow=flow, parts=parts))
