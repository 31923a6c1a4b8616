"""From a recommendation to a run: set it up, open a recorded one, or run all strategies."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from lib.core import runs
from lib.core.backbones import BackboneSpec
from lib.core.datasets import DatasetSpec
from lib.core.errors import ConfigError, ThawError
from lib.core.reading import evaluation
from lib.core.reading.evaluation import Evaluation
from lib.core.runs import Run, TrainConfig
from lib.core.strategy import evidence, rule
from lib.core.strategy.rule import Recommendation, Situation
from lib.figures.reading import comparison
from lib.ui import cache, link, run_names, shell, state, widgets
from lib.ui.lab import settings
from lib.ui.network import plan_link
from lib.ui.network.plan import PlanState
from lib.ui.uploads import access, pickers

# One of the seeds of the evidence.
SEED = 1
SECONDS_BETWEEN_LOOKS = 1.0
# Further ids in a link are ignored.
MAX_RUNS = 10


def config(
    advice: Recommendation, situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec
) -> TrainConfig:
    """Return the run that a recommendation describes, on the chosen dataset.

    Raises:
        ConfigError: If the dataset has no training images.
    """
    return runs.make_config(
        **_data(situation, dataset, backbone),
        strategy=advice.strategy,
        thaw_from=advice.thaw_from or None,
        head_epochs=advice.head_epochs,
        fine_tune_epochs=advice.fine_tune_epochs,
        head_learning_rate=advice.head_learning_rate,
        fine_tune_learning_rate=advice.fine_tune_learning_rate or rule.FINE_TUNE_RATE,
        batch_size=advice.batch_size or None,
        batch_norm=advice.batch_norm,
        dropout=advice.dropout,
        augmentation=advice.augmentation,
        early_stopping=advice.early_stopping,
        seed=SEED,
    )


def all_configs(
    situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec
) -> tuple[TrainConfig, ...]:
    """Return one run for each way of training; in all of them each image is seen equally often.

    Raises:
        ConfigError: If the dataset has no training images.
    """
    data = _data(situation, dataset, backbone)
    return tuple(evidence.config(way=way, seed=SEED, **data) for way in evidence.WAYS)


def _data(situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec) -> dict[str, Any]:
    return {
        "backbone": backbone.id,
        "dataset": dataset.id,
        "num_images": min(situation.num_images, dataset.max_train_images, runs.USUAL_TRAIN_IMAGES),
        # The same as in the evidence, so that a recorded run is opened and not trained again.
        "image_size": max(evidence.IMAGE_SIZE, backbone.min_image_size),
        "data_fingerprint": dataset.fingerprint,
        "max_train_images": dataset.max_train_images,
    }


def recorded(wanted: TrainConfig) -> Run | None:
    """Return the recorded run that equals the wanted one except for augmentation, or None.

    The photographs of cats and dogs were recorded from a folder with its own fingerprint.
    """
    like = replace(wanted, augmentation=False)
    for cell in cache.evidence().of(wanted.dataset):
        for tried in cell.tried.values():
            for run in tried.runs:
                if replace(run.config, data_fingerprint=like.data_fingerprint) == like:
                    return run
    return None


# --- The buttons ----------------------------------------------------------------------------------


def buttons(
    advice: Recommendation, situation: Situation, dataset: DatasetSpec, backbone: BackboneSpec
) -> None:
    """Draw the buttons that open the recommendation on other pages or run every strategy."""
    try:
        wanted = config(advice, situation, dataset, backbone)
        every = all_configs(situation, dataset, backbone)
    except ThawError as error:
        widgets.problem(error)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Set up this run",
            type="primary",
            icon=":material/science:",
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
        st.button(
            "Run all strategies",
            icon=":material/stacked_line_chart:",
            key=state.STRATEGY_RUN_ALL,
            on_click=_run_all,
            args=(every,),
            help=f"{len(every)} runs on {wanted.num_images:,} images, one after the other; stored "
            "runs are opened.",
        )
        known = recorded(wanted)
        if known:
            lab = shell.PAGES["training_lab"]
            st.page_link(
                lab.path,
                label="Open the recorded run",
                icon=":material/folder_open:",
                query_params={state.RUN: known.id},
            )
    if wanted.num_images < situation.num_images:
        st.caption(f"A run here trains on {wanted.num_images:,} images: {dataset_limits(dataset)}.")
    widgets.last_problem(state.STRATEGY_PROBLEM)


def dataset_limits(dataset: DatasetSpec) -> str:
    """Say why a run cannot train on all the images that the reader entered."""
    if dataset.max_train_images <= runs.USUAL_TRAIN_IMAGES:
        name = pickers.dataset_name(dataset.id)
        return f"{name} has no more after the validation and test images"
    return "more would take too long on a laptop"


def _run_all(configs: tuple[TrainConfig, ...]) -> None:
    client = cache.client()
    with widgets.attempt(state.STRATEGY_PROBLEM):
        for each in configs:
            access.check(each)
        ids = [client.submit(each, owner=state.session_id()) for each in configs]
        link.put(state.TRIED, ",".join(ids))


# --- All of them in one figure --------------------------------------------------------------------


def show_tried() -> None:
    """Show the runs of the link side by side, and update them while they are training."""
    text = link.get(state.TRIED)
    if not text:
        return
    client = cache.client()
    ids = list(dict.fromkeys(text.split(",")))[:MAX_RUNS]
    known = [id_ for id_ in ids if client.progress(id_) and _may_see(client.config(id_))]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("All strategies side by side", anchor=False)
        st.button(
            "Close",
            icon=":material/close:",
            key=state.STRATEGY_PUT_AWAY,
            on_click=link.drop,
            args=(state.TRIED,),
        )
    if len(known) < len(ids):
        widgets.problem(
            ConfigError(
                f"The link names {len(ids) - len(known)} runs that are not in this copy of Thaw.",
                "Press Run all strategies, or open the link on the computer that trained them.",
            )
        )
    if not known:
        return
    going_on = any(not _ended(id_) for id_ in known)

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if going_on else None)
    def body() -> None:
        if going_on and all(_ended(id_) for id_ in known):
            st.rerun()
        _side_by_side(known)

    body()


def _may_see(config_: TrainConfig | None) -> bool:
    return config_ is not None and access.may_see(config_.dataset)


def _ended(run_id: str) -> bool:
    now = cache.client().progress(run_id)
    return now is None or now.ended


def _side_by_side(ids: list[str]) -> None:
    drawn = [run for run in map(_so_far, ids) if run]
    waiting = [id_ for id_ in ids if not _ended(id_)]
    st.caption(_what(ids))
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress((len(ids) - len(waiting)) / len(ids), text=_words(waiting, len(ids)))
            st.button("Cancel all", key=state.STRATEGY_CANCEL, on_click=_cancel, args=(waiting,))
    if drawn:
        lines = comparison.curves_of(drawn, over_seeds=False)
        widgets.plot(
            comparison.overlay(lines, dark=shell.is_dark()),
            "all_strategies",
            comparison.alt_text(lines),
        )
        st.table(
            [
                {
                    "": line.letter,
                    "Way": run_names.way_title(line.runs[0].config),
                    "Validation": f"{line.runs[0].history[-1].val_accuracy:.3f}",
                    "Test": _test(line.runs[0]),
                    "State": _state(line.runs[0].id),
                }
                for line in lines
            ],
            hide_index=True,
            border="horizontal",
        )
    failed = [now for id_ in ids if (now := cache.client().progress(id_)) and now.state == "failed"]
    if failed:
        # If one run fails, the others usually fail for the same reason: show the first one.
        words = f"{len(failed)} of {len(ids)} runs failed. {failed[0].message}"
        widgets.problem(ConfigError(words, failed[0].next_step))
    if not waiting:
        st.markdown(winner([run for run in drawn if run.status == "finished"]))


def _what(ids: list[str]) -> str:
    """Describe the data of the runs, which may differ from the data of the current answers."""
    asked = [config_ for id_ in ids if (config_ := cache.client().config(id_))]
    data = dict.fromkeys(map(run_names.without_way, asked))
    return f"{'; '.join(data)}. Each run sees every image equally often."


def _cancel(ids: list[str]) -> None:
    for id_ in ids:
        cache.client().cancel(id_)


def _words(waiting: list[str], count: int) -> str:
    now = cache.client().progress(waiting[0])
    config_ = cache.client().config(waiting[0])
    doing = f"{run_names.way_title(config_)}: {now.words}" if now and config_ else ""
    return f"**{count - len(waiting)} of {count} done.** {doing}"


def _so_far(run_id: str) -> Run | None:
    """Return a run with the epochs so far; None before its first epoch has ended."""
    client = cache.client()
    now, config_ = client.progress(run_id), client.config(run_id)
    if now is None or config_ is None:
        return None
    stored = client.store.open(run_id) if now.ended else None
    if stored:
        return stored if stored.history else None
    return Run(run_id, config_, now.history, {}, Path()) if now.history else None


def _state(run_id: str) -> str:
    now = cache.client().progress(run_id)
    return now.words if now else ""


def _test(run: Run) -> str:
    if run.status != "finished":
        return "–"
    low, high = run.result["test_interval_95"]
    return f"{run.result['test_accuracy']:.3f} ({low:.2f} to {high:.2f})"


def winner(finished: list[Run]) -> str:
    """Say which run was best on the test images, and whether that is more than chance.

    Args:
        finished: Finished runs on one dataset.
    """
    answers: dict[str, Evaluation] = {}
    for run in finished:
        said = evaluation.load(run)
        if said is not None:
            answers[run_names.way_title(run.config)] = said
    if len(answers) < 2:
        return "Two finished runs are needed to compare them image by image."
    best, second = sorted(answers, key=lambda title: -answers[title].accuracy)[:2]
    try:
        difference = evaluation.compare(answers[second], answers[best])
    except ValueError:
        return "The runs were tested on different images, so they cannot be compared."
    if answers[best].accuracy == answers[second].accuracy:
        return difference.in_words(second, best)
    return f"**{best}** came first. {difference.in_words(second, best)}"
