"""The answers on the strategy page: one situation for the questions, the map and the link.

The chosen dataset gives the answers until the reader changes them, and a change applies to that
dataset only. The first half is pure; the second half reads and writes the session and the link.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from lib.core import backbones, datasets
from lib.core.datasets import DatasetSpec
from lib.core.errors import ConfigError
from lib.core.strategy import kinds
from lib.core.strategy.rule import Situation
from lib.ui import state
from lib.ui.link import Link, quoted
from lib.ui.uploads import access

MAX_IMAGES = 10_000_000
MAX_CLASSES = 1_000
MAX_MINUTES = 100_000.0
# "Must train within a minute" as a number.
HURRY_MINUTES = 0.5
# Pictures along the scale that ship with Thaw: kind of images -> example of the pooling page.
PICTURES = {"everyday": "cat", "drawings": "drawn_cat", "technical": "cracked_cell"}
LINK = Link(state.LINK_SITUATION, state.STRATEGY_BOARD)


@dataclass(frozen=True)
class Answers:
    """The answers for one dataset.

    Args:
        dataset: Id of the chosen dataset.
        situation: The answers.
    """

    dataset: str
    situation: Situation


def of_dataset(spec: DatasetSpec) -> Situation:
    """Return the answers that follow from a dataset.

    Args:
        spec: A dataset of the registry, or the reader's own, whose similarity is not known.
    """
    kind = kinds.kind_of(spec.id)
    return Situation(
        min(max(1, spec.max_train_images), MAX_IMAGES),
        kind.value if kind else 1.0,
        max(2, spec.num_classes),
    )


# --- The link ---------------------------------------------------------------------------------


def to_link(answers: Answers, backbone: str) -> dict[str, str]:
    """Return the parameters of a link that restores the answers.

    Args:
        answers: All answers.
        backbone: Id of the backbone.

    Example:

    >>> to_link(Answers("elpv", Situation(200, 0.2)), "vgg16")["similar"]
    '0.2'
    """
    now = answers.situation
    link = {
        state.LINK_DATASET: answers.dataset,
        state.LINK_BACKBONE: backbone,
        state.LINK_IMAGES: f"{now.num_images}",
        state.LINK_CLASSES: f"{now.num_classes}",
        state.LINK_SIMILAR: f"{now.similarity:g}",
    }
    if now.minutes is not None:
        link[state.LINK_MINUTES] = f"{now.minutes:g}"
    if now.phone:
        link[state.LINK_PHONE] = "1"
    if now.noisy:
        link[state.LINK_NOISY] = "1"
    return link


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,6})?|\.[0-9]{1,6}", text):
        return None
    return float(text)


def from_link(
    link: Mapping[str, str], known: Collection[str], own: Situation
) -> tuple[dict[str, str], Situation, tuple[str, ...]]:
    """Return the answers in a link; missing or invalid ones are those of the dataset.

    Args:
        link: Parameters by name.
        known: Ids of the datasets that can be chosen here.
        own: The answers that follow from the dataset of the link.

    Returns:
        Choices of the dataset and the backbone, the answers, and a sentence for each part of
        the link that was ignored.
    """
    ignored = []
    chosen = {}
    for name, options, what in (
        (state.LINK_DATASET, known, "dataset"),
        (state.LINK_BACKBONE, backbones.BACKBONES, "backbone"),
    ):
        if name in link:
            if link[name] in options:
                chosen[name] = link[name]
            else:
                ignored.append(f"There is no {what} {quoted(link[name])} here.")
    found: dict[str, Any] = {}
    for name, field, low, high, what in (
        (state.LINK_IMAGES, "num_images", 1, MAX_IMAGES, "number of images"),
        (state.LINK_CLASSES, "num_classes", 2, MAX_CLASSES, "number of classes"),
        (state.LINK_SIMILAR, "similarity", 0, 1, "similarity"),
        (state.LINK_MINUTES, "minutes", 0, MAX_MINUTES, "time in minutes"),
    ):
        if name not in link:
            continue
        value = _number(link[name])
        whole = field.startswith("num_")
        usable = value is not None and low <= value <= high and not (whole and value % 1)
        if value is None or not usable or (field == "minutes" and not value):
            ignored.append(
                f"{quoted(link[name])} is no {what}: that is {low:,} to {high:,}; "
                "the dataset's own answer stays."
                if field != "minutes"
                else f"{quoted(link[name])} is no {what}."
            )
            continue
        found[field] = int(value) if whole else value
    for name, field in ((state.LINK_PHONE, "phone"), (state.LINK_NOISY, "noisy")):
        if name in link:
            if link[name] in ("0", "1"):
                found[field] = link[name] == "1"
            else:
                ignored.append(f"`{name}` in a link is 0 or 1, not {quoted(link[name])}.")
    return chosen, replace(own, **found), tuple(ignored)


# --- The session ------------------------------------------------------------------------------


def read(dataset: DatasetSpec) -> Answers:
    """Return the reader's answers for a dataset, or else those that follow from it."""
    by_hand = st.session_state.get(state.SITUATION)
    if isinstance(by_hand, Answers) and by_hand.dataset == dataset.id:
        return by_hand
    return Answers(dataset.id, of_dataset(dataset))


def answer(dataset: str, situation: Situation | None) -> None:
    """Store the reader's answers; None restores those of the dataset."""
    st.session_state[state.SITUATION] = Answers(dataset, situation) if situation else None


def _now() -> tuple[Answers, str]:
    """Return the answers and the backbone of the session."""
    session = st.session_state
    known = access.datasets()
    dataset = session.get(state.DATASET)
    spec = known[dataset] if dataset in known else next(iter(known.values()))
    backbone = session.get(state.BACKBONE)
    return read(spec), backbone if backbone in backbones.BACKBONES else next(
        iter(backbones.BACKBONES)
    )


def open_link() -> tuple[str, ...]:
    """Apply a new link, before any widget of the page is drawn.

    Returns:
        A sentence for each part of the link that was ignored.
    """
    said = LINK.unseen(_now())
    if said is None:
        return ()
    known = access.datasets()
    named = (said.get(state.LINK_DATASET), state.read(state.DATASET) if said else None, *known)
    spec = next(known[name] for name in named if name in known)
    own = of_dataset(spec)
    chosen, situation, ignored = from_link(said, known, own)
    backbone = chosen.get(state.LINK_BACKBONE, _now()[1])
    state.choose(state.DATASET, spec.id)
    state.choose(state.BACKBONE, backbone)
    answer(spec.id, situation if situation != own else None)
    return ignored


def share(answers: Answers, backbone: str) -> None:
    """Make the address of the page a link to these answers."""
    first = next(iter(datasets.DATASETS.values()))
    untouched = answers == Answers(first.id, of_dataset(first))
    is_first = untouched and backbone == next(iter(backbones.BACKBONES))
    LINK.share((answers, backbone), to_link(answers, backbone), is_first=is_first)


def accept(gesture: object, dataset: str) -> int:
    """Apply a gesture on the board; invalid gestures change nothing.

    Args:
        gesture: All answers, so that a gesture that the next one replaced is not lost, and
            "number", its running number; "images" None restores the dataset's answers.
        dataset: Id of the dataset on screen.

    Returns:
        The number of the gesture, to send back with the resulting answers.
    """
    match gesture:
        case {"number": int(number), "dataset": str(of), **said} if of == dataset:
            if said.get("images") is None:
                answer(dataset, None)
            elif situation := _situation(said):
                answer(dataset, situation)
            return number
        case {"number": int(number)}:
            return number
    return 0


def _situation(said: Mapping[Any, Any]) -> Situation | None:
    """Return the answers of a gesture; None if they are invalid."""
    match said:
        case {
            "images": int(images),
            "classes": int(classes),
            "similarity": (int() | float()) as alike,
            "minutes": (int() | float() | None) as minutes,
            "phone": bool(phone),
            "noisy": bool(noisy),
        } if images <= MAX_IMAGES and classes <= MAX_CLASSES and math.isfinite(minutes or 0):
            try:
                return Situation(int(images), float(alike), int(classes), minutes, phone, noisy)
            except ConfigError:
                return None
    return None
