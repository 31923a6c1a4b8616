"""Model summary: freeze layers of a backbone and watch the parameter counts."""

import streamlit as st

from lib.code import keras_model
from lib.core import backbones, freezing, strategies
from lib.core.network import step_cost
from lib.ui import link, shell, sources, widgets
from lib.ui.network import controls, lessons, plan_link
from lib.ui.parts.layer_strip import component as layer_strip

shell.page("model_summary")


@st.fragment
def instrument() -> None:
    """Draw everything that follows from the freeze plan; a gesture reruns only this fragment."""
    # --- Controls -----------------------------------------------------------
    wanted, ignored = plan_link.open_page()
    controls.show(wanted)
    link.warn(ignored)

    # --- Numbers and result -------------------------------------------------
    layer_strip.show(wanted)

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
    with st.expander("Keras code of this model and freeze plan", icon=":material/code:"):
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
    with st.expander(f"{title}: paper, accuracy, input", icon=":material/article:"):
        st.markdown(lessons.about(wanted.backbone))
    plan_link.share(wanted)


instrument()

# --- Why --------------------------------------------------------------------
with st.expander("How is the time of a step estimated?", icon=":material/timer:"):
    st.markdown(lessons.STEP_TIME)
sources.lessons(lessons.LESSONS)
widgets.show_source(freezing.count_params, step_cost.relative_step_time)
