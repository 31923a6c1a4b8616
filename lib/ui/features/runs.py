"""What training does to the features: fine-tuning, and training from scratch."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import streamlit as st

from lib.core import backbones, strategies
from lib.core.broken import inputs
from lib.core.datasets import DATASETS
from lib.core.features import depths, filters, image_map
from lib.core.features.image_map import ImageMap
from lib.core.lab.folder import MODEL_FILE
from lib.core.lab.store import RunSummary
from lib.ui import ask, cache, glossary, run_names, shell, state, widgets
from lib.ui.features import choices
from lib.ui.parts.first_filters import component as first_filters
from lib.ui.parts.image_map import component as board
from lib.ui.parts.image_map.component import Images, Panel
from lib.ui.uploads import access, rights

KEPT = 2
TASK = "lib.training.answers.features:before_after"
SCRATCH, SCRATCH_DATASET = "scratch", "openmoji_animals_food"

Pair = tuple[Images, ImageMap, ImageMap]


def _opened() -> dict[str, Any]:
    opened, times = choices.opened()
    return {"depth": opened.depth, "projection": opened.projection, "times": times}


def _shipped() -> list[str]:
    """Return the ids of the recorded runs whose maps ship."""
    names = [name.removeprefix("before_") for name in image_map.names() if "before_" in name]
    return [id_ for id_ in names if id_ != SCRATCH]


@st.fragment
def fine_tuning() -> None:
    """Show the test images of a finished run before and after fine-tuning."""
    st.header("What did fine-tuning do?", anchor="fine-tuning")
    finished = [
        each
        for each in rights.listed(cache.client().store.summaries())
        if each.status == "finished" and access.may_see(each.config.dataset)
    ]
    shipped = _shipped()
    # First the run that can be seen at once, then those for which a worker is needed.
    finished.sort(key=lambda each: (each.id not in shipped, bool(_why_not(each)), each.recorded))
    summaries = {each.id: each for each in finished}
    if not summaries:
        st.markdown("The test images of a fine-tuned run will be here, before and after.")
        st.page_link(shell.PAGES["training_lab"].path, label="Training lab")
        return
    names = run_names.to_choose(summaries.values())
    state.keep_within(state.FEATURES_RUN, names)
    state.show_again(state.FEATURES_RUN, names)
    chosen = st.selectbox("Run", list(names), format_func=names.__getitem__, key=state.FEATURES_RUN)
    if chosen not in shipped and (why := _why_not(summaries[chosen])):
        st.markdown(why)
        st.page_link(
            shell.PAGES["training_lab"].path,
            label="This run in the training lab",
            icon=shell.PAGES["training_lab"].icon,
            query_params={state.RUN: chosen},
        )
        return
    pair = _of_shipped(chosen) if chosen in shipped else _of_worker(summaries[chosen])
    if pair is None:
        return
    images, before, after = pair
    first, last = before.neighbours[-1], after.neighbours[-1]
    st.markdown(
        f"**At the end of the network {first:.2f} of the five nearest "
        f"{glossary.term('test_images', 'test images')} were of the same class before "
        f"{glossary.term('fine_tuning')}, and {last:.2f} after it.** "
        "The images were never trained on. "
        "Both maps show the same images at the same depth; move the strip, or play."
    )
    board.show(
        board.payload(
            "Test images before and after fine-tuning",
            images,
            [Panel("Before: pretrained", before), Panel("After fine-tuning", after)],
            opened=_opened() | {"depth": depths.depths()[-1].block},
            dark=shell.is_dark(),
        ),
        f"{state.IMAGE_MAP}_tuned",
    )
    dataset = summaries[chosen].config.dataset
    if dataset in DATASETS:
        widgets.attribution(DATASETS[dataset])


def _why_not(summary: RunSummary) -> str:
    """Say why a run has no map before and after fine-tuning; "" if a worker can draw it."""
    config = summary.config
    if config.backbone != depths.BACKBONE:
        return (
            f"This run has another backbone, {backbones.get(config.backbone).title}. The depths on "
            f"this page are those of {backbones.get(depths.BACKBONE).title}."
        )
    strategy = strategies.get(config.strategy)
    if not strategy.pretrained or config.fault == "random_backbone":
        return (
            "This run began with random weights, so nothing was fine-tuned. Below is such a run "
            "beside the pretrained network."
        )
    if not strategy.fine_tunes:
        return (
            "This run trained the head only. Its backbone is still the pretrained one, so the map "
            "after training would be the map before it."
        )
    if inputs.preprocessing_of(config) != backbones.get(config.backbone).preprocessing:
        return (
            "This run is broken on purpose: its network received other values than the pretrained "
            "one, so the two maps could not be compared."
        )
    store = cache.client().store
    folder = (store.recorded_root if summary.recorded else store.root) / summary.id
    if (folder / "model" / MODEL_FILE).is_file():
        return ""
    if summary.recorded:
        return (
            "This run came with Thaw without its fine-tuned layers, because they are large. Press "
            "*Run with the next seed* in the training lab: that run has a map here."
        )
    return (
        "The fine-tuned layers of this run are not stored here, so nothing can be computed with "
        "them. Press *Run with the next seed* in the training lab: that run has a map here."
    )


def _of_shipped(run_id: str) -> Pair:
    run = cache.client().store.open(run_id)
    names = run.result["class_names"] if run else []
    return (
        Images(image_map.sheet(f"before_{run_id}"), names),
        image_map.load(f"before_{run_id}"),
        image_map.load(f"after_{run_id}"),
    )


def _of_worker(summary: RunSummary) -> Pair | None:
    said: Pair | None = ask.ask(
        state.FEATURES_TUNED,
        summary.id,
        TASK,
        waiting="Computing features of the test images, before and after fine-tuning",
        keep=KEPT,
        read=_from_worker,
        run_folder=summary.id,
        config=asdict(summary.config),
    )
    return said


def _from_worker(said: Mapping[str, Any]) -> Pair:
    return (
        Images(said["sheet"], said["class_names"]),
        image_map.from_arrays(said["before"]),
        image_map.from_arrays(said["after"]),
    )


def scratch() -> None:
    """Show what a few hundred images cannot teach: filters and map of a run from scratch."""
    st.header("What a few hundred images cannot teach", anchor="scratch")
    made = {name: image_map.load(f"{name}_{SCRATCH}") for name in ("before", "after")}
    known = filters.load()
    noise = {
        name: [kind.name for kind in each.kinds].count("noise") for name, each in known.items()
    }
    st.markdown(
        f"**After training from scratch on 160 drawings, {noise['scratch']} of "
        f"{len(known['scratch'].kinds)} first filters have no pattern; of the "
        f"{glossary.term('pretrained')} ones {noise['pretrained']}.** At the end of the network "
        f"{made['before'].neighbours[-1]:.2f} of a test image's five nearest are of its class with "
        f"pretrained layers, and {made['after'].neighbours[-1]:.2f} with those from scratch."
    )
    left, right = st.columns(2)
    for column, name, title in ((left, "pretrained", "Pretrained"), (right, "scratch", "Scratch")):
        with column:
            st.markdown(f"**{title}: the first filters**")
            first_filters.show(known[name], f"first_filters_{name}")
    dataset = DATASETS[SCRATCH_DATASET]
    board.show(
        board.payload(
            "Test images with a pretrained network and with one from scratch",
            Images(image_map.sheet(f"before_{SCRATCH}"), dataset.class_names),
            [Panel("Pretrained", made["before"]), Panel("From scratch", made["after"])],
            opened=_opened() | {"depth": depths.depths()[-1].block},
            dark=shell.is_dark(),
        ),
        f"{state.IMAGE_MAP}_scratch",
    )
    widgets.attribution(dataset)
