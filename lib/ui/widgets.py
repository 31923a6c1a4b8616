"""Widgets that more than one page uses."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import streamlit as st

from lib.core import backbones, datasets, strategies
from lib.core.datasets import DatasetSpec
from lib.core.errors import ThawError
from lib.core.files import outside_text
from lib.core.runs import TrainConfig
from lib.core.strategies import StrategySpec
from lib.figures import theme
from lib.ui import link, state

# Where a long name in a table may break: on a telephone the numbers beside it stay in sight.
CELL_COLUMNS = 12


def quiet(text: str) -> str:
    """Return a grey label for a segmented control or a tab.

    Streamlit writes the chosen segment in the primary colour. White text must be readable on that
    colour too, and in the dark theme no colour has enough contrast for both.
    """
    return f":gray[{text}]"


def in_a_table(name: str) -> str:
    """Return an untrusted name as inline code in a cell of a table, where long ones may break."""
    return outside_text.in_markdown("\u200b".join(outside_text.wrapped(name, CELL_COLUMNS)))


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


def seed(label: str, key: str, first: int, about: str) -> int:
    """Let the reader choose a seed, which the link restores.

    Args:
        label: Label of the field.
        key: Session key, and name of the parameter in the link.
        first: Seed of a new reader.
        about: What it decides, one sentence.
    """
    state.start_with(key, first)
    chosen = st.number_input(
        label, 0, 2**31 - 1, step=1, key=key, bind="query-params", width=170, help=about
    )
    return int(chosen)


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
    figure = sized(figure)
    # No button bar: there is nothing to zoom into, and it would cover the first numbers.
    config = {"displayModeBar": False}
    return st.plotly_chart(figure, theme=None, key=key, config=config, alt=alt, **options)


def sized(figure: Any) -> Any:
    """Make the letters of a figure as large as the page is shown; changes it in place."""
    return theme.for_projector(figure) if link.get(state.PRESENT) else figure


def problem(error: ThawError) -> None:
    """Show an expected failure: one sentence and a next step."""
    said = map(outside_text.sentence_in_markdown, (error.message, error.next_step))
    st.warning("\n\n".join(filter(None, said)), icon=":material/info:")


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
    """Show the source code that computed the numbers above, once it is opened."""
    on_demand(
        "The code behind these numbers",
        f"source_{functions[0].__name__}",
        partial(source_code, *functions),
        icon=":material/code:",
    )


@st.fragment
def on_demand(words: str, key: str, draw: Callable[[], None], *, icon: str | None = None) -> None:
    """Show a heading; what is below it is drawn once it is opened.

    What nobody opens would cost the browser more than the rest of a page: every cell of a table is
    Markdown of its own.

    Args:
        words: The heading.
        key: Key of the widget.
        draw: Draws what is below.
        icon: Icon of the heading.
    """
    box = st.expander(words, key=key, icon=icon, on_change="rerun")
    if box.open:
        with box:
            draw()


@st.fragment
def question(words: str, key: str, answer: Callable[[], None]) -> None:
    """Show a question; its answer is drawn once it is opened, and the link keeps it open.

    Args:
        words: The question.
        key: Key of the widget, and name of the link's parameter.
        answer: Draws the answer.
    """
    box = st.expander(words, key=key, on_change="rerun", bind="query-params")
    if box.open:
        with box:
            answer()


def source_code(*functions: Callable[..., Any]) -> None:
    """Show the source code of functions."""
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
