"""Ask a worker from a page: one question per slot, its answers cached for this session."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lib.core.errors import ThawError
from lib.ui import cache, state, widgets
from lib.ui.uploads import reader

SECONDS_BETWEEN_LOOKS = 0.3


@dataclass
class Slot:
    """The question of one kind that a session is asking, and its cached answers.

    Args:
        keep: The number of answers to cache.
        key: The key of the current question.
        question: The question that a worker is answering; None if there is none.
        answers: The cached answers by key, oldest first.
    """

    keep: int
    key: Hashable = None
    question: Any = None
    answers: dict[Hashable, Any] = field(default_factory=dict)


def answers(name: str) -> Mapping[Any, Any]:
    """Return the cached answers of a slot by their keys, oldest first."""
    slot = state.read(f"question_{name}")
    return slot.answers if isinstance(slot, Slot) else {}


def forget(name: str) -> None:
    """Drop the cached answers of a slot and its open question."""
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
    """Return a worker's answer; while there is none, draw a progress bar here and return None.

    A question is asked once; another question in the same slot withdraws it. If the worker
    raises an error, the page shows its sentence, a next step and a button to ask again.

    Args:
        name: Name of the slot.
        key: Key of the question; equal keys have equal answers.
        task: "module:function" in a worker.
        waiting: Text of the progress bar.
        room: Height in pixels to reserve for the answer, so that the layout does not jump.
        keep: The number of answers of this slot to cache.
        read: Converts the worker's answer into the value to cache.
        final: Class of the errors after which asking again would not help.
        arguments: Arguments of the function.
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
        session = state.session_id()
        slot.question = client.ask(
            task, owner=f"{session} {name}", asked_by=reader.owner() or session, **arguments
        )
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
    """Show what the worker is doing, and poll until it has answered."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
    def look() -> None:
        if question.state in ("done", "failed"):
            st.rerun()
        share = 0.6 if question.state == "working" else 0.15
        st.progress(share, text=question.position or waiting)

    with st.container(height=room or "content", border=False):
        look()
