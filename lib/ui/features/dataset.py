"""How many images of a dataset a head gets right at each depth, and its images as a map."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from lib.core import backbones
from lib.core.datasets import DATASETS, DatasetSpec, is_own
from lib.core.features import image_map, probes
from lib.core.features.depths import BACKBONE
from lib.core.features.image_map import ImageMap
from lib.core.features.probes import Probes
from lib.core.strategy.similarity import IMAGE_SIZE, MAX_IMAGES, NUM_FOLDS
from lib.ui import ask, cache, shell, sources, state, widgets
from lib.ui.features import choices, words
from lib.ui.parts import base
from lib.ui.parts.image_map import component as board
from lib.ui.parts.image_map.component import Images, Panel
from lib.ui.uploads import access, pickers

KEPT = 4
TASK = "lib.training.answers.features:measure"


@dataclass(frozen=True, eq=False)
class Measured:
    """What is known about the images of a dataset.

    Args:
        probes: The accuracy of a head at every depth.
        images: The images of the map; None if they do not ship.
        made: The map; None if it does not ship.
    """

    probes: Probes
    images: Images | None
    made: ImageMap | None


def known(dataset: DatasetSpec) -> Measured | None:
    """Return a measurement that ships with Thaw or that this session made; None if there is none.

    Raises:
        StoreError: If the shipped measurements are damaged.
    """
    made: Measured | None = ask.answers(state.FEATURES_MEASURE).get(dataset.fingerprint)
    if made is not None:
        return made
    shipped = probes.shipped().get(dataset.id)
    if shipped is None or dataset.id not in DATASETS:
        return None
    if dataset.id not in image_map.names():
        return Measured(shipped, None, None)
    return Measured(
        shipped,
        Images(image_map.sheet(dataset.id), dataset.class_names),
        image_map.load(dataset.id),
    )


def chosen() -> DatasetSpec:
    """Return the dataset that the picker has, or will have when it is drawn."""
    all_of_them = access.datasets()
    held = state.read(state.DATASET)
    return all_of_them[held if held in all_of_them else next(iter(all_of_them))]


def said_above() -> tuple[str, bool]:
    """Return what the sentence above the picture depends on: the dataset, and if it is measured."""
    dataset = chosen()
    return dataset.fingerprint, known(dataset) is not None


@st.fragment
def show() -> None:
    """Draw the curve and the map of a dataset; a choice reruns only this fragment."""
    st.header("How many images does a head get right at each depth?", anchor="probes")
    dataset = pickers.dataset_picker()
    found = known(dataset) or _asked(dataset)
    choices.share()
    if state.read(state.FEATURES_SAID) != said_above():
        # The sentence above the picture is about the dataset chosen here.
        st.rerun()
    if found is None:
        return
    st.markdown(words.finding(found.probes))
    opened, times = choices.opened()
    board.show(
        board.payload(
            "Accuracy by depth, and the images as a map",
            found.images,
            [Panel("The images, placed by the features of this depth", found.made)]
            if found.made
            else [],
            found.probes,
            opened={"depth": opened.depth, "projection": opened.projection, "times": times},
            dark=shell.is_dark(),
        ),
        state.IMAGE_MAP,
        _take_over,
    )
    if dataset.id in DATASETS:
        widgets.attribution(dataset)
    _hand_over(found.probes)
    if found.made is None and cache.downloads().standing(dataset).state == "ready":
        _offer(dataset)
    widgets.on_demand(
        "What was measured",
        f"{state.FEATURES_MEASURE}_details",
        partial(_details, found.probes),
        icon=":material/straighten:",
    )


def _take_over() -> None:
    choices.accept(base.said(state.IMAGE_MAP, "choice"))


def _hand_over(found: Probes) -> None:
    """Say what the curve means for the cut, with links that set it."""
    depth = found.depth(found.enough)
    st.markdown(words.meaning(found))
    layers = backbones.load_layer_table(BACKBONE, IMAGE_SIZE)
    first = layers[depth.cut].name if depth.cut < len(layers) else "nothing"
    query = {state.LINK_BACKBONE: BACKBONE, state.LINK_THAW: first}
    with st.container(horizontal=True):
        st.page_link(
            shell.PAGES["model_summary"].path,
            label=f"Cut there in the model summary: `{first}`",
            icon=shell.PAGES["model_summary"].icon,
            query_params=query,
        )
        st.button(
            "Cut there in the training lab",
            key=f"{state.FEATURES_MEASURE}_cut",
            icon=shell.PAGES["training_lab"].icon,
            on_click=_cut,
            args=(first,),
        )
    if state.take(f"{state.FEATURES_MEASURE}_go"):
        st.switch_page(shell.PAGES["training_lab"].path)


def _cut(first: str) -> None:
    """Set the cut for the lab."""
    state.choose(state.BACKBONE, BACKBONE)
    if first == "nothing":
        state.choose(state.STRATEGY, "feature_extraction")
    else:
        state.choose(state.STRATEGY, "partial_fine_tuning")
        state.choose(state.THAW_FROM, first)
    state.choose(f"{state.FEATURES_MEASURE}_go", True)


def _offer(dataset: DatasetSpec) -> bool:
    """Offer to measure the images of a dataset; return whether the reader has asked for it."""
    asked = f"{state.FEATURES_MEASURE}_asked_{dataset.fingerprint}"
    if state.read(asked):
        return True
    num_images = min(MAX_IMAGES, dataset.num_images)
    st.button(
        f"Measure {num_images:,} images at every depth",
        key=state.FEATURES_MEASURE,
        icon=":material/straighten:",
        on_click=state.choose,
        args=(asked, True),
        help="A frozen network computes their features, and a small head is fitted at every depth. "
        "That takes about a minute. Test images are not used.",
    )
    return False


def _asked(dataset: DatasetSpec) -> Measured | None:
    """Offer to measure; return the worker's answer, or None while there is none."""
    if cache.downloads().standing(dataset).state != "ready":
        st.markdown("Nothing can be measured before the images are on this machine.")
        st.page_link(shell.PAGES["data"].path, label="Download them", icon=":material/download:")
        return None
    if not _offer(dataset):
        return None
    answer: Measured | None = ask.ask(
        state.FEATURES_MEASURE,
        dataset.fingerprint,
        TASK,
        waiting="Computing features of every depth, and fitting a head at each",
        keep=KEPT,
        read=_from_worker,
        dataset=dataset.id,
        fingerprint=dataset.fingerprint if is_own(dataset.id) else "",
    )
    return answer


def _from_worker(said: Mapping[str, Any]) -> Measured:
    return Measured(
        probes.parse(said["probes"]),
        Images(said["sheet"], said["class_names"]),
        image_map.from_arrays(said["map"]),
    )


def _details(found: Probes) -> None:
    st.markdown(
        f"The network stays frozen. For each of the {len(found.rows)} depths, the channels are "
        "averaged over the image, and a head is fitted to the averages of "
        f"{found.num_images:,} images: logistic regression, solved until nothing is left to "
        "gain. The strength of its penalty is chosen by cross-validation. "
        f"{NUM_FOLDS} heads are fitted to four fifths of the images each and asked about the "
        "last fifth, so no head is asked about an image that it has seen. The images have "
        f"{IMAGE_SIZE} x {IMAGE_SIZE} pixels, and test images are not among them. The band is "
        "the 95 % interval by Wilson's score. A neighbour is near by the cosine of the "
        "standardised features in all their dimensions; the map has only two."
    )
    st.table(
        [
            {
                "Depth": f"`{row.block}`",
                "Right": f"{share.value:.3f} [{share.low:.2f}, {share.high:.2f}]",
                "Neighbours of five": f"{found.neighbours(row):.2f}",
            }
            for row in found.rows
            for share in [found.share(row)]
        ],
        hide_index=True,
        border="horizontal",
    )
    sources.cite("alain-2016")
