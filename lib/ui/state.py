"""Every key of the session and of the link, and typed ways to read them.

Widgets keep what they are set to under these keys; `st.session_state` is written here only.
"""

from collections.abc import Collection

import streamlit as st

# What follows the reader from page to page.
BACKBONE = "backbone"
IMAGE_SIZE = "image_size"
DATASET = "dataset"
STRATEGY = "strategy"
THAW_FROM = "thaw_from"
BATCH_NORM = "batch_norm"
DROPOUT = "dropout"
SHARED = (BACKBONE, DATASET, STRATEGY, THAW_FROM, BATCH_NORM, DROPOUT)
PAGE = "page_on_screen"
# Training lab.
NUM_IMAGES = "num_images"
HEAD_EPOCHS = "head_epochs"
FINE_TUNE_EPOCHS = "fine_tune_epochs"
HEAD_LEARNING_RATE = "head_learning_rate"
FINE_TUNE_LEARNING_RATE = "fine_tune_learning_rate"
SEED = "seed"
THEN_THAW_FROM = "then_thaw_from"
STEP_RATE_FACTOR = "step_rate_factor"
HEAD_RATE_FACTOR = "head_rate_factor"
OPTIMIZER = "optimizer"
EARLY_STOPPING = "early_stopping"
AUGMENTATION = "augmentation"
START = "start_run"
CANCEL = "cancel_run"
OPENED_RUN = "opened_run"
# Model summary. Layers set by hand hang on the choices they were made under (lib/ui/plan_state.py).
POOLING = "pooling"
HIDDEN_UNITS = "hidden_units"
NUM_CLASSES = "num_classes"
LOGIT_PER_CLASS = "logit_per_class"
BY_HAND = "layers_by_hand"
LAYER_STRIP = "layer_strip"
LAST_LINK = "last_link"
LAST_SHOWN = "last_shown_plan"
GESTURE = "last_gesture"
LINK_BACKBONE = "backbone"
LINK_SIZE = "size"
LINK_THAW = "thaw"
LINK_BATCH_NORM = "bn"
LINK_BY_HAND = "hand"
LINK_HEAD = "head"
LINK = (LINK_BACKBONE, LINK_SIZE, LINK_THAW, LINK_BATCH_NORM, LINK_BY_HAND, LINK_HEAD)
# The link only: `?run=<run_id>` opens a run, as other programs rely on.
RUN = "run"


def query(name: str) -> str | None:
    """A parameter of the link; None where it is not there."""
    value = st.query_params.get(name)
    return value if isinstance(value, str) and value else None


def other_parameters(known: Collection[str]) -> str:
    """What the link says beyond what a page reads, as code; empty where there is nothing."""
    other = [name for name in st.query_params if name not in known]
    # Shown as code, so that nothing in a link is taken for formatting.
    return ", ".join(f"`{name[:40].replace('`', '')}`" for name in other[:5])


def set_query(name: str, value: str) -> None:
    """Put a parameter into the link, so that what is on screen can be shared."""
    st.query_params[name] = value


def choose(key: str, value: object) -> None:
    """Set a widget from a callback, before it is drawn."""
    st.session_state[key] = value


def enter(page: str) -> None:
    """Hand the shared choices over to the widgets of another page, which may look different."""
    if st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        for key in SHARED:
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]


def start_with(key: str, value: object) -> None:
    """What a widget shows first; a link or another page may have said otherwise."""
    st.session_state.setdefault(key, value)


def read(key: str, default: object = None) -> object:
    """What a key holds; for callbacks, where the widget's own value is not at hand."""
    return st.session_state.get(key, default)


def keep_within(key: str, options: Collection[object]) -> None:
    """Forget a choice that is no longer among the options, so that the default shows."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def keep_list_within(key: str, options: Collection[object]) -> None:
    """Forget those of several choices that are no longer among the options."""
    chosen = st.session_state.get(key)
    if isinstance(chosen, list) and not set(chosen) <= set(options):
        st.session_state[key] = [each for each in chosen if each in options]


def session_id() -> str:
    """Name of this browser tab's session; runs are queued fairly by it."""
    key = "session_id"
    if key not in st.session_state:
        import uuid

        st.session_state[key] = uuid.uuid4().hex
    return str(st.session_state[key])
