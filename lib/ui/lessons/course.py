"""The list of lessons: what each takes, and two ways to begin."""

from urllib.parse import urlencode

import streamlit as st

from lib.code import handout
from lib.core.lessons.schema import Lesson
from lib.ui import glossary, link, state
from lib.ui.lessons import registry
from lib.ui.pages import PAGES
from lib.ui.parts.guide import component as bar


def show() -> None:
    """Draw a card for each lesson that ships, and say which one the reader has just finished."""
    _finished()
    bar.mark_finished()
    with st.container(key="course"), st.grid(2, min_column_width=360):
        for lesson in registry.shipped().values():
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(lesson)


def _finished() -> None:
    """Say which lesson the reader comes from, and lead to the next one of the course."""
    lessons = registry.shipped()
    done = lessons.get(link.get(state.LESSON_FINISHED) or "")
    if done is None:
        return
    with st.container(key="lesson_finished", border=True, gap="xsmall"):
        st.markdown(f":material/check_circle: You have finished: **{done.title}**.")
        at = registry.COURSE.index(done.id) + 1
        if at == len(registry.COURSE):
            st.markdown("This was the last lesson of the course.")
            return
        following = lessons[registry.COURSE[at]]
        st.page_link(
            PAGES[following.steps[0].page].path,
            label=f"Next: {following.title}",
            icon=":material/arrow_forward:",
            query_params=link_to(following),
        )


def _card(lesson: Lesson) -> None:
    first = PAGES[lesson.steps[0].page].path
    with st.container(horizontal=True):
        title = glossary.offered(lesson.title, *glossary.TERMS)
        st.markdown(f"**{title}**", width="content")
        if lesson.id == registry.COURSE[0]:
            st.badge("Start here", color="gray")
        # Hidden until the browser says that it has finished this lesson.
        with st.container(key=f"{bar.FINISHED}_{lesson.id}", width="content"):
            st.badge("Finished", icon=":material/check:", color="gray")
    st.caption(glossary.offered(lesson.about, *glossary.TERMS))
    with st.container(horizontal=True, vertical_alignment="center"):
        # One of eight is dark, so that a newcomer sees where to press (lib/ui/shell.css).
        place = "first" if lesson.id == registry.COURSE[0] else lesson.id
        with st.container(key=f"begin_{place}", width="content"):
            st.page_link(
                first,
                label="Begin",
                icon=":material/play_arrow:",
                query_params=link_to(lesson),
            )
        st.page_link(
            first,
            label="Projector",
            icon=":material/co_present:",
            query_params=link_to(lesson) | {state.PRESENT: "1"},
        )
        with st.popover("More", key=f"about_lesson_{lesson.id}"):
            st.markdown(
                f"It takes {lesson.minutes} minutes. What needs to be known: {lesson.needs}"
            )
            handout_button(lesson, _address(lesson))


def handout_button(lesson: Lesson, address: str = "") -> None:
    """Offer the handout of a lesson, a page to print.

    Args:
        lesson: The lesson.
        address: Of its first step; empty where others cannot open it.
    """
    st.download_button(
        "Handout",
        lambda: handout.html(lesson, address),
        file_name=f"{lesson.id}.html",
        mime="text/html",
        icon=":material/print:",
        type="tertiary",
        help="One page to print, with the questions and, upside down, their answers.",
        on_click="ignore",
        key=f"handout_{lesson.id}",
    )


def _address(lesson: Lesson) -> str:
    """Return the address of the first step, as this browser reaches the app."""
    here = (st.context.url or "").partition("?")[0]
    above = here.rstrip("/").removesuffix(PAGES["lessons"].address)
    if not above.endswith("/"):
        return ""
    return f"{above}{PAGES[lesson.steps[0].page].address}?{urlencode(link_to(lesson))}"


def link_to(lesson: Lesson) -> dict[str, str]:
    """Return the parameters of the link that begins a lesson."""
    return {state.LESSON: lesson.id, state.LESSON_STEP: "1"} | lesson.steps[0].parameters
