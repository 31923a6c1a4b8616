"""Model summary: freeze layers of a backbone and watch the parameter counts."""

import streamlit as st

from lib.code import keras_model
from lib.core import backbones, freezing, strategies
from lib.core.network import step_cost
from lib.ui import link, live, shell, widgets
from lib.ui.network import controls, lessons, plan, plan_link
from lib.ui.parts.layer_strip import component as layer_strip

shell.page("model_summary")


@st.fragment
def strip(around: str) -> None:
    """Draw the layers; a gesture is confirmed by this fragment, and what is around it follows."""
    wanted = plan.read()
    layer_strip.show(wanted)
    plan_link.share(wanted)
    if live.is_rerun_alone():
        live.rerun_after_pause(around)


@st.fragment
def instrument() -> None:
    """Draw everything that follows from the freeze plan."""
    # --- Controls -----------------------------------------------------------
    wanted, ignored = plan_link.open_page()
    controls.show(wanted)
    link.warn(ignored)

    # --- Numbers and result -------------------------------------------------
    strip(live.current_fragment())

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
    with (
        st.container(key="model_code"),
        st.expander("How is this written in Keras?", icon=":material/code:"),
    ):
        st.code(code, language="python")
        st.download_button(
            "Download",
            lambda: code,
            file_name=f"{wanted.backbone}.py",
            mime="text/x-python",
            icon=":material/download:",
            on_click="ignore",
        )
    title = backbones.get(wanted.backbone).title
    with st.expander(f"What is {title}, and what is left out of it?", icon=":material/article:"):
        st.markdown(lessons.about(wanted.backbone))
        lessons.without_top()


instrument()

# --- Why --------------------------------------------------------------------
with st.expander("Where do these numbers come from?", icon=":material/calculate:"):
    st.markdown(lessons.STEP_TIME)
    widgets.source_code(freezing.count_params, step_cost.relative_step_time)
st.page_link(
    "pages/trainable.py",
    label="What do `trainable`, `training` and `compile` change? Predict it, and see it happen.",
    icon=":material/toggle_on:",
)
