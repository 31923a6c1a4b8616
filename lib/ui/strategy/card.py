"""One strategy of a comparison: its name, its result, its curve, and the ways on from it."""

from collections.abc import Sequence

import streamlit as st

from lib.core.runs import TrainConfig
from lib.core.strategy import evidence
from lib.core.strategy.outcome import Judged
from lib.figures.reading import comparison
from lib.figures.reading.comparison import Curve
from lib.ui import cache, run_names, shell, state, widgets
from lib.ui.strategy import evidence as recorded


def way_of(config: TrainConfig) -> str:
    """Return the way of training of a run: key of evidence.WAYS, or else its strategy."""
    return evidence.way_of(config) or config.strategy


def show(
    run_id: str, line: Curve | None, lines: Sequence[Curve], judged: Judged | None, *, best: bool
) -> None:
    """Show one run: its name and result, its curve, and what can be done with it.

    Args:
        run_id: The run.
        line: Its curve; None before its first epoch has ended.
        lines: The curves of all runs, which share their axes.
        judged: Its answers to the test images; None before it has finished.
        best: True if it is the run to prefer.
    """
    now, config = cache.client().progress(run_id), cache.client().config(run_id)
    if now is None or config is None:
        return
    way = way_of(config)
    title = recorded.way(way) if way in evidence.WAYS else run_names.way_title(config)
    imported = bool(line and line.runs[0].imported)
    st.markdown(f"**{title}**{', imported' * imported}")
    if judged:
        low, high = (round(share * judged.answers.num_images) for share in judged.answers.interval)
        st.markdown(
            f"{judged.answers.num_correct:,} of {judged.answers.num_images:,} right "
            f"({low:,} to {high:,})"
        )
    else:
        st.markdown(now.words)
    if line:
        widgets.plot(
            comparison.small(line, 0, lines, dark=shell.is_dark(), way=way),
            f"compared_{run_id}",
            comparison.alt_text([line]),
        )
    else:
        st.container(height=comparison.SMALL_HEIGHT, border=False)
    if judged:
        _actions(run_id, best=best)


def _actions(run_id: str, *, best: bool) -> None:
    predict, curves = shell.PAGES["predict"], shell.PAGES["learning_curves"]
    this = {state.RUN: run_id}
    if st.button(
        "Try it",
        type="primary" if best else "secondary",
        icon=predict.icon,
        key=f"{state.STRATEGY_TRY}_{run_id}",
        width="stretch",
    ):
        st.switch_page(predict.path, query_params=this)
    st.page_link(
        predict.path,
        label="Take it home",
        icon=":material/download:",
        query_params=this | {state.SHOW: state.TAKE_HOME},
    )
    st.page_link(curves.path, label="Read its curves", icon=curves.icon, query_params=this)
