"""A dataset of the reader's own on the page: what is in it; share it, delete it."""

import time
from functools import partial

import streamlit as st

from lib.core.uploads import own_datasets as store
from lib.core.uploads import retention
from lib.core.uploads.own_datasets import OwnDataset
from lib.ui import shell, state, widgets
from lib.ui.uploads import reader

SHOWN_LEFT_OUT = 200


def show(dataset: OwnDataset) -> None:
    """What is in a dataset, and what may be done with it.

    Args:
        dataset: Of the reader's own.
    """
    with st.container(border=True, gap="small"):
        classes = ", ".join(
            f"{widgets.verbatim(name)} {count:,}"
            for name, count in zip(dataset.class_names, dataset.counts, strict=True)
        )
        days = max(0, round((dataset.expires - time.time()) / 86_400))
        st.markdown(
            f"**{widgets.verbatim(dataset.title)}**: {dataset.num_images:,} images of "
            f"{len(dataset.class_names)} classes"
        )
        st.markdown(f":small[{classes}]")
        st.caption(
            f"{dataset.size_bytes / 1e6:,.1f} MB; deleted in {days} day{'s' * (days != 1)}, "
            "counted anew from each use."
        )
        for sentence in dataset.said:
            st.text(sentence)
        if dataset.num_left_out:
            _left_out(dataset)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                shell.PAGES["training_lab"].path,
                label="Train on these",
                icon=":material/science:",
                query_params={state.LINK_DATASET: dataset.id},
            )
            if st.button(
                "Delete", key=f"{state.OWN_DELETE}_{dataset.id}", icon=":material/delete:"
            ):
                _ask_to_delete(dataset)
            st.toggle(
                "Share with whoever has a run's link",
                dataset.shared,
                key=f"{state.OWN_SHARE}_{dataset.id}",
                on_change=_share,
                args=(dataset.id,),
                help="Off: the link of a run shows others its curves, its numbers and the names of "
                "its classes. On: its images, its answers to them and its model as well.",
            )


def _left_out(dataset: OwnDataset) -> None:
    count = dataset.num_left_out
    with st.expander(f"{count:,} file{'s' * (count != 1)} left out, and why"):
        # Names of files come from outside: text, and nothing else.
        st.text("\n".join(dataset.left_out[:SHOWN_LEFT_OUT]))
        if count > SHOWN_LEFT_OUT:
            st.caption(f"The first {SHOWN_LEFT_OUT} of {count:,}.")


@st.dialog("Delete these images?")
def _ask_to_delete(dataset: OwnDataset) -> None:
    widgets.delete_or_keep(
        f"**{widgets.verbatim(dataset.title)}** will be gone from the machine at once, and no "
        "run shows its images any more. Runs on it keep their numbers and their models.",
        "them",
        state.OWN_DELETE,
        partial(_delete, dataset.id),
    )


def _delete(dataset: str) -> None:
    with widgets.attempt(state.OWN_PROBLEM):
        retention.delete(dataset, reader.owner())


def _share(dataset: str) -> None:
    shared = bool(state.read(f"{state.OWN_SHARE}_{dataset}"))
    with widgets.attempt(state.OWN_PROBLEM):
        store.share(dataset, reader.owner(), shared)
