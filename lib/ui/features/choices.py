"""What the reader chose on the page, in the session and in the link.

The dataset follows the reader from page to page, so it has a key of its own (state.DATASET).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.core.features import depths, image_map
from lib.core.maps import feature_maps
from lib.ui import state
from lib.ui.link import Link, quoted
from lib.ui.maps.subject import OWN
from lib.ui.uploads import access

LINK = Link(state.LINK_FEATURES, state.FEATURE_DEPTHS)
FIRST_IMAGE = "drawn_cat"
FIRST_DEPTH = "stem"
FIRST_PROJECTION = image_map.PROJECTIONS[0]


@dataclass(frozen=True)
class Choices:
    """Everything on the page that a link restores, except the dataset.

    Args:
        image: Id of an example, or OWN.
        depth: Name of the block at whose end the features are taken.
        channel: Index of a channel at that depth; None for the strongest.
        projection: One of image_map.PROJECTIONS.
    """

    image: str = FIRST_IMAGE
    depth: str = FIRST_DEPTH
    channel: int | None = None
    projection: str = FIRST_PROJECTION


def channels_of(depth: str) -> int:
    """Return the number of channels of a depth; 0 if there is no such depth."""
    return next((each.channels for each in depths.depths() if each.block == depth), 0)


def to_link(now: Choices, dataset: str | None) -> dict[str, str]:
    """Return the parameters of a link to these choices.

    Args:
        now: The choices; an own image is not in the link, because it is stored nowhere.
        dataset: The chosen dataset; None for that of a new session.

    Example:

    >>> to_link(Choices(depth="block_4", channel=7), None)
    {'image': 'drawn_cat', 'depth': 'block_4', 'channel': '7'}
    """
    found = {} if now.image == OWN else {state.LINK_IMAGE: now.image}
    found[state.LINK_DEPTH] = now.depth
    if now.channel is not None:
        found[state.LINK_CHANNEL] = str(now.channel)
    if dataset is not None:
        found[state.LINK_DATASET] = dataset
    if now.projection != FIRST_PROJECTION:
        found[state.LINK_PROJECTION] = now.projection
    return found


def from_link(link: Mapping[str, str]) -> tuple[Choices, tuple[str, ...]]:
    """Return the choices that a link describes, and a sentence for each part that was ignored.

    Args:
        link: Parameters by name.

    Example:

    >>> from_link({"depth": "block_4", "channel": "7"})[0].channel
    7
    """
    found, ignored = Choices(), []

    def refuse(name: str, words: str) -> None:
        ignored.append(f"{quoted(link[name])} is {words}.")

    if (image := link.get(state.LINK_IMAGE)) is not None:
        if image in feature_maps.examples():
            found = replace(found, image=image)
        else:
            refuse(state.LINK_IMAGE, "no image that ships with Thaw")
    if (depth := link.get(state.LINK_DEPTH)) is not None:
        if channels_of(depth):
            found = replace(found, depth=depth)
        else:
            refuse(state.LINK_DEPTH, "no depth of this network")
    if (channel := link.get(state.LINK_CHANNEL)) is not None:
        if channel.isdecimal() and len(channel) < 6 and int(channel) < channels_of(found.depth):
            found = replace(found, channel=int(channel))
        else:
            refuse(state.LINK_CHANNEL, "no channel of this depth")
    if (projection := link.get(state.LINK_PROJECTION)) is not None:
        if projection in image_map.PROJECTIONS:
            found = replace(found, projection=projection)
        else:
            refuse(state.LINK_PROJECTION, "no way to place images here")
    return found, tuple(ignored)


# --- The session ------------------------------------------------------------------------------


def read() -> Choices:
    """Return the choices of this session."""
    held = state.read(state.FEATURES)
    return held if isinstance(held, Choices) else Choices()


def write(now: Choices) -> None:
    """Store the choices of this session."""
    state.choose(state.FEATURES, now)
    state.choose(state.FEATURES_IMAGE, now.image)


def change(**changes: Any) -> None:
    """Change some of the choices."""
    if replace(now := read(), **changes) != now:
        write(replace(now, **changes))


def opened() -> tuple[Choices, int]:
    """Return what the page opened with, and how often a link has opened it.

    The browser moves on from there by itself, so what it is sent does not change with each of its
    gestures.
    """
    held = state.read(state.FEATURES_OPENED)
    return held if isinstance(held, tuple) else (read(), 0)


def open_page() -> tuple[str, ...]:
    """Take the choices from a new link, and return a sentence for each part that was ignored."""
    state.start_with(state.FEATURES_IMAGE, FIRST_IMAGE)
    said = LINK.unseen(_now())
    _, times = opened()
    ignored: tuple[str, ...] = ()
    if said is not None:
        found, ignored = from_link(said)
        dataset = said.get(state.LINK_DATASET)
        if dataset is not None:
            if dataset in access.datasets():
                state.choose(state.DATASET, dataset)
            else:
                ignored = (*ignored, f"{quoted(dataset)} is no dataset here.")
        write(found)
        times += 1
    state.choose(state.FEATURES_OPENED, (read(), times))
    return ignored


def share() -> None:
    """Make the address of the page a link to the choices on screen."""
    now, dataset = _now()
    LINK.share((now, dataset), to_link(now, dataset), is_first=now == Choices() and not dataset)


def _now() -> tuple[Choices, str | None]:
    dataset = state.read(state.DATASET)
    first = next(iter(access.datasets()))
    return read(), dataset if isinstance(dataset, str) and dataset != first else None


def accept(gesture: object) -> None:
    """Apply a gesture in the browser; an invalid one changes nothing.

    Args:
        gesture: "depth" with "channel", "image", or "projection".
    """
    match gesture:
        case {"depth": str(depth), "channel": int() | None as channel} if channels_of(depth):
            if channel is None or 0 <= channel < channels_of(depth):
                change(depth=depth, channel=channel)
        case {"image": str(image)} if image == OWN or image in feature_maps.examples():
            change(image=image)
        case {"projection": str(projection)} if projection in image_map.PROJECTIONS:
            change(projection=projection)
