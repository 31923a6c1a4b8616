"""The section with the twelve traps: predict, uncover or run, and see the cure."""

from dataclasses import replace
from typing import Any

import streamlit as st

from lib.core.trainable import outcome, traps
from lib.core.trainable.traps import FACTS, TRAPS, Pair, Trap
from lib.ui import ask, sources, state
from lib.ui.parts.moved_arrays import component as moved_arrays
from lib.ui.trainable import choices, experiments
from lib.ui.trainable.choices import COVERED

TASK = "lib.training.experiments.answer:run"
_KEYS = tuple(TRAPS)


def _place(key: str) -> str:
    return choices.read().answers[_KEYS.index(key)]


def _set_place(key: str, place: str) -> None:
    now, at = choices.read(), _KEYS.index(key)
    choices.write(replace(now, answers=now.answers[:at] + place + now.answers[at + 1 :]))


def _choose_trap() -> None:
    choices.change(trap=state.read(state.TRAP))


def _answer(key: str) -> None:
    chosen = state.read(_answer_key(key))
    if isinstance(chosen, int) and not choices.is_open(_place(key)):
        _set_place(key, choices.predicted(chosen))


def _uncover(key: str, run: bool) -> None:
    _set_place(key, choices.opened(_place(key)))
    if run:
        state.choose(state.EXPERIMENT, key)


def _cover_all() -> None:
    choices.change(answers=COVERED * len(TRAPS))


def _answer_key(key: str) -> str:
    return f"{state.TRAP_ANSWER}_{key}"


@st.fragment
def show() -> None:
    """Draw the list of traps, and the chosen one beside it."""
    now = choices.read()
    state.choose(state.TRAP, now.trap)
    left, right = st.container(key="traps").columns([1, 2.4], gap="medium")
    with left:
        st.radio(
            "Twelve traps",
            _KEYS,
            format_func=lambda key: TRAPS[key].title,
            key=state.TRAP,
            on_change=_choose_trap,
            label_visibility="collapsed",
        )
        st.button("Cover all", key="cover_all_traps", on_click=_cover_all)
    with right.container(key="open_trap"):
        _trap(now.trap, TRAPS[now.trap])
    choices.share()


def _trap(key: str, trap: Trap) -> None:
    place = _place(key)
    told = choices.prediction(place)
    experiments.show(trap.module, trap.trap)
    if choices.is_open(place):
        st.markdown(trap.question)
    else:
        _ask_reader(key, trap, told)
    with st.container(horizontal=True):
        if not choices.is_open(place):
            st.button("Uncover", key=f"uncover_{key}", on_click=_uncover, args=(key, False))
        st.button(
            "Run it here",
            key=f"run_{key}",
            icon=":material/play_arrow:",
            on_click=_uncover,
            args=(key, True),
            help="With the Keras that is installed, in a worker",
        )
    if choices.is_open(place):
        _outcome(key, trap, told)


def _ask_reader(key: str, trap: Trap, told: int | None) -> None:
    state.choose(_answer_key(key), told)
    st.radio(
        trap.question,
        range(len(trap.answers)),
        format_func=lambda number: trap.answers[number],
        key=_answer_key(key),
        on_change=_answer,
        args=(key,),
    )


def _outcome(key: str, trap: Trap, told: int | None) -> None:
    """Show what happened, why, and the cure; what ran here stands beside it if it differs."""
    known, ran = traps.recorded()[key], _ran(key, trap)
    right = trap.right(known.trap)
    full = moved_arrays.fullest([known.trap, known.cured])
    with st.container(key="trap_outcome"):
        with st.container(border=True):
            st.markdown(f"**{trap.answers[right]}.**")
            if told == right:
                st.markdown("As you predicted.")
            elif told is not None:
                st.markdown(f"You predicted: ~~{trap.answers[told]}~~")
            st.markdown(trap.why)
            sources.cite(*trap.sources)
        title = f"The trap, recorded with Keras {known.trap.keras}"
        with st.container(key="trap_moved"):
            _picture(known.trap, title, f"{key}_trap", full)
    st.markdown(f"**The cure.** {trap.cure}")
    experiments.show(trap.module, trap.cured)
    _picture(
        known.cured, f"The cure, recorded with Keras {known.cured.keras}", f"{key}_cured", full
    )
    if ran is not None:
        _compare(key, trap, known, ran)
    with st.expander("The small models of these experiments", icon=":material/code:"):
        for name in ("small_base", "with_head", "arrays_of", "outcome"):
            experiments.show("models", name)


def _picture(shown: outcome.Outcome, title: str, key: str, full: float) -> None:
    moved_arrays.show(shown, title, f"moved_{key}", full, FACTS)


def _ran(key: str, trap: Trap) -> Pair | None:
    """Return what a worker of this machine found; ask it if the reader has pressed the button."""
    answers: dict[Any, Pair] = dict(ask.answers(state.EXPERIMENT))
    if key in answers or state.read(state.EXPERIMENT) != key:
        return answers.get(key)
    found = ask.ask(
        state.EXPERIMENT,
        key,
        TASK,
        waiting="Running the trap and its cure with the installed Keras",
        keep=len(TRAPS),
        read=lambda reply: Pair(*map(outcome.Outcome.from_dict, reply)),
        names=[trap.trap, trap.cured],
    )
    return found if isinstance(found, Pair) else None


def _compare(key: str, trap: Trap, known: Pair, ran: Pair) -> None:
    """Say whether this machine found what was recorded, and show it if it did not."""
    same = outcome.same(known.trap, ran.trap) and outcome.same(known.cured, ran.cured)
    if same:
        st.success(f"Run here with Keras {ran.trap.keras}: the same arrays moved, equally far.")
        return
    right = trap.right(ran.trap)
    words = f"Here the right answer is: {trap.answers[right]}." if right >= 0 else ""
    st.warning(
        f"Run here with Keras {ran.trap.keras}: another outcome than the recorded one. {words}"
    )
    full = moved_arrays.fullest([ran.trap, ran.cured])
    _picture(ran.trap, f"The trap, run here with Keras {ran.trap.keras}", f"{key}_ran_trap", full)
    _picture(
        ran.cured, f"The cure, run here with Keras {ran.cured.keras}", f"{key}_ran_cured", full
    )
