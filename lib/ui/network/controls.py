"""The controls of the model summary: backbone, input size, head, and the layers to train."""

import streamlit as st

from lib.core import heads, runs, strategies
from lib.core.backbones import BackboneSpec
from lib.ui import state, widgets
from lib.ui.network.plan import MAX_CLASSES, PlanState, size_key

_BATCH_NORM = """\
These layers scale their input by a mean and a variance, called statistics. Frozen, they use the
statistics of the pretrained network. Thawed, they use those of each batch, and update the stored
ones without training them; with few images that often does harm. From scratch they must be thawed.
"""


def show(wanted: PlanState) -> None:
    """Draw the controls of a state, in two rows.

    Args:
        wanted: The state on screen, as it is in the session.
    """
    with st.container(gap="xsmall"):
        with st.container(
            key="model_choices", horizontal=True, vertical_alignment="bottom", gap="small"
        ):
            spec = widgets.backbone_picker()
            with st.popover("Head and input size", icon=":material/tune:"):
                image_size(spec)
                _head(wanted)
            st.page_link("pages/training_lab.py", label="Train this", icon=":material/science:")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.segmented_control(
                "Train",
                list(strategies.STRATEGIES),
                format_func=lambda id_: widgets.quiet(strategies.get(id_).title),
                key=state.STRATEGY,
                persist_state="session",
                required=True,
                wrap=True,
                help="\n\n".join(
                    f"**{one.title}**: {one.about}" for one in strategies.STRATEGIES.values()
                ),
            )
            policies = [name for name in runs.BATCH_NORM_POLICIES if name != "tutorial"]
            st.segmented_control(
                "BatchNormalization",
                policies if wanted.batch_norm in policies else [*policies, wanted.batch_norm],
                format_func=lambda name: widgets.quiet(name.capitalize()),
                key=state.BATCH_NORM,
                persist_state="session",
                required=True,
                disabled=wanted.strategy == "from_scratch",
                help=_BATCH_NORM,
            )


def image_size(spec: BackboneSpec) -> int:
    """Let the reader choose the side of the square input in pixels, kept for each backbone.

    Args:
        spec: The backbone.
    """
    state.start_with(size_key(spec.id), spec.image_size)
    return st.number_input(
        "Input size, pixels",
        min_value=spec.min_image_size,
        max_value=runs.MAX_IMAGE_SIZE,
        step=1,
        key=size_key(spec.id),
        persist_state="session",
        width=130,
    )


def _head(wanted: PlanState) -> None:
    """Draw the settings of the head, and its parameters as sums."""
    st.segmented_control(
        "Head: how it reads the last feature map",
        list(heads.POOLINGS),
        format_func=lambda id_: widgets.quiet(heads.POOLINGS[id_][0]),
        key=state.POOLING,
        persist_state="session",
        required=True,
        wrap=True,
    )
    st.number_input(
        "Classes",
        min_value=2,
        max_value=MAX_CLASSES,
        key=state.NUM_CLASSES,
        persist_state="session",
    )
    st.toggle(
        "One logit per class, also for two classes",
        key=state.LOGIT_PER_CLASS,
        persist_state="session",
        disabled=wanted.head.outputs > 2,
    )
    st.number_input(
        "Hidden units, Dense with ReLU",
        min_value=0,
        max_value=runs.MAX_HIDDEN_UNITS,
        step=64,
        key=state.HIDDEN_UNITS,
        persist_state="session",
    )
    st.number_input(
        "Dropout rate",
        min_value=0.0,
        max_value=runs.MAX_DROPOUT,
        step=0.1,
        format="%.2f",
        key=state.DROPOUT,
        persist_state="session",
    )
    for name, words, params in heads.arithmetic(wanted.head, wanted.layers[-1].output_shape):
        st.markdown(f"`{name}`  {words} = **{params:,}**")
