"""Model summary: freeze layers of a backbone and watch the parameter counts."""

import streamlit as st

from lib.code import keras_model
from lib.core import backbones, freezing, heads, runs, strategies
from lib.core.network import step_cost
from lib.ui import shell, sources, state, widgets
from lib.ui.network import lessons, plan
from lib.ui.parts.layer_strip import component as layer_strip

shell.page("model_summary")


@st.fragment
def instrument() -> None:
    """Everything that follows from the freeze plan; a gesture reruns this and nothing else."""
    wanted, ignored = plan.open_page()
    spec = backbones.get(wanted.backbone)

    # --- Controls -----------------------------------------------------------
    with st.container(gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            widgets.backbone_picker()
            st.number_input(
                "Input size, pixels",
                min_value=spec.min_image_size,
                max_value=runs.MAX_IMAGE_SIZE,
                step=1,
                key=plan.size_key(spec.id),
                persist_state="session",
                width=130,
            )
            st.segmented_control(
                "Head",
                list(heads.POOLINGS),
                format_func=lambda id_: widgets.quiet(heads.SHORT_NAMES[id_]),
                key=state.POOLING,
                persist_state="session",
                required=True,
            )
            with st.popover(layer_strip.head_words(wanted.head), icon=":material/tune:"):
                layer_strip.head_controls(wanted)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.segmented_control(
                "Train",
                list(strategies.STRATEGIES),
                format_func=lambda id_: widgets.quiet(strategies.get(id_).title),
                key=state.STRATEGY,
                persist_state="session",
                required=True,
                wrap=True,
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
            )
            st.page_link("pages/training_lab.py", label="Train this", icon=":material/science:")
    if wanted.by_hand:
        st.caption("The lab thaws from one layer upward; layers set by hand stay on this page.")
    if ignored:
        st.warning("\n".join(f"- {sentence}" for sentence in ignored), icon=":material/link_off:")

    # --- Numbers and result -------------------------------------------------
    layer_strip.layer_strip(wanted)

    # --- Code ---------------------------------------------------------------
    code = keras_model.code(
        wanted.backbone,
        wanted.image_size,
        wanted.head,
        cut=wanted.cut,
        batch_norm_frozen=wanted.batch_norm_frozen,
        by_hand=wanted.by_hand_indices,
        weights="imagenet" if strategies.get(wanted.strategy).pretrained else None,
    )
    with st.expander("Keras code of exactly this state", icon=":material/code:"):
        st.code(code, language="python")
        st.download_button(
            "Download",
            lambda: code,
            file_name=f"{wanted.backbone}.py",
            mime="text/x-python",
            icon=":material/download:",
            on_click="ignore",
        )
    with st.expander(f"{spec.title}: paper, accuracy, input", icon=":material/article:"):
        st.markdown(lessons.about(spec.id))
    plan.share(wanted)


instrument()

# --- Why --------------------------------------------------------------------
with st.expander("How is the time of a step estimated?", icon=":material/timer:"):
    st.markdown(lessons.STEP_TIME)
left, right = st.columns(2)
for position, (title, text, source) in enumerate(lessons.LESSONS):
    with (right if position % 2 else left).expander(title):
        st.markdown(text)
        sources.cite(source)
widgets.show_source(freezing.count_params, step_cost.relative_step_time)
