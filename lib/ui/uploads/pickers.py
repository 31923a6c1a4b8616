"""Choosing a dataset, of the registry or of the reader's own, and what it is called."""

import streamlit as st

from lib.core.datasets import DatasetSpec, is_own
from lib.core.images import download_status
from lib.ui import state, widgets
from lib.ui.uploads import access


def dataset_picker() -> DatasetSpec:
    """Choose the dataset, of the registry or of the reader's own.

    The choice follows the reader from page to page.
    """
    known = access.datasets()
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
    """What a dataset is called, within Markdown."""
    title = access.title(dataset)
    return widgets.verbatim(title) if is_own(dataset) else title


def _dataset_words(spec: DatasetSpec) -> str:
    if download_status.standing(spec).state == "ready":
        return spec.title
    return f"{spec.title} ({spec.download_mb:,} MB to download)"
