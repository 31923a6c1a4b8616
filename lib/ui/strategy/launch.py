"""From a recommendation to a run: start it, change its settings, see it, or compare strategies."""

import streamlit as st

from lib.core import runs
from lib.core.backbones import BackboneSpec
from lib.core.datasets import DatasetSpec
from lib.core.errors import ThawError
from lib.core.runs import TrainConfig
from lib.core.strategy.rule import Recommendation, Situation
from lib.ui import cache, shell, state, widgets
from lib.ui.lab import duration, ready, settings
from lib.ui.network import plan_link
from lib.ui.network.plan import PlanState
from lib.ui.strategy import compare, planned
from lib.ui.strategy.planned import Planned
from lib.ui.uploads import access, pickers, reader


def buttons(
    advice: Recommendation, situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec
) -> None:
    """Draw the buttons that open the recommendation on other pages or run every strategy."""
    try:
        run = planned.recommended(advice, situation, dataset, backbone)
        every = planned.each_way(situation, dataset, backbone, planned.ways(situation))
    except ThawError as error:
        widgets.problem(error)
        return
    wanted = run.config
    with st.container(key="strategy_actions", horizontal=True, vertical_alignment="center"):
        _run_button(run)
        compare.button(every)
        if st.button(
            "Change its settings",
            icon=":material/tune:",
            key=state.STRATEGY_SET_UP,
            on_click=settings.show_settings_of,
            args=(wanted,),
        ):
            st.switch_page(shell.PAGES["training_lab"].path)
        if st.button("See it in the model", icon=":material/layers:", key=state.STRATEGY_MODEL):
            plan = PlanState(
                backbone.id,
                wanted.image_size,
                advice.strategy,
                advice.thaw_from or backbone.thaw_from,
                advice.batch_norm,
            )
            st.switch_page(shell.PAGES["model_summary"].path, query_params=plan_link.to_link(plan))
    if wanted.num_images < situation.num_images:
        st.caption(f"A run here trains on {wanted.num_images:,} images: {dataset_limits(dataset)}.")
    widgets.last_problem(state.STRATEGY_PROBLEM)


def _run_button(plan: Planned) -> None:
    """Draw the button that starts the recommended run, or opens it, and shows it in the lab."""
    wanted = plan.config
    known = cache.client().trained(wanted)
    words = duration.labelled("Run this", plan.seconds)
    if known and known.state == "finished":
        words = "Open this run"
    elif known and not known.ended:
        words = "Follow this run"
    else:
        ready.prepare(wanted)
    clicked = st.button(
        words,
        type="primary",
        icon=":material/play_arrow:",
        key=state.STRATEGY_RUN,
        on_click=_run,
        args=(wanted,),
    )
    if clicked and not state.read(state.STRATEGY_PROBLEM):
        run_id = str(state.read(state.RECOMMENDED_RUN))
        st.switch_page(shell.PAGES["training_lab"].path, query_params={state.RUN: run_id})


def _run(wanted: TrainConfig) -> None:
    client = cache.client()
    with widgets.attempt(state.STRATEGY_PROBLEM):
        access.check(wanted)
        run_id = client.submit(wanted, owner=reader.know())
        state.choose(state.RECOMMENDED_RUN, run_id)


def dataset_limits(dataset: DatasetSpec) -> str:
    """Say why a run cannot train on all the images that the reader entered."""
    if dataset.max_train_images <= runs.USUAL_TRAIN_IMAGES:
        name = pickers.dataset_name(dataset.id)
        return f"{name} has no more after the validation and test images"
    return "more would take too long on a laptop"
