"""The page Data: the chosen dataset, and the sections that show what goes into a run."""

from collections.abc import Callable

import streamlit as st

from lib.core.datasets import DatasetSpec
from lib.core.errors import DataError
from lib.core.images import download_status
from lib.ui import glossary, link, shell, state, widgets
from lib.ui.images import catalogue, inspection, pipeline, splits
from lib.ui.uploads import access, form, pickers


def dataset_picker() -> DatasetSpec:
    """Let the reader choose the dataset; the link restores the choice."""
    asked = link.once(state.LINK_DATASET, state.DATA_LINK)
    if asked is not None:
        if access.spec(asked):
            state.choose(state.DATASET, asked)
        else:
            widgets.problem(
                DataError(
                    "The link names a dataset that you cannot use here.", "Choose one of these."
                )
            )
    chosen = pickers.dataset_picker()
    link.follow(state.LINK_DATASET, chosen.id, state.DATA_LINK)
    train = chosen.max_train_images
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{pickers.dataset_name(chosen.id)}** has {train:,} images to learn from, and "
            f"{chosen.num_images - train:,} others that "
            f"{glossary.term('validation', 'validate')} and test what was learned.",
            width="content",
        )
        if download_status.standing(chosen).state == "ready":
            lab = shell.PAGES["training_lab"]
            st.page_link(
                lab.path,
                label="Train on it",
                icon=lab.icon,
                query_params={state.LINK_DATASET: chosen.id},
            )
    return chosen


def _here(show: Callable[[DatasetSpec], None]) -> Callable[[DatasetSpec], None]:
    """Wrap a section that needs the images, so that it is drawn only if they are downloaded."""

    def checked(dataset: DatasetSpec) -> None:
        if download_status.standing(dataset).state == "ready":
            show(dataset)
        else:
            widgets.problem(
                DataError(
                    f"The images of {dataset.title} are not on this machine yet.",
                    "Download them under Datasets, or choose a dataset that is ready here.",
                )
            )

    return checked


# The link uses these names; only the open section is drawn.
SECTIONS: dict[str, Callable[[DatasetSpec], None]] = {
    "Datasets": lambda dataset: catalogue.show(),
    "Your own images": lambda dataset: form.panel(),
    "Look": _here(inspection.show),
    "Pipeline": _here(pipeline.show),
    "Splits": _here(splits.show),
}


def sections(dataset: DatasetSpec) -> None:
    """Show the sections as tabs and draw the open one; the link names it.

    Args:
        dataset: The chosen dataset.
    """
    # The colour of an open tab has too little contrast in the dark theme, so its label sets one.
    labels = {widgets.quiet(name): name for name in SECTIONS}
    asked = link.get(state.SHOW)
    first = widgets.quiet(asked) if asked in SECTIONS else next(iter(labels))
    for tab, name in zip(
        st.tabs(list(labels), default=first, key=state.SECTION, on_change=_follow),
        labels.values(),
        strict=True,
    ):
        if tab.open:
            with tab:
                SECTIONS[name](dataset)


def _follow() -> None:
    """Write the open section into the link."""
    label = str(state.read(state.SECTION))
    for name in SECTIONS:
        if label == widgets.quiet(name):
            link.put(state.SHOW, name)
