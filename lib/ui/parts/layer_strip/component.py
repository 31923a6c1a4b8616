"""The layer instrument: the strip to scale, the head, the cut, the counts and the table.

After a gesture the browser computes the numbers at once from the costs in the layer table; the
server computes them again from the freeze plan, and its numbers replace them.
"""

import json
from functools import lru_cache
from typing import Any

from lib.core import backbones, freezing, heads
from lib.core.network import step_cost
from lib.ui import state
from lib.ui.network import plan
from lib.ui.network.plan import PlanState
from lib.ui.parts import base

_HTML = """
<section class="instrument" aria-label="The layers of the backbone">
  <header>
    <p class="notice" role="status"></p>
    <ul class="legend" aria-label="Colours">
      <li class="frozen"><a href="#term-frozen">frozen</a></li>
      <li class="trainable"><a href="#term-trainable">trainable</a></li>
      <li class="statistics" hidden><a href="#term-statistics">statistics</a></li>
    </ul>
  </header>
  <div class="strip">
    <div class="cut"><span class="cut-words"></span></div>
    <button class="knob" role="slider" aria-label="First thawed layer" aria-valuemin="0"></button>
    <svg aria-hidden="true"></svg>
  </div>
  <div class="under">
    <span>image</span>
    <div class="width" role="radiogroup" aria-label="Width of a layer"></div>
    <span class="end">into the head</span>
    <span class="scale">not to scale</span>
  </div>
  <div class="below">
    <div class="counts">
      <div class="meters"></div>
      <details>
        <summary>What do memory and other tools say?</summary>
        <div class="line"></div>
      </details>
    </div>
    <div class="table">
      <div class="tools"></div>
      <div class="rows" tabindex="0" role="region" aria-label="Layer table"></div>
      <p class="own-page" hidden>
        Layers set by hand apply to this page only: the lab thaws from one layer on.
      </p>
    </div>
  </div>
</section>
"""

_COMPONENT = base.component("layer_strip", _HTML)


@lru_cache(maxsize=64)
def _table(backbone: str, image_size: int) -> str:
    """Return the data that does not depend on the plan as JSON, encoded only once."""
    layers = backbones.load_layer_table(backbone, image_size)
    index = {row.name: row.index for row in layers}
    return json.dumps(
        {
            "backbone": backbone,
            "title": backbones.get(backbone).title,
            "boundaries": freezing.block_boundaries(layers),
            "layers": [
                {
                    "name": row.name,
                    "type": row.type,
                    "block": row.block,
                    "shape": row.output_shape,
                    "inbound": [index[name] for name in row.inbound],
                    "params": row.params,
                    "trainable": row.trainable_params,
                    "statistics": row.statistics_params if row.is_batch_norm else 0,
                    "tensors": sum(weight.trainable for weight in row.weights),
                    "batchNorm": row.is_batch_norm,
                    "cost": list(step_cost.step_cost(row)),
                    "multiplyAdds": step_cost.multiply_adds(row),
                }
                for row in layers
            ],
        },
        separators=(",", ":"),
    )


@lru_cache(maxsize=4096)
def numbers(wanted: PlanState) -> dict[str, float]:
    """Compute every number of the meters from the freeze plan. Callers must not change the dict.

    Args:
        wanted: The state on screen.
    """
    layers, freeze = wanted.layers, wanted.plan
    features = layers[-1].output_shape
    counts = freezing.count_params(layers, freeze) + heads.count_params(wanted.head, features)
    tensors = freezing.count_trainable_tensors(layers, freeze)
    return {
        "total": counts.total,
        "trainable": counts.trainable,
        "tensors": tensors + heads.count_trainable_tensors(wanted.head),
        "layersThawed": freezing.layers_thawed(layers, freeze),
        "moving": freezing.moving_statistics(layers, freeze),
        "optimizer": step_cost.adam_params(counts.trainable),
        "stepTime": step_cost.relative_step_time(layers, freeze),
    }


def payload(wanted: PlanState, gesture: object) -> dict[str, Any]:
    """Return the data for the browser: the table, the plan, and the numbers that follow from it.

    Args:
        wanted: The state on screen.
        gesture: Number of the last gesture that the server has received.
    """
    layers = wanted.layers
    return {
        "table": _table(wanted.backbone, wanted.image_size),
        "head": {
            "params": heads.count_params(wanted.head, layers[-1].output_shape).total,
            "tensors": heads.count_trainable_tensors(wanted.head),
        },
        "plan": {
            "cut": wanted.cut,
            "batchNormFrozen": wanted.batch_norm_frozen,
            "byHand": wanted.by_hand_indices,
        },
        "numbers": numbers(wanted),
        "gesture": gesture,
    }


def _take_over() -> None:
    state.choose(state.GESTURE, plan.accept(base.said(state.LAYER_STRIP, "gesture")))


def show(wanted: PlanState) -> None:
    """Draw the instrument. Gestures are stored in the session before the next rerun.

    Args:
        wanted: The state on screen.
    """
    _COMPONENT(
        key=state.LAYER_STRIP,
        data=payload(wanted, state.read(state.GESTURE, 0)),
        on_gesture_change=_take_over,
    )
