"""Choosing a dataset, from the registry or the reader's own, and its name on a page."""

import streamlit as st

from lib.core.datasets import DatasetSpec, is_own
from lib.core.files import outside_text
from lib.core.images import download_status
from lib.ui import state
from lib.ui.uploads import access


def dataset_picker() -> DatasetSpec:
    """Let the reader choose a dataset, from the registry or their own.

    The choice is kept from page to page.
    """
    known = access.datasets()
    # A dataset that was just made becomes the choice on every page.
    made = state.take(state.OWN_MADE)
    if made in known:
        state.choose(state.DATASET, made)
    state.keep_within(state.DATASET, known)
    chosen = st.selectbox(
        "Dataset",
        list(known),
        format_func=lambda id_: _dataset_words(known[id_]),
        key=state.DATASET,
        persist_state="session",
    )
    return known[chosen]


def dataset_name(dataset: str) -> str:
    """Return the title of a dataset for use in Markdown."""
    title = access.title(dataset)
    return outside_text.in_markdown(title) if is_own(dataset) else title


def _dataset_words(spec: DatasetSpec) -> str:
    if download_status.standing(spec).state == "ready":
        return spec.title
    return f"{spec.title} ({spec.download_mb:,} MB to download)"
