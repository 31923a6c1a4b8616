"""The link of the real feature maps: image, size, channel, what is looked at, and whose head."""

import re
from collections.abc import Mapping
from typing import Any

from lib.core.maps import feature_maps
from lib.ui import state
from lib.ui.link import Link, quoted
from lib.ui.maps import subject
from lib.ui.parts.feature_maps.payload import size_name

LINK = Link(state.LINK_MAPS, state.MAPS)
# What the reader can look at: id -> words on the button.
SEE = {
    "channel": "One channel",
    "averages": "All averages",
    "sizes": "Other input sizes",
    "decision": "The decision",
}
# The classifier that no run trained.
IMAGENET = "imagenet"
_SIZES = {size_name(size): size for size in feature_maps.SIZES}


def now() -> dict[str, Any]:
    """Return what the session has chosen, by session key; the reader's own image is no choice."""
    keys = (
        state.MAPS_SEE,
        state.MAPS_EXAMPLE,
        state.MAPS_SIZE,
        state.MAPS_CHANNEL,
        state.MAPS_HEAD,
    )
    found = {key: state.read(key) for key in keys}
    if found[state.MAPS_EXAMPLE] == subject.OWN:
        found[state.MAPS_EXAMPLE] = None
    return found


def to_link(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a link to these choices, without default values.

    Args:
        chosen: As `now` returns it.
    """
    link = {}
    if (see := chosen[state.MAPS_SEE]) not in (None, next(iter(SEE))):
        link[state.LINK_SEE] = see
    if (image := chosen[state.MAPS_EXAMPLE]) not in (None, next(iter(feature_maps.examples()))):
        link[state.LINK_IMAGE] = image
    if (size := chosen[state.MAPS_SIZE]) not in (None, subject.FIRST_SIZE):
        link[state.LINK_PIXELS] = size_name(size)
    if (channel := chosen[state.MAPS_CHANNEL]) is not None:
        link[state.LINK_CHANNEL] = str(channel)
    if (classifier := chosen[state.MAPS_HEAD]) not in (None, IMAGENET):
        link[state.LINK_CLASSIFIER] = classifier
    return link


def from_link(link: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the choices that a link describes, and a sentence for each part that was ignored.

    Args:
        link: Parameters by name.

    Example:

    >>> from_link({"image": "cat", "pixels": "96x96"})[0]["feature_maps_size"]
    (96, 96)
    """
    found: dict[str, Any] = {}
    ignored = []
    see = link.get(state.LINK_SEE, next(iter(SEE)))
    if see not in SEE:
        ignored.append(f"{quoted(see)} is nothing to look at here.")
    found[state.MAPS_SEE] = see if see in SEE else next(iter(SEE))
    image = link.get(state.LINK_IMAGE)
    if image is not None and image not in feature_maps.examples():
        ignored.append(f"There is no image {quoted(image)} here.")
        image = None
    found[state.MAPS_EXAMPLE] = image
    pixels = link.get(state.LINK_PIXELS)
    if pixels is not None and pixels not in _SIZES:
        ignored.append(f"There are no feature maps at {quoted(pixels)} pixels here.")
    found[state.MAPS_SIZE] = _SIZES.get(pixels or "")
    channel = link.get(state.LINK_CHANNEL)
    number = int(channel) if channel and re.fullmatch("[0-9]{1,4}", channel) else None
    if channel is not None and (number is None or number >= feature_maps.NUM_CHANNELS):
        ignored.append(f"Channels are counted from 0 to 1,279 here, so {quoted(channel)} is none.")
        number = None
    found[state.MAPS_CHANNEL] = number
    # Whether there is such a run is found where the runs are listed.
    found[state.MAPS_HEAD] = link.get(state.LINK_CLASSIFIER, IMAGENET)
    return found, tuple(ignored)


def open_page() -> tuple[str, ...]:
    """Take the choices from a new link, and return a sentence for each part that was ignored."""
    said = LINK.unseen(now())
    if said is None:
        return ()
    found, ignored = from_link(said)
    for key, value in found.items():
        state.choose(key, value)
    return ignored


def share() -> None:
    """Make the address of the page a link to the choices on screen."""
    chosen = now()
    parameters = to_link(chosen)
    LINK.share(chosen, parameters, is_first=not parameters)
