"""The first lesson: a drawn cat, what a network says of it, and what its new head changes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lib.core import freezing, heads, runs
from lib.core.backbones import LayerRow
from lib.core.freezing import FreezePlan
from lib.core.maps import feature_maps, predictions
from lib.core.maps.predictions import Answer
from lib.core.runs import Run, TrainConfig
from lib.ui import cache, glossary
from lib.ui.maps import class_names, subject
from lib.ui.parts.feature_maps import payload as drawing

EXAMPLE = "drawn_cat"
# So many lines beside the largest one.
SHOWN = 2


def config() -> TrainConfig:
    """Return the run of the lesson: only the head is trained, on 160 drawings."""
    return runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED)


def recorded() -> Run:
    """Return the recorded run of the lesson, which ships with Thaw."""
    wanted = runs.run_id(config())
    return next(run for run in cache.recorded_runs() if run.id == wanted)


def answer(run: Run) -> Answer | None:
    """Return what the model of a run says of the drawing; None if its head is not stored."""
    return predictions.from_shipped_maps(run, EXAMPLE)


def in_words(run: Run, said: Answer) -> str:
    """Return an answer in words: the class and its confidence."""
    name = run.result["class_names"][said.best]
    return f"{name}, {drawing.percent(float(said.probabilities[said.best]))}"


def payload(*, taught: bool) -> dict[str, Any]:
    """Return the data of the lesson for the browser.

    Args:
        taught: True if the reader has pressed the button before.
    """
    return _fixed() | {"taught": taught}


@lru_cache(maxsize=1)
def _fixed() -> dict[str, Any]:
    run = recorded()
    wanted, said = run.config, answer(run)
    assert said is not None, "The head of the recorded run ships with Thaw."
    maps = feature_maps.load(EXAMPLE, subject.FIRST_SIZE)
    names, shares, top = class_names.names(), maps.probabilities, maps.top()
    both = tuple(run.result["class_names"])
    return {
        "picture": drawing.data_uri(feature_maps.examples()[EXAMPLE].picture()),
        "before": {
            "title": "A network that knows 1,000 things in photographs says:",
            "said": f"{names[top[0]]}, {drawing.percent(float(shares[top[0]]))}",
            "classes": _lines([names[i] for i in top], [float(shares[i]) for i in top]),
        },
        "after": {
            "title": f"After {wanted.num_images} drawings of animals and food it says:",
            "said": in_words(run, said),
            "classes": _lines(both, [float(share) for share in said.probabilities]),
        },
        "invitation": "It is wrong: this is a cat. The network has hardly seen a drawing.",
        "button": f"Teach it {' or '.join(both)}, from {wanted.num_images} drawings",
        "ofBackbone": [
            *("The ", _word("pretrained"), " ", _word("backbone"), ". Blue is "),
            *(_word("frozen"), ": it keeps what it knows. Orange is ", _word("trainable"), "."),
        ],
        "ofHead": ["new ", _word("head")],
        "scale": "not to scale",
        **_network(wanted),
    }


def _word(id_: str, words: str | None = None) -> list[str]:
    """Return a word that explains itself, as teach/main.js draws it."""
    return [words or glossary.TERMS[id_].title.lower(), f"{glossary.ANCHOR}{id_}"]


def _lines(names: Sequence[str], shares: Sequence[float]) -> list[dict[str, object]]:
    return [
        {"name": name, "share": drawing.percent(share), "part": share}
        for name, share in zip(names[: 1 + SHOWN], shares, strict=False)
    ]


def _network(wanted: TrainConfig) -> dict[str, Any]:
    """Describe the strip: its parts, and the trainable parameters for each place of the cut."""
    layers = cache.layer_table(wanted.backbone, wanted.image_size)
    head = heads.count_params(heads.HeadSpec(), layers[-1].output_shape)
    # A part of the strip is a block; the input layer, without parameters, belongs to the first.
    starts = [
        row.index for row in layers if row.index > 1 and row.block != layers[row.index - 1].block
    ]
    starts, ends = [0, *starts], [*starts, len(layers)]
    sizes = [
        sum(row.params for row in layers[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]
    cuts = []
    for start in [*starts, len(layers)]:
        plan = FreezePlan.from_index(layers, start).with_batch_norm_frozen(layers)
        trainable = (freezing.count_params(layers, plan) + head).trainable
        cuts.append({"trainable": trainable, "words": _cut_in_words(start, layers)})
    total = sum(sizes) + head.total
    return {
        "cells": sizes,
        "cuts": cuts,
        "of": [
            *(f"of {total:,} ", _word("parameter", "parameters")),
            *(" would be trained. Drag the ball to ", _word("thaw"), " more."),
        ],
        "trained": [
            *(f"of {total:,} ", _word("parameter", "parameters")),
            " were trained: the orange head, and nothing else.",
        ],
    }


def _cut_in_words(start: int, layers: Sequence[LayerRow]) -> str:
    if not start:
        return "everything is trained"
    if start == len(layers):
        return "only the head is trained"
    return f"all from {layers[start].block.replace('_', ' ')} on is trained"
