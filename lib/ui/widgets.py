"""Pieces that more than one page shows."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from lib.core import backbones, datasets, strategies
from lib.core.datasets import DatasetSpec
from lib.core.errors import ThawError
from lib.core.runs import TrainConfig
from lib.core.strategies import StrategySpec
from lib.ui import state


def quiet(text: str) -> str:
    """A label for a segmented control.

    Streamlit writes the chosen segment in the primary colour, which white has to be readable on
    as well; in the dark appearance no colour can do both.
    """
    return f":gray[{text}]"


def verbatim(text: str) -> str:
    """Text from outside within Markdown: as code, whatever it says."""
    # Nothing within ends it: its fence is longer than any in the text.
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}"


def backbone_picker() -> backbones.BackboneSpec:
    """Choose the backbone. The choice follows the reader from page to page."""
    state.keep_within(state.BACKBONE, backbones.BACKBONES)
    chosen = st.selectbox(
        "Backbone",
        list(backbones.BACKBONES),
        format_func=lambda id_: backbones.BACKBONES[id_].title,
        key=state.BACKBONE,
        persist_state="session",
    )
    return backbones.get(chosen)


def card(label: str, value: str, note: str) -> None:
    """A number with its name above and what it means below."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(label, value)
        st.caption(note)


def plot(figure: Any, key: str, alt: str, **options: Any) -> Any:
    """A figure of lib.figures, in the look that it brings.

    Args:
        figure: Of Plotly.
        key: Of this place on the page.
        alt: The figure in a sentence, for those who cannot see it.
        options: Further ones of st.plotly_chart.
    """
    # Quiet: nothing to zoom into, and a button bar would cover the first numbers.
    config = {"displayModeBar": False}
    return st.plotly_chart(figure, theme=None, key=key, config=config, alt=alt, **options)


def problem(error: ThawError) -> None:
    """An expected failure: one sentence and a next step."""
    st.warning(f"{error.message}\n\n{error.next_step}".strip(), icon=":material/info:")


@contextmanager
def attempt(key: str) -> Iterator[None]:
    """Try something from a callback; what goes wrong is kept for `last_problem`.

    Args:
        key: Of the session, for the error.
    """
    state.choose(key, None)
    try:
        yield
    except ThawError as error:
        state.choose(key, error)


def last_problem(key: str) -> None:
    """Say why the last attempt failed, where it did.

    Args:
        key: As in `attempt`.
    """
    error = state.read(key)
    if isinstance(error, ThawError):
        problem(error)


def delete_or_keep(what: str, it: str, key: str, delete: Callable[[], None]) -> None:
    """What a dialog asks before something is gone; either answer closes it.

    Args:
        what: What will be gone, in Markdown.
        it: What the buttons call it: "it" or "them".
        key: Of the button that deletes.
        delete: What that one does.
    """
    st.markdown(what)
    with st.container(horizontal=True):
        answers = (
            st.button(f"Delete {it}", key=key, type="primary", on_click=delete),
            st.button(f"Keep {it}"),
        )
    if any(answers):
        st.rerun()


def attribution(dataset: DatasetSpec) -> None:
    """Who made the images and under which licence; wherever the images are."""
    st.caption(f"{dataset.attribution} {dataset.licence}.")


def credit(dataset: str) -> str:
    """The same as the end of a sentence; empty for images of a reader's own."""
    spec = datasets.DATASETS.get(dataset)
    return f" Images: {spec.attribution} {spec.licence}." if spec else ""


def show_source(*functions: Callable[..., Any]) -> None:
    """The code that made the numbers above, as it runs."""
    with st.expander("The code behind these numbers", icon=":material/code:"):
        for function in functions:
            st.code(inspect.getsource(function), language="python")


def strategy_picker() -> StrategySpec:
    """Choose the strategy. The choice follows the reader from page to page."""
    state.keep_within(state.STRATEGY, strategies.STRATEGIES)
    state.start_with(state.STRATEGY, TrainConfig.strategy)
    chosen = st.segmented_control(
        "Strategy",
        list(strategies.STRATEGIES),
        required=True,
        format_func=lambda id_: quiet(strategies.STRATEGIES[id_].title),
        key=state.STRATEGY,
        persist_state="session",
        help="\n\n".join(f"**{s.title}**: {s.about}" for s in strategies.STRATEGIES.values()),
        wrap=True,
    )
    return strategies.get(str(chosen))
