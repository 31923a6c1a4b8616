"""The bar of a lesson above a page, and the second window with the lecturer's notes.

Going to a step is what the browser's back button does: the address changes, and the page opens it.
So nothing but the page itself is drawn for it, and widgets that are bound to the link follow too.
The reader's answers stay in this tab.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lib.core.lessons import schema
from lib.core.lessons.schema import Lesson, Step
from lib.ui.parts import base

_HTML = """
<section class="guide" aria-label="Lesson" hidden>
  <div class="row">
    <button class="back" aria-label="Back" aria-keyshortcuts="ArrowLeft PageUp">‹</button>
    <p class="say" aria-live="polite"></p>
    <button class="next" aria-keyshortcuts="ArrowRight PageDown"></button>
  </div>
  <div class="asked" hidden>
    <p class="question" id="question"></p>
    <div class="answers" role="group" aria-labelledby="question"></div>
    <p class="after" role="status"></p>
  </div>
  <div class="foot">
    <progress aria-label="Steps of the lesson"></progress>
    <span class="where"></span>
    <button class="again" aria-keyshortcuts="s" title="The page as the step set it (S)">
      This step again</button>
    <button class="lecture" aria-keyshortcuts="l" title="For a projector (L)"></button>
    <button class="all" aria-keyshortcuts="h" title="Show what is hidden (H)">Show all</button>
    <button class="notes" aria-keyshortcuts="n" title="Speaker notes in a second window (N)">
      Notes</button>
    <button class="leave">Leave</button>
  </div>
</section>
"""

_COMPONENT = base.component("guide", _HTML)
KEY = "guide"
# Key of what is shown of a lesson that this browser has finished, before its id.
FINISHED = "lesson_done"


def address(lesson: Lesson, number: int, *, present: bool) -> str:
    """Return the parameters of a step's link, without "?".

    Args:
        lesson: The lesson.
        number: Of the step, from 1.
        present: True for lecture mode.
    """
    step = lesson.steps[number - 1]
    said = f"{schema.LESSON}={lesson.id}&{schema.STEP}={number}"
    return "&".join(filter(None, (said, f"{schema.PRESENT}=1" * present, step.state)))


def payload(
    lesson: Lesson,
    number: int,
    addresses: Mapping[str, str],
    look: tuple[str, str],
    controls: Sequence[tuple[str, str]],
    *,
    here: str,
    present: bool,
    notes: bool = False,
    told: bool = False,
) -> dict[str, Any]:
    """Return the data for the browser.

    Args:
        lesson: The lesson.
        number: Of the step that is open, from 1.
        addresses: Address of each page, and of the list of lessons as "lessons".
        look: Selector of the part to look at, and of what is inside of it or "".
        controls: The same of the parts that stay in lecture mode.
        here: Address of the page that is open.
        present: True in lecture mode.
        notes: True for the second window.
        told: True once the room has voted on the question and has seen the answer.
    """
    return {
        "lesson": lesson.id,
        "title": lesson.title,
        "number": number,
        "steps": [
            _step(step, addresses, address(lesson, at, present=present))
            for at, step in enumerate(lesson.steps, start=1)
        ],
        "here": here,
        "lessons": addresses["lessons"],
        "end": f"{schema.FINISHED}={lesson.id}",
        "look": list(look),
        "controls": [list(each) for each in controls],
        # Those in the same component; `whole` if all of it stays.
        "with": [inside for outer, inside in controls if outer == look[0] and inside],
        "whole": (look[0], "") in controls,
        "present": present,
        "notes": notes,
        "told": told,
    }


def _step(step: Step, addresses: Mapping[str, str], query: str) -> dict[str, Any]:
    return {
        "page": addresses[step.page],
        "query": query,
        "say": step.say,
        "notes": step.notes,
        "question": step.question,
        "answers": list(step.answers),
        "right": step.right,
        "after": step.after,
    }


def show(data: dict[str, Any]) -> None:
    """Draw the bar; `data` is what `payload` returns."""
    _COMPONENT(key=KEY, data=data, height="content")


def mark_finished() -> None:
    """Draw no bar, and show of each lesson that this browser has finished that it is."""
    st.html(f'<style>[class*="st-key-{FINISHED}_"] {{ display: none }}</style>')
    _COMPONENT(key=KEY, data={"finished": f".st-key-{FINISHED}_"}, height="content")


def hide_inside(hidden: Sequence[tuple[str, str]]) -> None:
    """Draw no bar, and hide parts inside of components.

    Args:
        hidden: Selector of each component on the page, and of what is inside of it.
    """
    _COMPONENT(key=KEY, data={"hidden": [list(each) for each in hidden]}, height="content")
