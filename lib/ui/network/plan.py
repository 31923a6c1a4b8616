"""The freeze plan of the model summary: one state for all controls, the strip and the link.

A state consists of the strategy with the layer it thaws from, the policy for BatchNormalization,
and the layers set by hand, whose state is the opposite of what the strategy gives. The first half
of this module is pure; the second half reads the state from the session and writes it back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from lib.core import backbones, heads, runs, strategies
from lib.core.backbones import LayerRow
from lib.core.freezing import FreezePlan
from lib.core.heads import POOLINGS, HeadSpec
from lib.ui import state

MAX_CLASSES = 1000


@dataclass(frozen=True)
class PlanState:
    """The state from which everything in the model summary follows.

    Args:
        backbone: Id of the backbone.
        image_size: Side of the square input in pixels.
        strategy: Id of the strategy.
        thaw_from: First thawed layer of partial fine-tuning; the other strategies ignore it.
        batch_norm: Key of runs.BATCH_NORM_POLICIES.
        by_hand: Names of layers whose state is the opposite of what the strategy gives.
        head: The head on top of the backbone.
    """

    backbone: str
    image_size: int
    strategy: str = "partial_fine_tuning"
    thaw_from: str = ""
    batch_norm: str = "frozen"
    by_hand: frozenset[str] = frozenset()
    head: HeadSpec = field(default_factory=HeadSpec)

    @classmethod
    def default(cls, backbone: str) -> "PlanState":
        """Return the initial state: the top layers thawed, so that both colours are visible."""
        spec = backbones.get(backbone)
        return cls(spec.id, spec.image_size, thaw_from=spec.thaw_from)

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """The layer table at the chosen size."""
        return backbones.load_layer_table(self.backbone, self.image_size)

    @property
    def cut(self) -> int:
        """Index of the first thawed layer; the number of layers if none is thawed."""
        if self.strategy == "feature_extraction":
            return len(self.layers)
        if self.strategy == "partial_fine_tuning":
            return backbones.layer_index(self.layers, self.thaw_from)
        return 0

    @property
    def batch_norm_frozen(self) -> bool:
        """True if every BatchNormalization is frozen; with random weights they must be trained."""
        return self.batch_norm == "frozen" and self.strategy != "from_scratch"

    @property
    def by_hand_indices(self) -> tuple[int, ...]:
        """Indices of the layers set by hand, input side first."""
        return tuple(row.index for row in self.layers if row.name in self.by_hand)

    @property
    def plan(self) -> FreezePlan:
        """The freeze plan of this state."""
        rule = strategies.final_plan(self.strategy, self.layers, self.thaw_from, self.batch_norm)
        return FreezePlan(rule.frozen ^ self.by_hand)

    def with_cut(self, index: int) -> "PlanState":
        """Return the state with another cut and without layers set by hand.

        Args:
            index: First thawed layer; an index outside the table thaws all or no layers.
        """
        layers = self.layers
        first = next(row.index for row in layers if row.weights)
        if index <= first:
            # Training from scratch has the same cut, so it is kept.
            keep = self.strategy if self.cut == 0 else "full_fine_tuning"
            return replace(self, strategy=keep, by_hand=frozenset())
        if index >= len(layers):
            return replace(self, strategy="feature_extraction", by_hand=frozenset())
        return replace(
            self,
            strategy="partial_fine_tuning",
            thaw_from=layers[index].name,
            by_hand=frozenset(),
        )

    def with_by_hand(self, indices: Iterable[int]) -> "PlanState":
        """Return the state with exactly these layers set by hand, except those without weights.

        If the result equals another strategy, it becomes that strategy.
        """
        rows = [self.layers[index] for index in set(indices)]
        changed = replace(self, by_hand=frozenset(row.name for row in rows if row.weights))
        if not changed.by_hand:
            return changed
        for strategy in ("feature_extraction", "full_fine_tuning"):
            plain = replace(changed, strategy=strategy, by_hand=frozenset())
            if _thawed(plain) == _thawed(changed):
                return plain
        return changed


def _thawed(wanted: PlanState) -> frozenset[str]:
    return frozenset(row.name for row in wanted.layers if row.weights) - wanted.plan.frozen


# --- The session ------------------------------------------------------------------------------


def size_key(backbone: str) -> str:
    """Return the session key of a backbone's own input size, as in the training lab."""
    return f"{state.IMAGE_SIZE}_{backbone}"


def _one_of(value: Any, options: Iterable[str], otherwise: str) -> str:
    return value if value in list(options) else otherwise


def read() -> PlanState:
    """Read the state from the session; missing or invalid values become defaults."""
    session = st.session_state
    backbone = _one_of(
        session.get(state.BACKBONE), backbones.BACKBONES, next(iter(backbones.BACKBONES))
    )
    spec = backbones.get(backbone)
    usual = PlanState.default(backbone)
    size = session.get(size_key(backbone))
    size = spec.image_size if not isinstance(size, int) else size
    outputs = max(2, int(session.get(state.NUM_CLASSES) or 2))
    found = replace(
        usual,
        image_size=min(max(size, spec.min_image_size), runs.MAX_IMAGE_SIZE),
        strategy=_one_of(session.get(state.STRATEGY), strategies.STRATEGIES, usual.strategy),
        batch_norm=_one_of(
            session.get(state.BATCH_NORM), runs.BATCH_NORM_POLICIES, usual.batch_norm
        ),
        head=HeadSpec(
            _one_of(session.get(state.POOLING), POOLINGS, usual.head.pooling),
            int(session.get(state.HIDDEN_UNITS) or 0),
            float(session.get(state.DROPOUT) or 0.0),
            outputs if session.get(state.LOGIT_PER_CLASS) else heads.outputs_for(outputs),
        ),
    )
    names = {row.name: row for row in found.layers}
    found = replace(found, thaw_from=_one_of(session.get(state.THAW_FROM), names, usual.thaw_from))
    made_under, batch_norm, by_hand = session.get(state.BY_HAND) or (None, "", ())
    if made_under == _base(found):
        # When the BatchNormalization policy changes, it applies to all of these layers again.
        keep = [
            name
            for name in by_hand
            if batch_norm == found.batch_norm or not names[name].is_batch_norm
        ]
        found = replace(found, by_hand=frozenset(keep))
    return found


def _base(wanted: PlanState) -> tuple[str, str, int]:
    return wanted.backbone, wanted.strategy, wanted.cut


def write(wanted: PlanState) -> None:
    """Write a state into the session: in callbacks, or before the widgets are drawn."""
    head = wanted.head
    values = {
        state.BACKBONE: wanted.backbone,
        size_key(wanted.backbone): wanted.image_size,
        state.STRATEGY: wanted.strategy,
        state.THAW_FROM: wanted.thaw_from,
        state.BATCH_NORM: wanted.batch_norm,
        state.POOLING: head.pooling,
        state.HIDDEN_UNITS: head.hidden_units,
        state.DROPOUT: head.dropout,
        state.NUM_CLASSES: max(2, head.outputs),
        state.LOGIT_PER_CLASS: head.outputs == 2,
        state.BY_HAND: (_base(wanted), wanted.batch_norm, tuple(sorted(wanted.by_hand))),
    }
    for key, value in values.items():
        if state.read(key) != value:
            state.choose(key, value)


def accept(gesture: Mapping[str, Any] | None) -> int:
    """Apply a gesture in the strip or the table; invalid gestures change nothing.

    Args:
        gesture: "backbone", "cut" (a layer index), "by_hand" (layer indices) and "number", the
            running number of the gesture. It always has the whole plan, so that a gesture that
            the next one replaced is not lost.

    Returns:
        The number of the gesture, to send back with the resulting state; 0 if there was no
        gesture.
    """
    found = read()
    match gesture:
        case {
            "backbone": found.backbone,
            "cut": int(cut),
            "by_hand": list(by_hand),
            "number": int(number),
        }:
            count = len(found.layers)
            if all(isinstance(index, int) and 0 <= index < count for index in by_hand):
                moved = found if cut == found.cut else found.with_cut(cut)
                write(moved.with_by_hand(by_hand))
            return number
        case {"number": int(number)}:
            return number
    return 0
