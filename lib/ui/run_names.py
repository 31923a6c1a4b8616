"""Names of runs: in lists to choose from, in headings and beside figures.

A run is called what its reader calls it, or else by what the reader did: the images, the layers
that were trained, and the image size. Whatever else tells it from a run of the same name is said
in words beside it.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from lib.core import backbones, strategies
from lib.core.broken.faults import FAULTS
from lib.core.config import SETTINGS
from lib.core.lab.folder import RunMeta
from lib.core.lab.store import RunSummary
from lib.core.reading import compare
from lib.core.runs import Run, TrainConfig
from lib.core.strategy import evidence, rule
from lib.ui import glossary
from lib.ui.uploads import access, pickers, rights

# Runs of one name are told apart by the first of these that do. The versions of data and code are
# no choice of the reader's.
SAID_FIRST = ("dataset", "strategy", "image_size", "num_images", "backbone")
SAID_LAST = ("seed", "training_version")
TELL_APART = (
    *SAID_FIRST,
    # The fault is in every name already.
    *(
        name
        for name in SETTINGS
        if name not in (*SAID_FIRST, *SAID_LAST, "data_fingerprint", "fault")
    ),
    *SAID_LAST,
)
# These need no label in front of their value.
SPEAK_FOR_THEMSELVES = ("backbone", "optimizer", "pooling")


def name(run: Run) -> str:
    """Return the reader's name for a run, or else its settings in words."""
    return called(run.config, rights.words(run))


def meta(run: Run) -> RunMeta:
    """Return the name and note of a run; empty for readers who may see its numbers only."""
    return rights.words(run)


def called(config: TrainConfig, meta: RunMeta) -> str:
    """Return the name of a run if the current reader may see it, or else a description.

    Args:
        config: Settings of the run.
        meta: Name and note that its owner gave it.
    """
    if meta.name and access.may_see(config.dataset):
        # Whatever a reader calls it, a broken run is marked wherever it appears.
        return f"{_broken(config)}{meta.name}"
    return in_words(config)


def in_words(config: TrainConfig) -> str:
    """Describe a run by what the reader did: which images, which layers, and the image size.

    Args:
        config: Settings of the run.
    """
    said = ", ".join(_said(config, name) for name in ("dataset", "strategy", "image_size"))
    return f"{_broken(config)}{said}"


def _broken(config: TrainConfig) -> str:
    """Return the mark of a run that is broken on purpose, before its name; "" for all others."""
    fault = FAULTS.get(config.fault)
    return f"Broken on purpose ({fault.short}): " if fault else ""


def _said(config: TrainConfig, name: str) -> str:
    """Return a setting of a run in words, as a part of its name; "" if it does not apply.

    Args:
        name: Key of SETTINGS.
    """
    if name == "dataset":
        return access.title(config.dataset)
    if name == "strategy":
        return way_title(config).lower()
    if name == "image_size":
        return f"{config.image_size} px"
    if name == "num_images":
        return f"{config.num_images:,} images"
    if name == "thaw_from":
        return f"from {config.thaw_from}" if config.thaw_from else ""
    told = compare.setting(config, name)
    if told == compare.MISSING or name in SPEAK_FOR_THEMSELVES:
        return told.replace(compare.MISSING, "")
    label = SETTINGS[name].label
    # BatchNormalization keeps its capitals.
    return f"{label if label[1:] != label[1:].lower() else label.lower()} {told}"


# --- In lists to choose from ------------------------------------------------------------------


def to_choose(offered: Iterable[RunSummary]) -> dict[str, str]:
    """Return a label for each run of a list, which no other run of the list has.

    A list identifies its entries by their labels. So runs of one name are told apart: by the
    settings in which they differ, else by when they ended, and else by a number.
    """
    lines = list(offered)
    labels = {each.id: (called(each.config, each.meta), *_marks(each)) for each in lines}
    for same in _alike(lines, labels):
        for id_, words in _differences(same, TELL_APART).items():
            title, *marks = labels[id_]
            labels[id_] = (title, *words, *marks)
    for same in _alike(lines, labels):
        for each in same:
            ended = time.strftime("%d %B %Y, %H:%M", time.localtime(each.ended))
            labels[each.id] += (f"ended {ended}",)
    unlike: dict[str, str] = {}  # label -> id
    for each in lines:
        label, number = ", ".join(labels[each.id]), 1
        while label in unlike:
            number += 1
            label = f"{', '.join(labels[each.id])}, number {number}"
        unlike[label] = each.id
    return {id_: label for label, id_ in unlike.items()}


def _marks(summary: RunSummary) -> tuple[str, ...]:
    """Return where a run comes from, if this reader did not train it here."""
    if summary.recorded:
        return ("recorded",)
    return ("imported",) if summary.meta.imported else ()


def _alike(
    lines: Sequence[RunSummary], labels: Mapping[str, tuple[str, ...]]
) -> list[list[RunSummary]]:
    """Return the runs that have one label, for each label that several runs have."""
    by_label: dict[str, list[RunSummary]] = {}
    for each in lines:
        by_label.setdefault(", ".join(labels[each.id]), []).append(each)
    return [same for same in by_label.values() if len(same) > 1]


def _differences(lines: Sequence[RunSummary], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the words that tell each of some runs from the others; no more than are needed.

    Args:
        lines: At least one run.
        names: Settings that may tell them apart, the first ones preferred.
    """
    if len(lines) < 2 or not names:
        return {each.id: () for each in lines}
    first, *others = names
    by_words: dict[str, list[RunSummary]] = {}
    for each in lines:
        by_words.setdefault(_said(each.config, first), []).append(each)
    differs = len(by_words) > 1
    return {
        id_: ((words, *more) if differs and words else more)
        for words, same in by_words.items()
        for id_, more in _differences(same, others).items()
    }


# --- In sentences -----------------------------------------------------------------------------


def on_screen(config: TrainConfig) -> str:
    """Describe the one run on screen, in Markdown."""
    return (
        f"{backbones.get(config.backbone).title} on {pickers.dataset_name(config.dataset)}, "
        f"{config.num_images:,} training images of {config.image_size} px, "
        f"{strategies.get(config.strategy).title.lower()}, "
        f"{glossary.term('seed')} {config.seed}."
        f"{_broken_sentence(config)}"
    )


def _broken_sentence(config: TrainConfig) -> str:
    fault = FAULTS.get(config.fault)
    return f" **Broken on purpose:** {fault.name[:1].lower()}{fault.name[1:]}." if fault else ""


def without_way(config: TrainConfig) -> str:
    """Describe what runs with several ways of training have in common, in Markdown."""
    return (
        f"{pickers.dataset_name(config.dataset)}, {config.num_images:,} training images of "
        f"{config.image_size} pixels, {backbones.get(config.backbone).title}"
    )


def way_title(config: TrainConfig) -> str:
    """Return the title of the run's way of training in the evidence, or else its strategy."""
    return _way_title(config.strategy, config.thaw_from, config.backbone)


@lru_cache(maxsize=256)
def _way_title(strategy: str, thaw_from: str, backbone: str) -> str:
    asked = strategy, thaw_from
    ways = (each for each in evidence.WAYS.values() if rule.how(each.id, backbone) == asked)
    way = next(ways, None)
    return way.title if way else strategies.get(strategy).title
