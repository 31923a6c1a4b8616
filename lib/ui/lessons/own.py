"""A lecturer's own lesson: steps added page by page, kept in the browser and as a file.

The session has the lesson, the browser's own store keeps it, and the server keeps nothing. What
comes from the store, from a file or from the fields is checked by the parser of all lessons.
"""

from dataclasses import replace
from urllib.parse import quote, urlencode

import streamlit as st

from lib.core.lessons import schema, writing
from lib.core.lessons.schema import Lesson, LessonError, Step
from lib.ui import link, state, widgets
from lib.ui.lessons import course, parts, registry
from lib.ui.pages import PAGES
from lib.ui.parts.own_lesson import component as store

ID = "own"
FILE = f"{ID}.toml"
# What an error calls it, in place of a file.
NAME = "Your lesson"
EMPTY = Lesson(ID, "My lesson", 10, "Nothing.", "A lesson of my own.", ())
# Field of a step, or of the lesson -> key of its widget.
FIELDS = {
    name: f"{state.OWN_STEP}_{name}" for name in ("say", "question", "answers", "after", "notes")
}
RIGHT, LOOK = f"{state.OWN_STEP}_right", f"{state.OWN_STEP}_look"
TOP = {name: f"{state.OWN_LESSON}_{name}" for name in ("title", "needs", "about")}
MINUTES = f"{state.OWN_LESSON}_minutes"


def draft() -> Lesson | None:
    """Return the lesson as it is, perhaps without a step; None if none has been begun."""
    held = state.read(state.OWN_LESSON)
    return held if isinstance(held, Lesson) else None


def find() -> Lesson | None:
    """Return the lesson if it can be played."""
    held = draft()
    return held if held and held.steps else None


def checked(text: str) -> Lesson:
    """Read a lesson from outside.

    Raises:
        LessonError: It has not the format.
    """
    return replace(schema.read(text, NAME, registry.words()), id=ID)


# --- What is kept ---------------------------------------------------------------------------------


def _write(lesson: Lesson | None) -> None:
    state.choose(state.OWN_LESSON, lesson)
    state.choose(state.OWN_LESSON_GONE, lesson is None)


def _attempt(text: str, problem: str = "") -> bool:
    """Take a lesson if it is sound, and say why if it is not."""
    with widgets.attempt(state.OWN_LESSON_PROBLEM):
        if problem:
            raise LessonError(problem)
        _write(checked(text))
    return state.read(state.OWN_LESSON_PROBLEM) is None


def _adopt() -> None:
    """The browser has sent what it keeps; a lesson that this session has counts more."""
    if draft() is None:
        _attempt(store.kept())


def keep(page: str) -> None:
    """See that the browser keeps the lesson, or ask it where a page needs to know.

    Args:
        page: Key of PAGES.
    """
    held = draft()
    if held is not None:
        store.keep(writing.to_toml(held) if held.steps else "", on_kept=_adopt)
    elif state.read(state.OWN_LESSON_GONE):
        store.keep("", on_kept=_adopt)
    elif page == "lessons" or link.get(state.LESSON) == ID:
        store.keep(None, on_kept=_adopt)


# --- A step, from any page ------------------------------------------------------------------------


def panel(page: str) -> None:
    """Draw the panel that adds the page on screen as a step; nothing where no lesson is begun.

    Args:
        page: Key of PAGES.
    """
    keep(page)
    held = draft()
    if held is None or page == "lessons" or link.get(state.LESSON):
        return
    edited = _edited()
    steps = "1 step" if len(held.steps) == 1 else f"{len(held.steps)} steps"
    title = f"Your lesson: change step {edited}" if edited else f"Your lesson: {steps}"
    with st.expander(title, key=state.OWN_LESSON_PANEL, expanded=bool(edited)):
        st.caption("Set this page as you want to show it. The step holds what its address holds.")
        _fields(page)
        label, icon = ("Keep the change", "check") if edited else ("Add this as a step", "add")
        st.button(
            label,
            key=state.OWN_STEP_ADD,
            icon=f":material/{icon}:",
            type="primary",
            on_click=_add,
            args=(page,),
        )
        if edited:
            st.button("Leave it as it was", key=f"{state.OWN_STEP_EDITED}_not", on_click=_empty)
        widgets.last_problem(state.OWN_LESSON_PROBLEM)
        st.page_link(PAGES["lessons"].path, label="See the lesson", icon=":material/school:")


def _fields(page: str) -> None:
    """Draw what is typed for a step; it stays when the reader goes to another page meanwhile."""
    st.text_area(
        "What is said",
        key=FIELDS["say"],
        max_chars=schema.MAX_TEXT,
        height=100,
        persist_state="session",
    )
    st.selectbox(
        "Look at",
        ("", *parts.of(page)),
        key=f"{LOOK}_{page}",
        format_func=lambda name: name.replace("_", " ") or "the whole page",
    )
    st.text_input(
        "Question", key=FIELDS["question"], max_chars=schema.MAX_TEXT, persist_state="session"
    )
    st.text_area(
        "Answers, one on each line", key=FIELDS["answers"], height=100, persist_state="session"
    )
    st.number_input("The right one", 1, schema.MAX_ANSWERS, key=RIGHT, persist_state="session")
    st.text_area(
        "Said after the answer",
        key=FIELDS["after"],
        max_chars=schema.MAX_TEXT,
        persist_state="session",
    )
    st.text_area(
        "Notes for yourself",
        key=FIELDS["notes"],
        max_chars=schema.MAX_NOTES,
        persist_state="session",
    )


def _edited() -> int:
    """Return the number of the step that is being changed; 0 for none."""
    number, held = state.read(state.OWN_STEP_EDITED), draft()
    return number if isinstance(number, int) and held and number <= len(held.steps) else 0


def _empty() -> None:
    """Empty the fields, for the next step."""
    state.choose(state.OWN_STEP_EDITED, 0)
    for key in FIELDS.values():
        state.choose(key, "")
    state.choose(RIGHT, 1)


def _fill(number: int, step: Step) -> None:
    """Put a step into the fields, to be changed on its page or on another one."""
    state.choose(state.OWN_STEP_EDITED, number)
    for name, key in FIELDS.items():
        typed = getattr(step, name)
        state.choose(key, "\n".join(typed) if name == "answers" else typed)
    state.choose(RIGHT, step.right or 1)
    state.choose(f"{LOOK}_{step.page}", step.look)


def _add(page: str) -> None:
    """Add what is typed as a step on the page on screen, or put it in the place of the old one."""
    typed = {name: str(state.read(key) or "").strip() for name, key in FIELDS.items()}
    answers = tuple(filter(None, map(str.strip, typed["answers"].split("\n"))))
    asks = bool(typed["question"])
    step = Step(
        page=page,
        say=typed["say"],
        state=_address(page),
        look=str(state.read(f"{LOOK}_{page}") or ""),
        notes=typed["notes"],
        question=typed["question"],
        answers=answers,
        right=int(str(state.read(RIGHT) or 1)) if asks else 0,
        after=typed["after"],
    )
    held = draft() or EMPTY
    steps, edited = list(held.steps), _edited()
    if not edited:
        steps.append(step)
    elif (old := steps[edited - 1]).page == page:
        # What a file says beyond the fields belongs to the page.
        steps[edited - 1] = replace(step, controls=old.controls, cover=old.cover)
    else:
        steps[edited - 1] = step
    problem = "" if step.say else "A step needs a sentence: what is said on this page?"
    if _attempt(writing.to_toml(replace(held, steps=tuple(steps))), problem):
        _empty()


def _address(page: str) -> str:
    """Return what the address says of the page, as a step has it."""
    said = {name: value for name in PAGES[page].parameters if (value := link.get(name))}
    return urlencode(said, quote_via=quote, safe=",")


# --- The lesson as a whole ------------------------------------------------------------------------


def show() -> None:
    """Draw the lesson where all lessons are listed: its steps, its file, and how to play it."""
    st.subheader("A lesson of your own", anchor=False)
    held = draft()
    if held is None:
        st.markdown(
            "Begin a lesson, then go to any page and set it: a panel at the left adds it to your "
            "lesson, with your sentence and your question. This browser keeps the lesson, and a "
            "file takes it to another one."
        )
        st.button(
            "Begin a lesson", key="own_begin", icon=":material/add:", on_click=_write, args=(EMPTY,)
        )
    else:
        _edit(held)
    st.file_uploader(
        "Open the file of a lesson",
        type="toml",
        key=state.OWN_LESSON_FILE,
        on_change=_load,
        max_upload_size=1,
    )
    widgets.last_problem(state.OWN_LESSON_PROBLEM)


def _load() -> None:
    file = state.read(state.OWN_LESSON_FILE)
    content = file.getvalue() if hasattr(file, "getvalue") else b""
    if content:
        _attempt(content.decode("utf-8", "replace"))


def _edit(held: Lesson) -> None:
    # Fields that were drawn before the lesson grew on another page would come back empty.
    for name, key in TOP.items():
        state.choose(key, getattr(held, name))
    state.choose(MINUTES, held.minutes)
    with st.container(horizontal=True):
        st.text_input("Title", key=TOP["title"], on_change=_retitle, max_chars=100)
        st.number_input(
            "Minutes", 1, schema.MAX_MINUTES, key=MINUTES, on_change=_retitle, width=130
        )
    st.text_input("What needs to be known", key=TOP["needs"], on_change=_retitle, max_chars=200)
    st.text_input("What it shows", key=TOP["about"], on_change=_retitle, max_chars=200)
    if not held.steps:
        st.markdown("It has no step yet. Go to a page, set it, and open the panel at the left.")
    for number, step in enumerate(held.steps, start=1):
        _step(number, step)
    with st.container(horizontal=True):
        if held.steps:
            first = PAGES[held.steps[0].page].path
            begin = {state.LESSON: ID, state.LESSON_STEP: "1"} | held.steps[0].parameters
            st.page_link(first, label="Begin", icon=":material/play_arrow:", query_params=begin)
            st.download_button(
                "Save as a file",
                lambda: writing.to_toml(held),
                file_name=FILE,
                mime="application/toml",
                icon=":material/download:",
                on_click="ignore",
            )
            course.handout_button(held)
        st.button("Delete the lesson", key="own_delete", on_click=_write, args=(None,))


def _step(number: int, step: Step) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**{number}. {PAGES[step.page].title}**", width="content")
        # Text that somebody has typed, shown as it is.
        st.text(" ".join(filter(None, (step.say, step.question))), width="stretch")
        if st.button("Change", key=f"own_change_{number}"):
            _fill(number, step)
            st.switch_page(PAGES[step.page].path, query_params=step.parameters)
        st.button(
            "Up", key=f"own_up_{number}", on_click=_move, args=(number,), disabled=number == 1
        )
        st.button("Remove", key=f"own_remove_{number}", on_click=_remove, args=(number,))


def _retitle() -> None:
    held = draft() or EMPTY
    typed = {name: " ".join(str(state.read(key) or "").split()) for name, key in TOP.items()}
    minutes = int(str(state.read(MINUTES) or held.minutes))
    changed = replace(
        held,
        title=typed["title"] or held.title,
        minutes=minutes,
        needs=typed["needs"] or held.needs,
        about=typed["about"] or held.about,
    )
    if changed.steps:
        _attempt(writing.to_toml(changed))
    else:
        _write(changed)


def _move(number: int) -> None:
    held = draft()
    if held and 1 < number <= len(held.steps):
        steps = list(held.steps)
        steps[number - 2 : number] = steps[number - 1], steps[number - 2]
        state.choose(state.OWN_STEP_EDITED, 0)
        _write(replace(held, steps=tuple(steps)))


def _remove(number: int) -> None:
    held = draft()
    if held and number <= len(held.steps):
        state.choose(state.OWN_STEP_EDITED, 0)
        _write(replace(held, steps=held.steps[: number - 1] + held.steps[number:]))
