"""A dataset made of own images: its content, and buttons to use, share or delete it."""

import time
from functools import partial

import streamlit as st

from lib.core.files import outside_text
from lib.core.uploads import own_datasets as store
from lib.core.uploads import retention
from lib.core.uploads.own_datasets import OwnDataset
from lib.ui import shell, state, widgets
from lib.ui.uploads import reader

SHOWN_LEFT_OUT = 200


def show(dataset: OwnDataset) -> None:
    """Show what is in a dataset and what the reader can do with it.

    Args:
        dataset: One of the reader's own.
    """
    with st.container(border=True, gap="small"):
        classes = ", ".join(
            f"{outside_text.in_markdown(name)} {count:,}"
            for name, count in zip(dataset.class_names, dataset.counts, strict=True)
        )
        days = max(0, round((dataset.expires - time.time()) / 86_400))
        st.markdown(
            f"**{outside_text.in_markdown(dataset.title)}**: {dataset.num_images:,} images of "
            f"{len(dataset.class_names)} classes"
        )
        st.markdown(f":small[{classes}]")
        st.caption(
            f"{dataset.size_bytes / 1e6:,.1f} MB. They will be out of sight in {days} "
            f"day{'s' * (days != 1)}, counted from their last use."
        )
        for sentence in dataset.said:
            st.text(sentence)
        if dataset.num_left_out:
            _left_out(dataset)
        with st.container(horizontal=True, vertical_alignment="center"):
            is_chosen = state.read(state.DATASET) == dataset.id
            if st.button(
                "Which strategy?",
                type="primary" if is_chosen else "secondary",
                icon=shell.PAGES["strategy"].icon,
                key=f"{state.OWN_STRATEGY}_{dataset.id}",
                on_click=state.choose,
                args=(state.DATASET, dataset.id),
            ):
                st.switch_page(shell.PAGES["strategy"].path)
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
                "Share with everybody who has the link of a run",
                dataset.shared,
                key=f"{state.OWN_SHARE}_{dataset.id}",
                on_change=_share,
                args=(dataset.id,),
                help="Off: with the link of a run, others see its curves, its numbers and the "
                "names of its classes. On: they also see its images and predictions, and get "
                "its model.",
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
        f"**{outside_text.in_markdown(dataset.title)}** will be gone from the machine at once, and "
        "no run shows its images any more. Runs on it keep their numbers and their models.",
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
