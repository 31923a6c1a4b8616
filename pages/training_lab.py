"""Training lab: run a strategy on real images and watch where fine-tuning begins."""

import streamlit as st

from lib.core.errors import ThawError
from lib.ui import components, lab, lab_settings, shell

shell.page("training_lab")

# --- Controls ---------------------------------------------------------------
lab.open_link()
config, problem = None, None
with st.container(horizontal=True):
    dataset = components.dataset_picker()
    backbone = components.backbone_picker()
    strategy = components.strategy_picker()
with st.container(horizontal=True, vertical_alignment="center"):
    start = st.container(width="content")
    with st.popover("More settings", icon=":material/tune:"):
        try:
            config = lab_settings.config(dataset, backbone, strategy)
        except ThawError as error:
            problem = error
    shown = lab.shown_run_id(config or lab_settings.usual(dataset, backbone, strategy))
    with start:
        lab.start_button(config, shown)
if problem:
    components.problem(problem)

# --- The run on screen ------------------------------------------------------
if shown:
    lab.show(shown, config)
else:
    lab.nothing_yet()

# --- Why --------------------------------------------------------------------
left, right = st.columns(2)
with left.expander("Why is the head trained first?"):
    st.markdown(
        "A new head starts with random weights, so its first gradients are large and mean "
        "nothing. Sent into a thawed backbone, they would destroy features that took ImageNet "
        "to learn. So the backbone stays frozen until the head is sensible, and then learns "
        "at a lower rate."
    )
    components.sources("keras-transfer")
with right.expander("Why does it take so little time?"):
    st.markdown(
        "Frozen layers give the same output for the same image in every epoch. Thaw runs them "
        "once, keeps what comes out, and trains only what follows. The curves are the ones of "
        "training the whole network; a test compares the two."
    )
    st.caption("Measured: docs/benchmarks.md")
