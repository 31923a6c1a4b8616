"""The freeze plan of the model summary: one state behind every control, the strip and the link.

A state is the strategy with the layer it thaws from, what happens to BatchNormalization, and the
layers that were set by hand, which are the opposite of what the strategy gives them. The first
half is pure; the second reads it from the session and the link and writes it back.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from lib.core import backbones, heads, runs, strategies
from lib.core.backbones import LayerRow
from lib.core.errors import ConfigError
from lib.core.freezing import FreezePlan
from lib.core.heads import POOLINGS, HeadSpec
from lib.ui import state

# Words of the link where `thaw` is not a layer.
LINK_STRATEGIES = {
    "nothing": "feature_extraction",
    "everything": "full_fine_tuning",
    "scratch": "from_scratch",
}
MAX_CLASSES = 1000


@dataclass(frozen=True)
class PlanState:
    """Everything the model summary shows follows from this.

    Args:
        backbone: Id of the backbone.
        image_size: Side of the square input in pixels.
        strategy: Id of the strategy.
        thaw_from: First thawed layer of partial fine-tuning; the other strategies ignore it.
        batch_norm: Key of runs.BATCH_NORM_POLICIES.
        by_hand: Names of layers that are the opposite of what the strategy gives.
        head: What is put on top.
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
        """Where a reader starts: the top layers thawed, so that both colours show."""
        spec = backbones.get(backbone)
        return cls(spec.id, spec.image_size, thaw_from=spec.thaw_from)

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """The layer table at the chosen size."""
        return backbones.load_layer_table(self.backbone, self.image_size)

    @property
    def cut(self) -> int:
        """Index of the first thawed layer; as many as there are layers where none is."""
        if self.strategy == "feature_extraction":
            return len(self.layers)
        if self.strategy == "partial_fine_tuning":
            return backbones.layer_index(self.layers, self.thaw_from)
        return 0

    @property
    def batch_norm_frozen(self) -> bool:
        """True where every BatchNormalization is frozen; random weights have to train theirs."""
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
        """The state with the cut elsewhere; layers set by hand follow the cut again.

        Args:
            index: First thawed layer; anything outside the table means all or nothing.
        """
        layers = self.layers
        first = next(row.index for row in layers if row.weights)
        if index <= first:
            # The cut of training from scratch is there too: it stays what it is.
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
        """The state with exactly these layers set by hand; those without weights are left out.

        Where that is what another strategy does, it becomes that strategy.
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


# --- The link ---------------------------------------------------------------------------------


def _ranges(indices: Iterable[int]) -> str:
    """[3, 5, 6, 7] as "3_5-7"."""
    parts: list[list[int]] = []
    for index in sorted(indices):
        if parts and parts[-1][-1] == index - 1:
            parts[-1] = [parts[-1][0], index]
        else:
            parts.append([index])
    return "_".join("-".join(map(str, part)) for part in parts)


def to_link(wanted: PlanState) -> dict[str, str]:
    """The parameters of a link that opens this state; what is usual is left out.

    Example:

    >>> to_link(replace(PlanState.default("vgg16"), strategy="feature_extraction"))
    {'backbone': 'vgg16', 'thaw': 'nothing'}
    """
    usual = PlanState.default(wanted.backbone)
    link = {state.LINK_BACKBONE: wanted.backbone}
    if wanted.image_size != usual.image_size:
        link[state.LINK_SIZE] = str(wanted.image_size)
    words = {strategy: word for word, strategy in LINK_STRATEGIES.items()}
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


def _quoted(text: str) -> str:
    """A piece of a link as it may be shown: short, and inert in Markdown."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text).replace("`", "'")
    return f"`{plain[:40]}`" if plain.strip() else "nothing"


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,8}", text) else None


def _backbone(text: str, ignored: list[str]) -> str:
    if text in backbones.BACKBONES:
        return text
    near = difflib.get_close_matches(text.lower(), backbones.BACKBONES, 1)
    chosen = near[0] if near else next(iter(backbones.BACKBONES))
    ignored.append(f"There is no backbone {_quoted(text)}; this is {backbones.get(chosen).title}.")
    return chosen


def _image_size(text: str, spec: backbones.BackboneSpec, ignored: list[str]) -> int:
    size = _whole(text)
    if size is None:
        ignored.append(f"{_quoted(text)} is no input size; this is {spec.image_size} pixels.")
        return spec.image_size
    nearest = min(max(size, spec.min_image_size), runs.MAX_IMAGE_SIZE)
    if nearest != size:
        ignored.append(
            f"{spec.title} takes {spec.min_image_size} to {runs.MAX_IMAGE_SIZE} pixels here, not "
            f"{_quoted(text)}; this is {nearest}."
        )
    return nearest


def _thaw(text: str, start: PlanState, ignored: list[str]) -> PlanState:
    layers = start.layers
    if text in LINK_STRATEGIES:
        return replace(start, strategy=LINK_STRATEGIES[text])
    index = _whole(text)
    names = [row.name for row in layers]
    if index is not None:
        if not 0 <= index <= len(layers):
            ignored.append(
                f"Layers are counted from 0 to {len(layers)} here, so thawing cannot start at "
                f"{_quoted(text)}; this is the nearest that can be."
            )
        return start.with_cut(index)
    if text in names:
        return replace(start, thaw_from=text)
    near = difflib.get_close_matches(text, names, 1, cutoff=0.8)
    thaw_from = near[0] if near else start.thaw_from
    ignored.append(
        f"{backbones.get(start.backbone).title} has no layer {_quoted(text)}; this thaws from "
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
                f"{_quoted(part)} names no layers from 0 to {count - 1}, so none was set by hand "
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
        ignored.append(f"{_quoted(text)} describes no head; this is {POOLINGS[usual.pooling][0]}.")
        return usual
    within = replace(
        head,
        hidden_units=min(head.hidden_units, runs.MAX_HIDDEN_UNITS),
        dropout=min(head.dropout, runs.MAX_DROPOUT),
        outputs=min(head.outputs, MAX_CLASSES),
    )
    if within != head:
        ignored.append(f"{_quoted(text)} is more head than fits here; this is the nearest.")
    return within


def from_link(link: Mapping[str, str]) -> tuple[PlanState, tuple[str, ...]]:
    """The state a link describes, or the nearest sensible one.

    Args:
        link: Parameters by name; unknown ones are none of this page's business.

    Returns:
        The state, and a sentence for each piece of the link that was ignored.

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
                f"BatchNormalization cannot be {_quoted(policy)}; here it is {found.batch_norm}."
            )
    if state.LINK_HEAD in link:
        found = replace(found, head=_head(link[state.LINK_HEAD], ignored))
    if state.LINK_BY_HAND in link:
        found = _by_hand(link[state.LINK_BY_HAND], found, ignored)
    return found, tuple(ignored)


# --- The session ------------------------------------------------------------------------------


def size_key(backbone: str) -> str:
    """Each backbone remembers its own input size, as in the training lab."""
    return f"{state.IMAGE_SIZE}_{backbone}"


def _one_of(value: Any, options: Iterable[str], otherwise: str) -> str:
    return value if value in list(options) else otherwise


def read() -> PlanState:
    """The state of the session; what is missing or does not fit has its default."""
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
        # A change of the BatchNormalization switch sets every one of them anew.
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
    """Put a state into the session: for callbacks, or before the widgets are drawn."""
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
        if st.session_state.get(key) != value:
            st.session_state[key] = value


def open_page() -> tuple[PlanState, tuple[str, ...]]:
    """The state to show: that of a link the session has not seen, else that of the session.

    Returns:
        The state, and a sentence for each piece of the link that was ignored.
    """
    session = st.session_state
    found = read()
    link = {name: value for name in state.LINK if (value := state.query(name)) is not None}
    # A quick second gesture arrives with the link from before the first: what a reader just did
    # counts for more than the address. Without a gesture, a new address is a pasted link or the
    # browser's back button; an empty one means back only where this page was on screen before.
    acted = session.get(state.LAST_SHOWN) not in (None, found)
    was_here = state.LAYER_STRIP in session
    new_link = link != session.get(state.LAST_LINK, {}) and bool(link or was_here)
    ignored: tuple[str, ...] = ()
    if new_link and not acted:
        found, ignored = from_link(link)
    write(found)
    session[state.LAST_SHOWN] = found
    return found, ignored


def share(wanted: PlanState) -> None:
    """Make the address of the page a link to this state; the first state of all needs none."""
    shown = {name: value for name in state.LINK if (value := state.query(name)) is not None}
    first = PlanState.default(next(iter(backbones.BACKBONES)))
    link = to_link(wanted) if shown or wanted != first else {}
    st.session_state[state.LAST_LINK] = link
    if link != shown:
        others = {k: v for k, v in st.query_params.to_dict().items() if k not in state.LINK}
        st.query_params.from_dict(others | link)


def accept(gesture: Mapping[str, Any] | None) -> int:
    """Take over what a reader did in the strip or the table; nonsense changes nothing.

    Args:
        gesture: "backbone", "cut" (a layer index), "by_hand" (layer indices) and "number", the
            running number of the gesture: always the whole plan, so that one that was overtaken
            by the next is not missed.

    Returns:
        The number of the gesture, to be sent back with the state that is then true; 0 where
        there was no gesture.
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
