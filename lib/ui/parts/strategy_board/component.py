"""The questions, the recommendation and the map in one component.

The browser updates at once: it has every recommendation and looks up the one for the answers.
The server then evaluates the rule itself, and its result replaces the browser's.
"""

import base64
import json
from functools import lru_cache
from itertools import product
from typing import Any

from lib.core import backbones, freezing
from lib.core.datasets import DatasetSpec
from lib.core.evidence import choosing, grid
from lib.core.evidence.choosing import Field
from lib.core.maps import feature_maps as examples
from lib.core.strategy import kinds, rule
from lib.core.strategy.prose import REGIONS
from lib.core.strategy.rule import Recommendation, Situation
from lib.figures.svg import backbone_strip
from lib.figures.svg import kinds as drawn
from lib.ui import cache, glossary, shell, state
from lib.ui.parts import base
from lib.ui.parts.feature_maps.payload import data_uri
from lib.ui.parts.strategy_board import payload as strategy_payload
from lib.ui.strategy import answers as strategy_answers
from lib.ui.strategy.answers import Answers

_HTML = """
<section class="strategy" aria-label="Which strategy suits your data">
  <div class="side">
    <article class="advice" aria-live="polite">
      <p class="over">Recommended</p>
      <h2></h2>
      <p class="reason"></p>
      <img class="strip" alt="" />
      <p class="learns"></p>
      <p class="near"></p>
    </article>
    <div class="questions"></div>
  </div>
  <div class="chart">
    <fieldset class="kinds"><legend>What do the images show?</legend></fieldset>
    <div class="plane">
      <p class="axis">similarity to <a href="#term-imagenet">ImageNet</a> ↑</p>
      <svg aria-hidden="true"></svg>
      <button class="point" aria-label="Your data"></button>
      <p class="under"></p>
      <p class="axis across">training images →</p>
    </div>
    <ul class="legend" aria-label="Best way of training in the recorded runs"></ul>
    <p class="spoken"></p>
  </div>
</section>
"""

_COMPONENT = base.component("strategy_board", _HTML)


def _fields() -> tuple[Field, ...]:
    return choosing.fields([each for each in cache.grid() if each.backbone == grid.BACKBONE])


def _advice(advice: Recommendation) -> dict[str, Any]:
    return {
        "region": advice.region,
        "way": advice.way,
        "title": advice.title,
        "reason": glossary.offered(advice.reason, *glossary.TERMS),
        "notes": advice.notes,
    }


def _situations(noisy: bool, hurry: bool, phone: bool) -> dict[str, Situation]:
    """Return a situation in each region, far from every border."""
    minutes = strategy_answers.HURRY_MINUTES if hurry else None
    return {
        region.id: Situation(
            strategy_answers.MAX_IMAGES if region.large else 1,
            float(region.similar),
            2,
            minutes,
            phone,
            noisy,
        )
        for region in REGIONS.values()
    }


@lru_cache(maxsize=32)
def _fixed(backbone: str, dark: bool) -> str:
    """Return the data that no answer changes as JSON, encoded only once."""
    layers = backbones.load_layer_table(backbone)
    advices: dict[str, Any] = {}
    plans = {}
    for noisy, hurry, phone in product((False, True), repeat=3):
        key = "".join("01"[each] for each in (noisy, hurry, phone))
        advices[key] = {}
        for region, situation in _situations(noisy, hurry, phone).items():
            advice = rule.recommend(situation, backbone)
            advices[key][region] = _advice(advice)
            plans[advice.way] = _plan(advice, layers, dark)
    return json.dumps(
        {
            "advices": advices,
            "plans": plans,
            "border": {
                "images": rule.LARGE_NUM_IMAGES,
                "perClass": rule.LARGE_PER_CLASS,
                "noisy": rule.NOISY_FACTOR,
                "nearFactor": rule.NEAR_FACTOR,
                "nearSimilarity": rule.NEAR_SIMILARITY,
            },
            "hurryMinutes": strategy_answers.HURRY_MINUTES,
            "headOnlyMinutes": rule.HEAD_ONLY_MINUTES,
            "most": {
                "images": strategy_answers.MAX_IMAGES,
                "classes": strategy_answers.MAX_CLASSES,
            },
            "pictures": {
                kind: data_uri(examples.examples()[id_].thumbnail())
                for kind, id_ in strategy_answers.PICTURES.items()
            }
            | {kind: _svg_uri(drawn.svg(kind)) for kind in drawn.KINDS},
            "map": strategy_payload.payload(_fields(), dark=dark),
        },
        separators=(",", ":"),
    )


def _svg_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"


def _plan(advice: Recommendation, layers: Any, dark: bool) -> dict[str, str]:
    """Return a freeze plan as a picture and in words."""
    plan = rule.plan(advice, layers)
    counts = freezing.count_params(layers, plan)
    return {
        "picture": _svg_uri(backbone_strip.svg(layers, plan, dark=dark)),
        "words": glossary.offered(
            f"{counts.trainable:,} of {counts.total:,} parameters learn, and the new head."
            if counts.trainable
            else f"All {counts.total:,} parameters are frozen; the head learns.",
            *("parameter", "frozen", "head"),
        ),
    }


def payload(
    answers: Answers, dataset: DatasetSpec, backbone: str, gesture: object, *, dark: bool = False
) -> dict[str, Any]:
    """Return the data for the browser: the look-up table, the answers and the recommendation.

    Args:
        answers: The reader's answers.
        dataset: The chosen dataset.
        backbone: Id of the chosen backbone.
        gesture: Number of the last gesture that the server has received.
        dark: True for the dark theme.
    """
    now = answers.situation
    advice = rule.recommend(now, backbone)
    return {
        "fixed": _fixed(backbone, dark),
        "dataset": {"id": dataset.id, "title": dataset.title},
        "own": now == strategy_answers.of_dataset(dataset),
        "knowsKind": kinds.kind_of(dataset.id) is not None,
        "answers": {
            "images": now.num_images,
            "classes": now.num_classes,
            "similarity": now.similarity,
            "minutes": now.minutes,
            "phone": now.phone,
            "noisy": now.noisy,
        },
        "advice": {
            "region": advice.region,
            "way": advice.way,
            "title": advice.title,
            "largeFrom": now.large_from,
            "neighbours": [each.region for each in advice.neighbours],
        },
        "gesture": gesture,
    }


def show(answers: Answers, dataset: DatasetSpec, backbone: str) -> None:
    """Draw the board. Gestures are stored in the session before the next rerun.

    Args:
        answers: The reader's answers.
        dataset: The chosen dataset.
        backbone: Id of the chosen backbone.
    """

    def take_over() -> None:
        gesture = base.said(state.STRATEGY_BOARD, "gesture")
        number = strategy_answers.accept(gesture, dataset.id)
        state.choose(state.SITUATION_GESTURE, number)

    _COMPONENT(
        key=state.STRATEGY_BOARD,
        data=payload(
            answers,
            dataset,
            backbone,
            state.read(state.SITUATION_GESTURE, 0),
            dark=shell.is_dark(),
        ),
        on_gesture_change=take_over,
    )
