"""One image at all depths: the strip, the strongest channels over the image, their patches.

All depths are sent at once, so that the browser can change the depth without asking the server.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.core.features import depths, looks
from lib.core.features.depths import Depth
from lib.core.features.looks import Look
from lib.figures import theme
from lib.ui import state
from lib.ui.parts import base
from lib.ui.parts.feature_maps import payload as drawing
from lib.ui.parts.feature_maps.payload import Choice

_HTML = """
<section class="feature-depths" aria-label="One image at all depths">
  <div class="examples" role="radiogroup" aria-label="Image"></div>
  <div class="control"></div>
  <div class="heading" role="status">
    <p class="finding"></p><p class="measured"></p><h2></h2><p class="note"></p>
  </div>
  <div class="desk">
    <figure>
      <figcaption class="where"></figcaption>
      <div class="stage"></div>
      <p class="said"></p>
    </figure>
    <figure>
      <figcaption>The strongest <a href="#term-channel">channels</a></figcaption>
      <div class="tiles" role="radiogroup" aria-label="Channel"></div>
    </figure>
    <figure>
      <figcaption>Pieces of many images where it is strongest</figcaption>
      <div class="patches"></div>
    </figure>
  </div>
</section>
"""
_COMPONENT = base.component("feature_depths", _HTML, parts=("depth_strip",))


@dataclass(frozen=True, eq=False)
class Shown:
    """An image, and what the channels of every depth answer to it.

    Args:
        picture: The image as a data URI.
        about: Description of the image, one sentence.
        looks: By block.
    """

    picture: str
    about: str
    looks: Mapping[str, Look]


def depth_rows(image_size: int = depths.IMAGE_SIZE) -> list[dict[str, Any]]:
    """Describe the depths for the browser.

    Args:
        image_size: Side of the image in pixels.
    """
    return [
        {
            "block": depth.block,
            "grid": depth.grid,
            "channels": depth.channels,
            "field": depth.field.size,
            "step": depth.field.step,
            "start": depth.field.start,
        }
        for depth in depths.depths(image_size)
    ]


def payload(
    shown: Shown,
    choices: Sequence[Choice],
    image: str,
    opened: Mapping[str, Any],
    sentences: Sequence[tuple[str, str]],
    first: Mapping[str, int],
) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        shown: The image on screen.
        choices: The images to choose from.
        image: Id of the image on screen.
        opened: "depth" and "channel" that the page opened with, and "times", which changes when
            they apply again.
        sentences: For each depth what it knows and what was measured there, which may be "".
        first: Channel of a block that is open before the reader chooses; the strongest elsewhere.
    """
    return {
        "depths": depth_rows(),
        "size": depths.IMAGE_SIZE,
        "picture": shown.picture,
        "about": shown.about,
        "examples": [vars(choice) for choice in choices],
        "image": image,
        "looks": {
            block: {
                "channels": list(look.channels),
                "maps": base64.b64encode(look.maps.tobytes()).decode("ascii"),
            }
            for block, look in shown.looks.items()
        },
        "patches": {
            depth.block: {
                str(channel): strip(depth, channel) for channel in shown.looks[depth.block].channels
            }
            for depth in depths.depths()
        },
        # A photograph is equally bright in the dark theme, so the map keeps its light colours.
        "colour": theme.LIGHT.heat,
        "opened": dict(opened),
        "sentences": [list(each) for each in sentences],
        "first": dict(first),
    }


def strip(depth: Depth, channel: int) -> dict[str, Any]:
    """Describe the patches of a channel that ships with them."""
    found = looks.strip(depth, channel, depths.IMAGE_SIZE)
    return {"picture": drawing.data_uri(found.picture), "cells": found.cells}


def show(data: Mapping[str, Any], on_choice: Callable[[], None]) -> None:
    """Draw the part.

    Args:
        data: As `payload`.
        on_choice: Called before the next rerun if the reader has chosen something.
    """
    _COMPONENT(key=state.FEATURE_DEPTHS, data=data, on_choice_change=on_choice, height="content")
