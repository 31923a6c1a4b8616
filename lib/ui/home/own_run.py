"""The run behind the button of Home: it trains for real, after the recorded answer."""

import streamlit as st

from lib.core.lab.progress import Progress
from lib.core.runs import Run
from lib.ui import cache, shell, state, widgets
from lib.ui.home import lesson
from lib.ui.lab import start as lab
from lib.ui.parts import base
from lib.ui.uploads import reader

SECONDS_BETWEEN_LOOKS = 0.5


def begin() -> None:
    """Start a run of the lesson with the next seed that nobody has trained here."""
    if base.said(state.TEACH_BOARD, "teach") is None:
        return
    state.choose(state.TAUGHT, True)
    with widgets.attempt(state.TAUGHT_PROBLEM):
        client = cache.client()
        wanted = lab.with_next_seed(lesson.config())
        state.choose(state.TAUGHT_RUN, client.submit(wanted, owner=reader.know()))


def show() -> None:
    """Show where the run is, or what its network says; nothing before the button was pressed."""
    widgets.last_problem(state.TAUGHT_PROBLEM)
    run_id = state.read(state.TAUGHT_RUN)
    if not isinstance(run_id, str):
        return
    first = cache.client().progress(run_id)
    ended = first is None or first.ended

    @st.fragment(run_every=None if ended else SECONDS_BETWEEN_LOOKS)
    def body() -> None:
        now = cache.client().progress(run_id)
        if now is None:
            return
        if now.ended and not ended:
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            _line(run_id, now)

    body()
    reader.keep()


def _line(run_id: str, now: Progress) -> None:
    run = cache.client().store.open(run_id) if now.ended else None
    if run and run.status == "finished":
        st.markdown(_result(run), width="content")
    elif now.ended:
        st.markdown(f"Your own run did not finish. {now.message} {now.next_step}", width="content")
    else:
        epochs = f", epoch {len(now.history)} of {now.num_epochs}" if now.history else ""
        st.markdown(
            f":material/model_training: That answer was recorded. Your own run is under way here: "
            f"{now.words.lower()}{epochs}.",
            width="content",
        )
    lab_page = shell.PAGES["training_lab"]
    st.page_link(
        lab_page.path,
        label="Watch it in the lab",
        icon=lab_page.icon,
        query_params={state.RUN: run_id},
    )


def _result(run: Run) -> str:
    """Say what the network of the reader's own run answered."""
    said = lesson.answer(run)
    answer = f"**{lesson.in_words(run, said)}**" if said else "another answer"
    seconds = float(run.result["wall_time_s"])
    return (
        f":material/check_circle: Your own run was trained here in {seconds:.0f} s. "
        f"Its network says {answer}. The first answer was recorded."
    )
