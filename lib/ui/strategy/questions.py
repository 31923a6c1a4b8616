"""Questions to the recorded runs: one at a time, and above them what one should do first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from lib.core.evidence import choosing, grid, verdicts
from lib.core.evidence.grid import Recorded
from lib.ui import cache, link, state, widgets
from lib.ui.strategy import recorded


@dataclass(frozen=True)
class Question:
    """A question to the recorded runs.

    Args:
        words: The question.
        answer: Draws the finding and the figure.
    """

    words: str
    answer: Callable[[Sequence[Recorded]], None]


def show() -> None:
    """Show what one should do first, and the answer to the chosen question."""
    st.subheader("What the recorded runs show", anchor=False)
    every = cache.grid()
    usual = [each for each in every if each.backbone == grid.BACKBONE]
    if not usual:
        st.markdown("No run is recorded in this copy of Thaw, so the rule has no evidence here.")
        return
    if words := verdicts.closing(usual, choosing.fields(usual)):
        st.markdown(words)
    for others in _other_backbones(every):
        st.markdown(verdicts.closing(others, choosing.fields(others)))
    _chosen(usual)


def _other_backbones(every: Sequence[Recorded]) -> list[list[Recorded]]:
    """The recorded datasets of each further backbone."""
    found: dict[str, list[Recorded]] = {}
    for each in every:
        if each.backbone != grid.BACKBONE:
            found.setdefault(each.backbone, []).append(each)
    return [each for each in found.values() if choosing.fields(each)]


@st.fragment
def _chosen(usual: Sequence[Recorded]) -> None:
    first = next(iter(QUESTIONS))
    opened = link.once(state.LINK_QUESTION, state.STRATEGY_QUESTION_OPENED)
    state.start_with(state.STRATEGY_QUESTION, first)
    if opened in QUESTIONS:
        state.choose(state.STRATEGY_QUESTION, opened)
    asked = st.pills(
        "Ask the recorded runs",
        list(QUESTIONS),
        format_func=lambda id_: widgets.quiet(QUESTIONS[id_].words),
        key=state.STRATEGY_QUESTION,
        persist_state="session",
    )
    if (asked or first) != first or link.get(state.LINK_QUESTION):
        link.follow(state.LINK_QUESTION, asked or first, state.STRATEGY_QUESTION_OPENED)
    QUESTIONS[asked or first].answer(usual)


QUESTIONS: dict[str, Question] = {
    "thawing": Question("When does thawing pay?", recorded.when_thawing_pays),
    "pretraining": Question("What is pretraining worth?", recorded.what_pretraining_is_worth),
    "depth": Question("How deep should I thaw?", recorded.how_deep),
    "choice": Question("What does a wrong choice cost?", recorded.what_a_wrong_choice_costs),
    "rate": Question("Which learning rate?", recorded.which_rate),
    "resolution": Question("Are larger images better?", recorded.are_larger_images_better),
    "similarity": Question("Does similarity tell?", recorded.does_similarity_tell),
    "first": Question("What did 96 pixels show?", recorded.first_runs),
}
