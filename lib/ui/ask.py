"""Asking a worker from a page: one question a slot, its answer kept for this session."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lib.core.errors import ThawError
from lib.ui import cache, state, widgets

SECONDS_BETWEEN_LOOKS = 0.3


@dataclass
class Slot:
    """What a session asked of one kind.

    Args:
        keep: How many answers are kept.
        key: What is asked now.
        question: What a worker is busy with; None where nothing is.
        answers: By what was asked, oldest first.
    """

    keep: int
    key: Hashable = None
    question: Any = None
    answers: dict[Hashable, Any] = field(default_factory=dict)


def answers(name: str) -> Mapping[Any, Any]:
    """The answers of a slot that are kept, by what was asked, oldest first."""
    slot = state.read(f"question_{name}")
    return slot.answers if isinstance(slot, Slot) else {}


def forget(name: str) -> None:
    """Keep no answer of a slot, and wait for none."""
    state.choose(f"question_{name}", None)


def _as_it_is(answer: Any) -> Any:
    return answer


def ask(
    name: str,
    key: Hashable,
    task: str,
    *,
    waiting: str,
    room: int | None = None,
    keep: int = 1,
    read: Callable[[Any], Any] = _as_it_is,
    final: type[ThawError] | None = None,
    **arguments: Any,
) -> Any:
    """What a worker says to a question, or None while it has not: then the page says so here.

    A question is asked once; asking for something else in the same slot withdraws it. An answer
    that is an error is one sentence, a next step and a button.

    Args:
        name: Of the slot.
        key: What is asked: equal keys have equal answers.
        task: "module:function" in a worker.
        waiting: What is going on meanwhile, in words.
        room: Pixels kept free for what will be in this place, so that nothing jumps.
        keep: How many answers of this slot are kept.
        read: Makes of the worker's answer what is kept.
        final: Kind of errors that asking again would not change.
        arguments: Of the function.
    """
    slot = state.read(f"question_{name}")
    if not isinstance(slot, Slot):
        slot = Slot(keep)
        state.choose(f"question_{name}", slot)
    if key in slot.answers:
        return slot.answers[key]
    if slot.question is None or slot.key != key:
        client = cache.client()
        client.start()
        slot.key = key
        slot.question = client.ask(task, owner=f"{state.session_id()} {name}", **arguments)
    question = slot.question
    if question.state == "done":
        slot.answers[key] = read(question.answer)
        slot.question = None
        while len(slot.answers) > slot.keep:
            del slot.answers[next(iter(slot.answers))]
        return slot.answers[key]
    if question.state == "failed":
        error = question.error or ThawError("The worker gave no answer.")
        widgets.problem(error)
        may_help = final is None or not isinstance(error, final)
        if may_help and st.button("Ask again", key=f"ask_again_{name}", icon=":material/refresh:"):
            slot.question = None
            st.rerun()
        return None
    _wait(question, waiting, room)
    return None


def _wait(question: Any, waiting: str, room: int | None) -> None:
    """Say what the worker is doing, and look again until it has answered."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        if question.state in ("done", "failed"):
            st.rerun()
        share = 0.6 if question.state == "working" else 0.15
        st.progress(share, text=question.position or waiting)

    with st.container(height=room or "content", border=False):
        look()
