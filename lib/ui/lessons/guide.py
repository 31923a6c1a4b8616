"""The guide: with `?lesson=<id>&step=<n>` in the link of any page, a step of a lesson above it.

Without a lesson and without hidden parts in the link, it draws nothing. What the browser does is in
lib/ui/parts/guide; here are the rules for what stands on the page, in style sheets made of the
selectors of lib/ui/lessons/parts.py and of nothing else.
"""

from urllib.parse import parse_qsl

import streamlit as st

from lib.core.lessons.schema import Lesson, Step
from lib.ui import link, state
from lib.ui.lessons import own, parts, registry
from lib.ui.pages import PAGES
from lib.ui.parts.guide import component as bar
from lib.ui.vote import projector

MAIN = "[data-testid=stMainBlockContainer]"
_BAR, _HEADING = f".st-key-{bar.KEY}_box", ".st-key-heading"
# What steps back is grey, and its text keeps 4.5:1: ink at this opacity does, quiet text would not.
# It comes forward again under the pointer and the keyboard.
_FAINT = "{ opacity: 0.62; filter: grayscale(1); transition: opacity 0.2s }"
_INK = "[data-testid=stCaptionContainer], .stMarkdownColoredText"
ADDRESSES = {name: page.address for name, page in PAGES.items()}


def show(page: str) -> None:
    """Draw the step that the link names; the first thing on a page.

    Args:
        page: Key of PAGES.
    """
    id_ = link.get(state.LESSON)
    if id_ is None:
        return
    lesson = own.find() if id_ == own.ID else registry.find(id_)
    if lesson is None and id_ == own.ID:
        st.info("This browser keeps no lesson of yours. Open its file on the page Lessons.")
        return
    if lesson is None:
        st.warning(f"There is no lesson {link.quoted(id_)}.", icon=":material/link_off:")
        return
    said = link.get(state.LESSON_STEP) or "1"
    number = int(said) if said.isdecimal() and len(said) < 3 else 1
    number = min(max(number, 1), len(lesson.steps))
    step, present = lesson.steps[number - 1], bool(link.get(state.PRESENT))
    if link.get(state.NOTES):
        _draw(lesson, number, page, present=present, notes=True)
        st.stop()
    if step.page != page:
        # Typed by hand: the step is on another page.
        to = bar.address(lesson, number, present=present)
        st.switch_page(PAGES[step.page].path, query_params=_pairs(to))
    st.html(f"<style>{rules(lesson, number, present=present)}</style>")
    _draw(lesson, number, page, present=present)


def _draw(lesson: Lesson, number: int, page: str, *, present: bool, notes: bool = False) -> None:
    step = lesson.steps[number - 1]
    look, *controls = _selectors(step) or [("", "")]
    with st.container(key=f"{bar.KEY}_box", gap=None):
        above = st.container(gap=None)
        asks = present and bool(step.question) and not notes
        told = asks and projector.offer(lesson.id, number, step)
    data = bar.payload(
        lesson,
        number,
        ADDRESSES,
        look,
        controls,
        here=ADDRESSES[page],
        present=present,
        notes=notes,
        told=told,
    )
    with above:
        bar.show(data)


def _selectors(step: Step) -> list[tuple[str, str]]:
    """Return the selectors of what a step looks at, and of what stays in lecture mode."""
    known = parts.of(step.page)
    return [parts.split(known[each]) for each in (step.look, *step.controls)] if step.look else []


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def rules(lesson: Lesson, number: int, *, present: bool) -> str:
    """Return the style sheet of a step.

    Args:
        lesson: The lesson.
        number: Of the step, from 1.
        present: True in lecture mode.
    """
    step, name = lesson.steps[number - 1], f"{lesson.id}.{number}"
    if not step.look:
        return ""
    selectors = _selectors(step)
    outer, inside = selectors[0]
    kept = ", ".join(dict.fromkeys(each for each, _ in selectors))
    around = f"{MAIN} :has({kept}) > :not({kept}, :has({kept}), {_BAR}, :has({_BAR})"
    back = f"{around}, {_HEADING}, :has({_HEADING}), :hover, :focus-within)"
    found = [f"{back} {_FAINT}", f"{back} :is({_INK}) {{ color: inherit !important; opacity: 1 }}"]
    if present:
        shut = "html:not([data-guide-all])"
        gone = ("[data-testid=stSidebar]", "[data-testid=stHeader]", f"{around})")
        found.append(f"{', '.join(f'{shut} {each}' for each in gone)} {{ display: none }}")
        found.append(f"{shut} [data-testid=stMain] {MAIN} {{ padding: 0.6rem 1.5rem 0 }}")
    if step.question:
        # The browser opens it after the answer, or covers what is inside of the component instead.
        covers = f', [data-guide-covers="{name}"]' if inside else ""
        waits = f'html:not([data-guide-open="{name}"]{covers}) {MAIN} :is({outer})'
        # Streamlit makes some texts visible by themselves, whatever they are in.
        found.append(f"{waits}, {waits} * {{ visibility: hidden !important }}")
        known = parts.of(step.page)
        for further in (parts.split(known[each])[0] for each in step.cover):
            waits = f'html:not([data-guide-open="{name}"]) {MAIN} :is({further})'
            found.append(f"{waits}, {waits} * {{ visibility: hidden !important }}")
    return "\n".join(found)


def hide(page: str) -> None:
    """Hide the parts that the link names, below the heading.

    Args:
        page: Key of PAGES.
    """
    said = link.get(state.HIDE)
    if said is None:
        return
    names, known = said.split(","), parts.of(page)
    hidden = [parts.split(known[name]) for name in names if name in known]
    outer = [outer for outer, inside in hidden if not inside]
    if outer:
        st.html(f"<style>{MAIN} :is({', '.join(outer)}) {{ display: none }}</style>")
    inner = [each for each in hidden if each[1]]
    if inner and link.get(state.LESSON) is None:
        bar.hide_inside(inner)
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(map(link.quoted, unknown[:5]))
        link.warn([f"{listed}: no part of this page. Its parts are {', '.join(known)}."])
