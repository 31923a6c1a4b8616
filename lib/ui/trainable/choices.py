"""What the reader chose on the page, in the session and in the link.

A place that can be covered, such as an answer, is one character: "." covered; "a", "b", ... covered
with that prediction; "0" open without a prediction; "1", "2", ... open with that prediction. The
first half of this module is pure; the second half reads the session and writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.core.errors import ConfigError
from lib.core.trainable import layer_kinds, traps, truth_table
from lib.ui import cache, link, state
from lib.ui.link import Link, quoted

LINK = Link(state.LINK_TRAINABLE, state.LAYER_GLASS)
COVERED, OPEN = ".", "0"
_DIGITS = "0123456789"
_SWITCH = {"on": True, "off": False}


@dataclass(frozen=True)
class Choices:
    """Everything on the page that a link restores.

    Args:
        kind: Key of layer_kinds.KINDS.
        sizes: Its sizes, in the order of the kind.
        trainable: The switch of that layer.
        step_kind: Class of the layer in the truth table.
        step_trainable: The switch of the truth table.
        cells: A character for each of truth_table.CELLS.
        trap: Key of traps.TRAPS.
        answers: A character for each of traps.TRAPS.
    """

    kind: str = "dense"
    sizes: tuple[int, ...] = tuple(layer_kinds.default_sizes("dense").values())
    trainable: bool = False
    step_kind: str = truth_table.KINDS[0]
    step_trainable: bool = True
    cells: str = COVERED * len(truth_table.CELLS)
    trap: str = next(iter(traps.TRAPS))
    answers: str = COVERED * len(traps.TRAPS)

    @property
    def by_size(self) -> dict[str, int]:
        """The sizes by their keys."""
        return dict(zip(layer_kinds.KINDS[self.kind].sizes, self.sizes, strict=True))


def is_open(place: str) -> bool:
    """Return whether a place is uncovered."""
    return place in _DIGITS


def prediction(place: str) -> int | None:
    """Return the number of the predicted option; None if nothing was predicted.

    Example:

    >>> prediction("b"), prediction("2"), prediction("0"), prediction(".")
    (1, 1, None, None)
    """
    if place in _DIGITS:
        return int(place) - 1 if place != OPEN else None
    return ord(place) - ord("a") if place != COVERED else None


def opened(place: str) -> str:
    """Uncover a place, and keep what was predicted.

    Example:

    >>> opened("b"), opened("."), opened("2")
    ('2', '0', '2')
    """
    told = prediction(place)
    return OPEN if told is None else str(told + 1)


def predicted(option: int) -> str:
    """Return a covered place with a prediction."""
    return chr(ord("a") + option)


def _is_place(place: str, options: int) -> bool:
    told = prediction(place)
    return place in (COVERED, OPEN) or (told is not None and 0 <= told < options)


def valid_cells(text: object) -> str | None:
    """Return the places of the truth table, filled up with covered ones; None if invalid."""
    counts = [len(truth_table.OPTIONS[cell.kind]) for cell in truth_table.CELLS]
    return _places(text, counts)


def valid_answers(text: object) -> str | None:
    """Return the places of the traps, filled up with covered ones; None if invalid."""
    return _places(text, [len(trap.answers) for trap in traps.TRAPS.values()])


def _places(text: object, counts: list[int]) -> str | None:
    if not isinstance(text, str) or len(text) > len(counts):
        return None
    whole = text.ljust(len(counts), COVERED)
    sound = all(_is_place(place, count) for place, count in zip(whole, counts, strict=True))
    return whole if sound else None


# --- The link ---------------------------------------------------------------------------------


def to_link(now: Choices) -> dict[str, str]:
    """Return the parameters of a link to these choices, without usual values.

    The page opens with a frozen layer, but a link that does not name the switch is one to a
    trainable layer, as links always were.

    Example:

    >>> to_link(Choices()), to_link(Choices(trainable=True))
    ({'layer': 'dense', 'trainable': 'off'}, {'layer': 'dense'})
    """
    usual, words = Choices(), {value: word for word, value in _SWITCH.items()}
    found = {state.LINK_LAYER: now.kind}
    if now.sizes != tuple(layer_kinds.default_sizes(now.kind).values()):
        found[state.LINK_SIZES] = "_".join(map(str, now.sizes))
    if not now.trainable:
        found[state.LINK_SWITCH] = words[now.trainable]
    if (now.step_kind, now.step_trainable) != (usual.step_kind, usual.step_trainable):
        found[state.LINK_STEP] = f"{now.step_kind}_{words[now.step_trainable]}"
    if now.cells != usual.cells:
        found[state.LINK_CELLS] = now.cells.rstrip(COVERED)
    if now.trap != usual.trap:
        found[state.LINK_TRAP] = now.trap
    if now.answers != usual.answers:
        found[state.LINK_ANSWERS] = now.answers.rstrip(COVERED)
    return found


def from_link(given: Mapping[str, str]) -> tuple[Choices, tuple[str, ...]]:
    """Return the choices that a link describes, and a sentence for each part that was ignored.

    Args:
        given: Parameters by name.

    Example:

    >>> from_link({"layer": "batch_norm", "trainable": "off"})[0].kind
    'batch_norm'
    """
    found, ignored = replace(Choices(), trainable=bool(given)), []

    def refuse(name: str, words: str) -> None:
        ignored.append(f"{quoted(given[name])} is {words}.")

    if (kind := given.get(state.LINK_LAYER)) is not None:
        if kind in layer_kinds.KINDS:
            found = replace(found, kind=kind, sizes=_usual_sizes(kind))
        else:
            refuse(state.LINK_LAYER, "no kind of layer here")
    if (text := given.get(state.LINK_SIZES)) is not None:
        sizes = _sizes(found.kind, text.split("_"))
        if sizes is None:
            refuse(state.LINK_SIZES, "not the sizes of such a layer")
        else:
            found = replace(found, sizes=sizes)
    if (switch := given.get(state.LINK_SWITCH)) is not None:
        if switch in _SWITCH:
            found = replace(found, trainable=_SWITCH[switch])
        else:
            refuse(state.LINK_SWITCH, "no position of the switch")
    if (step := given.get(state.LINK_STEP)) is not None:
        kind, _, switch = step.partition("_")
        if kind in truth_table.KINDS and switch in _SWITCH:
            found = replace(found, step_kind=kind, step_trainable=_SWITCH[switch])
        else:
            refuse(state.LINK_STEP, "no part of the truth table")
    if (cells := given.get(state.LINK_CELLS)) is not None:
        if (whole := valid_cells(cells)) is not None:
            found = replace(found, cells=whole)
        else:
            refuse(state.LINK_CELLS, "no list of open cells")
    if (trap := given.get(state.LINK_TRAP)) is not None:
        if trap in traps.TRAPS:
            found = replace(found, trap=trap)
        else:
            refuse(state.LINK_TRAP, "no trap of this page")
    if (answers := given.get(state.LINK_ANSWERS)) is not None:
        if (whole := valid_answers(answers)) is not None:
            found = replace(found, answers=whole)
        else:
            refuse(state.LINK_ANSWERS, "no list of answers")
    return found, tuple(ignored)


def _usual_sizes(kind: str) -> tuple[int, ...]:
    return tuple(layer_kinds.default_sizes(kind).values())


def _sizes(kind: str, given: list[Any]) -> tuple[int, ...] | None:
    keys = layer_kinds.KINDS[kind].sizes
    if len(given) != len(keys):
        return None
    try:
        sizes = {key: int(value) for key, value in zip(keys, given, strict=True)}
        layer_kinds.check(kind, sizes)
    except (ConfigError, TypeError, ValueError):
        return None
    return tuple(sizes.values())


# --- The session ------------------------------------------------------------------------------


def read() -> Choices:
    """Return the choices of this session."""
    held = state.read(state.TRAINABLE)
    return held if isinstance(held, Choices) else Choices()


def write(now: Choices) -> None:
    """Store the choices of this session."""
    if has_begun(now):
        # The engine takes some seconds to start: begin while the reader is still predicting.
        cache.client().start()
    state.choose(state.TRAINABLE, now)


def change(**changes: Any) -> None:
    """Change some of the choices: in callbacks."""
    write(replace(read(), **changes))


def has_begun(now: Choices) -> bool:
    """Return whether the reader has predicted or uncovered anything.

    Example:

    >>> has_begun(Choices(kind="gru")), has_begun(Choices(cells="a"))
    (False, True)
    """
    return any(place != COVERED for place in now.cells + now.answers)


def open_page() -> tuple[str, ...]:
    """Take the choices from a new link, and return a sentence for each part that was ignored."""
    if link.get(state.LESSON) is None and (before := link.get(state.LINK_STEP_BEFORE)):
        link.drop(state.LINK_STEP_BEFORE)
        link.put(state.LINK_STEP, before)
    said = LINK.unseen(read())
    if said is None:
        return ()
    found, ignored = from_link(said)
    write(found)
    return ignored


def share() -> None:
    """Make the address of the page a link to the choices on screen."""
    now = read()
    LINK.share(now, to_link(now), is_first=now == Choices())


def accept_layer(gesture: object) -> int:
    """Apply a gesture in the layer under the glass; an invalid one changes nothing.

    Args:
        gesture: "kind", "sizes" by key, "trainable", and "number", its running number.

    Returns:
        The number of the gesture, to send back; 0 if there was no gesture.
    """
    match gesture:
        case {
            "kind": str(kind),
            "sizes": dict(sizes),
            "trainable": bool(trainable),
            "number": int(number),
        }:
            if kind in layer_kinds.KINDS:
                wanted = [sizes.get(key) for key in layer_kinds.KINDS[kind].sizes]
                given = _sizes(kind, wanted)
                change(kind=kind, sizes=given or _usual_sizes(kind), trainable=trainable)
            return number
    return 0


def accept_table(gesture: object) -> tuple[int, int | None]:
    """Apply a gesture in the truth table; an invalid one changes nothing.

    Args:
        gesture: "kind", "trainable", "cells", "run" (the place of a cell to run, or None) and
            "number". It always has the whole table, so that a gesture that the next one replaced
            is not lost.

    Returns:
        The number of the gesture, 0 if there was none; and the cell to run.
    """
    match gesture:
        case {
            "kind": str(kind),
            "trainable": bool(trainable),
            "cells": str(cells),
            "run": int() | None as run,
            "number": int(number),
        }:
            whole = valid_cells(cells)
            if kind in truth_table.KINDS and whole is not None:
                change(step_kind=kind, step_trainable=trainable, cells=whole)
            sound = run is not None and 0 <= run < len(truth_table.CELLS)
            return number, run if sound else None
    return 0, None
