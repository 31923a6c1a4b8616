"""The link of the model summary: a plan as parameters of the address, and back."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lib.core import backbones, runs
from lib.core.errors import ConfigError
from lib.core.heads import POOLINGS, HeadSpec
from lib.ui import state
from lib.ui.link import Link, quoted
from lib.ui.network import plan
from lib.ui.network.plan import MAX_CLASSES, PlanState

LINK = Link(state.LINK, state.LAYER_STRIP)
# Values of `thaw` that are not the name of a layer.
THAW_WORDS = {
    "nothing": "feature_extraction",
    "everything": "full_fine_tuning",
    "scratch": "from_scratch",
    "gradually": "gradual_fine_tuning",
}


def _ranges(indices: Iterable[int]) -> str:
    """Write [3, 5, 6, 7] as "3_5-7"."""
    parts: list[list[int]] = []
    for index in sorted(indices):
        if parts and parts[-1][-1] == index - 1:
            parts[-1] = [parts[-1][0], index]
        else:
            parts.append([index])
    return "_".join("-".join(map(str, part)) for part in parts)


def to_link(wanted: PlanState) -> dict[str, str]:
    """Return the parameters of a link to this state, without default values.

    Example:

    >>> to_link(replace(PlanState.default("vgg16"), strategy="feature_extraction"))
    {'backbone': 'vgg16', 'thaw': 'nothing'}
    """
    usual = PlanState.default(wanted.backbone)
    link = {state.LINK_BACKBONE: wanted.backbone}
    if wanted.image_size != usual.image_size:
        link[state.LINK_SIZE] = str(wanted.image_size)
    words = {strategy: word for word, strategy in THAW_WORDS.items()}
    thaw = words.get(wanted.strategy, wanted.thaw_from)
    if thaw != usual.thaw_from:
        link[state.LINK_THAW] = thaw
    if wanted.batch_norm != usual.batch_norm:
        link[state.LINK_BATCH_NORM] = wanted.batch_norm
    if wanted.by_hand:
        link[state.LINK_BY_HAND] = _ranges(wanted.by_hand_indices)
    if wanted.head != usual.head:
        head = wanted.head
        link[state.LINK_HEAD] = (
            f"{head.pooling}_{head.hidden_units}_{head.dropout:g}_{head.outputs}"
        )
    return link


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,8}", text) else None


def _backbone(text: str, ignored: list[str]) -> str:
    if text in backbones.BACKBONES:
        return text
    near = difflib.get_close_matches(text.lower(), backbones.BACKBONES, 1)
    chosen = near[0] if near else next(iter(backbones.BACKBONES))
    ignored.append(f"There is no backbone {quoted(text)}; this is {backbones.get(chosen).title}.")
    return chosen


def _image_size(text: str, spec: backbones.BackboneSpec, ignored: list[str]) -> int:
    size = _whole(text)
    if size is None:
        ignored.append(f"{quoted(text)} is no input size; this is {spec.image_size} pixels.")
        return spec.image_size
    nearest = min(max(size, spec.min_image_size), runs.MAX_IMAGE_SIZE)
    if nearest != size:
        ignored.append(
            f"{spec.title} takes {spec.min_image_size} to {runs.MAX_IMAGE_SIZE} pixels here, not "
            f"{quoted(text)}; this is {nearest}."
        )
    return nearest


def _thaw(text: str, start: PlanState, ignored: list[str]) -> PlanState:
    layers = start.layers
    if text in THAW_WORDS:
        return replace(start, strategy=THAW_WORDS[text])
    index = _whole(text)
    names = [row.name for row in layers]
    if index is not None:
        if not 0 <= index <= len(layers):
            ignored.append(
                f"Layers are counted from 0 to {len(layers)} here, so thawing cannot start at "
                f"{quoted(text)}; this is the nearest possible layer."
            )
        return start.with_cut(index)
    if text in names:
        return replace(start, thaw_from=text)
    near = difflib.get_close_matches(text, names, 1, cutoff=0.8)
    thaw_from = near[0] if near else start.thaw_from
    ignored.append(
        f"{backbones.get(start.backbone).title} has no layer {quoted(text)}; this thaws from "
        f"`{thaw_from}`."
    )
    return replace(start, thaw_from=thaw_from)


def _by_hand(text: str, start: PlanState, ignored: list[str]) -> PlanState:
    count = len(start.layers)
    chosen: set[int] = set()
    for part in text.split("_"):
        first, _, last = part.partition("-")
        begin, end = _whole(first), _whole(last or first)
        if begin is None or end is None or not 0 <= begin <= end < count:
            ignored.append(
                f"{quoted(part)} names no layers from 0 to {count - 1}, so none was set by hand "
                "for it."
            )
            continue
        chosen |= set(range(begin, end + 1))
    return start.with_by_hand(chosen)


def _head(text: str, ignored: list[str]) -> HeadSpec:
    usual = HeadSpec()
    try:
        pooling, units, dropout, outputs = text.split("_")
        head = HeadSpec(pooling, int(units), float(dropout), int(outputs))
    except (ConfigError, ValueError):
        ignored.append(f"{quoted(text)} describes no head; this is {POOLINGS[usual.pooling][0]}.")
        return usual
    within = replace(
        head,
        hidden_units=min(head.hidden_units, runs.MAX_HIDDEN_UNITS),
        dropout=min(head.dropout, runs.MAX_DROPOUT),
        outputs=min(head.outputs, MAX_CLASSES),
    )
    if within != head:
        ignored.append(f"{quoted(text)} is a head beyond the limits; this is the nearest one.")
    return within


def from_link(link: Mapping[str, str]) -> tuple[PlanState, tuple[str, ...]]:
    """Return the state that a link describes, or the nearest valid one.

    Args:
        link: Parameters by name, possibly with those of other pages.

    Returns:
        The state, and a sentence for each part of the link that was ignored.

    Example:

    >>> from_link({"backbone": "vgg16", "size": "8"})[0].image_size
    32
    """
    ignored: list[str] = []
    named = link.get(state.LINK_BACKBONE, next(iter(backbones.BACKBONES)))
    found = PlanState.default(_backbone(named, ignored))
    spec = backbones.get(found.backbone)
    if state.LINK_SIZE in link:
        found = replace(found, image_size=_image_size(link[state.LINK_SIZE], spec, ignored))
    if state.LINK_THAW in link:
        found = _thaw(link[state.LINK_THAW], found, ignored)
    if state.LINK_BATCH_NORM in link:
        policy = link[state.LINK_BATCH_NORM]
        if policy in runs.BATCH_NORM_POLICIES:
            found = replace(found, batch_norm=policy)
        else:
            ignored.append(
                f"BatchNormalization cannot be {quoted(policy)}; here it is {found.batch_norm}."
            )
    if state.LINK_HEAD in link:
        found = replace(found, head=_head(link[state.LINK_HEAD], ignored))
    if state.LINK_BY_HAND in link:
        found = _by_hand(link[state.LINK_BY_HAND], found, ignored)
    return found, tuple(ignored)


def open_page() -> tuple[PlanState, tuple[str, ...]]:
    """Return the state to show: from a new link, or else from the session.

    Returns:
        The state, and a sentence for each part of the link that was ignored.
    """
    now = plan.read()
    said = LINK.unseen(now)
    found, ignored = (now, ()) if said is None else from_link(said)
    size = plan.size_key(found.backbone)
    chosen = state.read(size) is not None if said is None else state.LINK_SIZE in said
    plan.write(found)
    if not chosen:
        # Nobody asked for this size, so the lab still recommends its own.
        state.follow(size, found.image_size)
    return found, ignored


def share(wanted: PlanState) -> None:
    """Make the address of the page a link to this state."""
    first = PlanState.default(next(iter(backbones.BACKBONES)))
    LINK.share(wanted, to_link(wanted), is_first=wanted == first)
