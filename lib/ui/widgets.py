"""Widgets that more than one page uses."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from lib.core import backbones, datasets, strategies
from lib.core.datasets import DatasetSpec
from lib.core.errors import ThawError
from lib.core.files import outside_text
from lib.core.runs import TrainConfig
from lib.core.strategies import StrategySpec
from lib.ui import state

# Where a long name in a table may break: on a telephone the numbers beside it stay in sight.
CELL_COLUMNS = 12


def quiet(text: str) -> str:
    """Return a grey label for a segmented control or a tab.

    Streamlit writes the chosen segment in the primary colour. White text must be readable on that
    colour too, and in the dark theme no colour has enough contrast for both.
    """
    return f":gray[{text}]"


def verbatim(text: str) -> str:
    """Return untrusted text as inline code in Markdown, so that it is never interpreted."""
    # The text cannot end the code span: the fence is longer than any run of backticks in it.
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}"


def in_a_table(name: str) -> str:
    """Return an untrusted name as inline code in a cell of a table, where long ones may break."""
    return verbatim("\u200b".join(outside_text.wrapped(name, CELL_COLUMNS)))


def backbone_picker() -> backbones.BackboneSpec:
    """Let the reader choose the backbone. All pages share the choice."""
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
    """Show a number with its name above and its meaning below."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(label, value)
        st.caption(note)


def plot(figure: Any, key: str, alt: str, **options: Any) -> Any:
    """Show a figure of lib.figures in its own theme.

    Args:
        figure: Plotly figure.
        key: Streamlit key.
        alt: Alternative text, one sentence.
        options: Further arguments of st.plotly_chart.
    """
    # No button bar: there is nothing to zoom into, and it would cover the first numbers.
    config = {"displayModeBar": False}
    return st.plotly_chart(figure, theme=None, key=key, config=config, alt=alt, **options)


def problem(error: ThawError) -> None:
    """Show an expected failure: one sentence and a next step."""
    st.warning(f"{error.message}\n\n{error.next_step}".strip(), icon=":material/info:")


@contextmanager
def attempt(key: str) -> Iterator[None]:
    """Run code in a callback and store its error for `last_problem`.

    Args:
        key: Session key of the error.
    """
    state.choose(key, None)
    try:
        yield
    except ThawError as error:
        state.choose(key, error)


def last_problem(key: str) -> None:
    """Show why the last attempt failed, if it did.

    Args:
        key: As in `attempt`.
    """
    error = state.read(key)
    if isinstance(error, ThawError):
        problem(error)


def delete_or_keep(what: str, it: str, key: str, delete: Callable[[], None]) -> None:
    """Ask for confirmation in a dialog before deleting; either answer closes the dialog.

    Args:
        what: What will be deleted, in Markdown.
        it: "it" or "them", for the labels of the buttons.
        key: Key of the button that deletes.
        delete: Callback of that button.
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
    """Show who made the images and under which licence, wherever the images are shown."""
    st.caption(f"{dataset.attribution} {dataset.licence}.")


def credit(dataset: str) -> str:
    """Return the attribution as a sentence to append; empty for a reader's own images."""
    spec = datasets.DATASETS.get(dataset)
    return f" Images: {spec.attribution} {spec.licence}." if spec else ""


def show_source(*functions: Callable[..., Any]) -> None:
    """Show the source code that computed the numbers above."""
    with st.expander("The code behind these numbers", icon=":material/code:"):
        for function in functions:
            st.code(inspect.getsource(function), language="python")


def strategy_picker() -> StrategySpec:
    """Let the reader choose the strategy. All pages share the choice."""
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
