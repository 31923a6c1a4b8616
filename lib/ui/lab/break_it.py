"""Break it on purpose: train the settings of the lab twice, with one fault and without it."""

from collections.abc import Mapping
from dataclasses import asdict

import streamlit as st

from lib.core import runs
from lib.core.broken import faults
from lib.core.broken.faults import FAULTS
from lib.core.datasets import DatasetSpec
from lib.core.lab.progress import Progress
from lib.core.runs import TrainConfig
from lib.ui import cache, link, shell, state, widgets
from lib.ui.uploads import access, reader

TITLE = "Break it on purpose"
SECONDS_BETWEEN_LOOKS = 2.0


@st.fragment
def show(wanted: TrainConfig | None, dataset: DatasetSpec) -> None:
    """Offer the faults that the run of the controls can have; drawn once it is opened.

    A fault is nowhere else in the lab and in no link, so that nobody sets one by accident.

    Args:
        wanted: The run that the controls describe; None if a setting is invalid.
        dataset: Its dataset.
    """
    box = st.expander(TITLE, icon=":material/troubleshoot:", key=state.BREAK, on_change="rerun")
    if not box.open:
        return
    with box:
        if wanted is None:
            st.markdown("First the settings above have to be valid.")
            return
        st.markdown(
            "Choose one fault. Thaw trains the settings above twice on your data, with the fault "
            "and without it, and compares the two. The broken run is marked wherever it appears."
        )
        refused = {id_: faults.refusal(id_, vars(wanted)) for id_ in FAULTS}
        possible = [id_ for id_, why in refused.items() if why is None]
        state.keep_within(state.BREAK_FAULT, possible)
        chosen = st.selectbox(
            "Fault",
            possible,
            index=None,
            placeholder="Choose a fault",
            format_func=lambda id_: FAULTS[id_].name,
            key=state.BREAK_FAULT,
        )
        if chosen:
            st.markdown(FAULTS[chosen].does)
            _train(_broken(wanted, dataset, chosen), wanted)
        others = [(FAULTS[id_].name, why) for id_, why in refused.items() if why]
        if others:
            st.markdown("**With other settings**")
            st.markdown("\n".join(f"- {name}. {why.next_step}" for name, why in others))


def _broken(wanted: TrainConfig, dataset: DatasetSpec, fault: str) -> TrainConfig:
    return runs.make_config(
        max_train_images=dataset.max_train_images, **asdict(wanted) | {"fault": fault}
    )


def _train(broken: TrainConfig, mended: TrainConfig) -> None:
    """Draw the button that trains both; then say how far they are, and link to both."""
    both = {"broken": broken, "mended": mended}
    now = _progress(both)
    if not all(each and (each.state == "finished" or not each.ended) for each in now.values()):
        st.button(
            "Train it broken and mended",
            icon=":material/play_arrow:",
            key=state.BREAK_START,
            on_click=_start,
            args=(broken, mended),
        )
    widgets.last_problem(state.BREAK_PROBLEM)
    going_on = any(each and not each.ended for each in now.values())

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if going_on else None)
    def links() -> None:
        latest = _progress(both)
        if going_on and all(each is None or each.ended for each in latest.values()):
            st.rerun()
        _links(both, latest)

    links()


def _progress(both: Mapping[str, TrainConfig]) -> dict[str, Progress | None]:
    return {name: cache.client().trained(config) for name, config in both.items()}


def _links(both: Mapping[str, TrainConfig], now: Mapping[str, Progress | None]) -> None:
    ids = [runs.run_id(config) for config in both.values()]
    if all(each and each.state == "finished" for each in now.values()):
        curves_page = shell.PAGES["learning_curves"]
        st.page_link(
            curves_page.path,
            label="Compare the two",
            icon=curves_page.icon,
            query_params={state.RUNS: ",".join(ids)},
        )
        return
    lab = shell.PAGES["training_lab"]
    for id_, (name, each) in zip(ids, now.items(), strict=True):
        words = f"Watch the {name} run: {each.words.lower()}" if each else ""
        # A link to the page that is open would leave its address as it is.
        if words and st.button(
            words, icon=lab.icon, key=f"{state.BREAK_START}_{name}", type="tertiary"
        ):
            link.put(state.RUN, id_)
            st.rerun()


def _start(broken: TrainConfig, mended: TrainConfig) -> None:
    """Start both; one that has ended already is not trained again."""
    with widgets.attempt(state.BREAK_PROBLEM):
        access.check(mended)
        cache.client().submit_all([broken, mended], owner=reader.know())
