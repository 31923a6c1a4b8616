"""The images of a dataset as points that travel from depth to depth, and a curve over the strip.

All depths are sent at once, so that the browser can change the depth without asking the server.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.core.features import depths, image_map
from lib.core.features.image_map import ImageMap
from lib.core.features.probes import Probes
from lib.core.strategy.similarity import NUM_NEIGHBOURS
from lib.figures import theme
from lib.ui.parts import base
from lib.ui.parts.feature_depths.component import depth_rows
from lib.ui.parts.feature_maps import payload as drawing

_HTML = """
<section class="image-map">
  <div class="curve"></div>
  <div class="control"></div>
  <div class="bar">
    <button type="button" class="replay">Play</button>
    <div class="projections" role="radiogroup" aria-label="Projection"></div>
    <label class="pictures"><input type="checkbox"><span>Show the images</span></label>
    <ul class="classes" aria-label="Classes"></ul>
  </div>
  <div class="panels"></div>
</section>
"""

_COMPONENT = base.component("image_map", _HTML, parts=("depth_strip",))
TITLES = {"pca": "Principal components", "tsne": "t-SNE"}


@dataclass(frozen=True, eq=False)
class Panel:
    """A map of images.

    Args:
        title: What its features come from.
        made: The map.
    """

    title: str
    made: ImageMap


@dataclass(frozen=True, eq=False)
class Images:
    """The images on all panels.

    Args:
        sheet: Their thumbnails, a WebP file.
        class_names: Names of the classes in the order of the labels; untrusted.
    """

    sheet: bytes
    class_names: Sequence[str]


def payload(
    label: str,
    images: Images | None,
    panels: Sequence[Panel],
    probes: Probes | None = None,
    *,
    opened: Mapping[str, Any],
    dark: bool = False,
) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        label: What the part shows, for a screen reader.
        images: The images; None without panels.
        panels: One map, or two side by side of the same images.
        probes: The accuracy of a head at every depth; None for none.
        opened: "depth" and "projection" that the page opened with, and "times".
        dark: True for the dark theme.
    """
    labels = panels[0].made.labels if panels else np.array([], np.int64)
    return {
        "label": label,
        "depths": depth_rows(),
        "curve": None if probes is None else curve(probes),
        "sheet": drawing.data_uri(images.sheet) if images else None,
        "columns": image_map.COLUMNS,
        "thumbnail": image_map.THUMBNAIL,
        "finest": image_map.FINEST,
        "classes": list(images.class_names) if images else [],
        "labels": labels.tolist(),
        "projections": [{"id": name, "title": TITLES[name]} for name in image_map.PROJECTIONS],
        "of": NUM_NEIGHBOURS,
        "panels": [
            {
                "title": panel.title,
                "points": {
                    name: base64.b64encode(points.astype("<u2").tobytes()).decode("ascii")
                    for name, points in panel.made.points.items()
                },
                "neighbours": [round(value, 2) for value in panel.made.neighbours],
            }
            for panel in panels
        ],
        "colours": list(theme.palette(dark).runs),
        "opened": dict(opened),
    }


def curve(probes: Probes) -> dict[str, Any]:
    """Describe the accuracy of a head at every depth.

    Args:
        probes: The measurements.
    """
    return {
        "rows": [
            {name: round(value, 4) for name, value in vars(probes.share(row)).items()}
            for row in probes.rows
        ],
        "chance": round(probes.chance, 4),
        "best": probes.best,
        "alt": "; ".join(
            f"{depth.block} {probes.share(row).value:.1%}"
            for depth, row in zip(depths.depths(), probes.rows, strict=True)
        ),
    }


def _nothing() -> None:
    """Do nothing: the callback of a part whose choices are not in the link."""


def show(data: Mapping[str, Any], key: str, on_choice: Callable[[], None] = _nothing) -> None:
    """Draw the part.

    Args:
        data: As `payload`.
        key: Of this place on the page.
        on_choice: Called before the next rerun if the reader has chosen something.
    """
    _COMPONENT(key=key, data=data, on_choice_change=on_choice, height="content")
