"""Training lab: run a strategy on real images and watch where fine-tuning begins."""

import streamlit as st

from lib.core.errors import ThawError
from lib.ui import shell, sources, widgets
from lib.ui.lab import break_it, page, settings, settings_link, start, training_images
from lib.ui.uploads import pickers

shell.page("training_lab")

# --- Controls ---------------------------------------------------------------
page.open_link()
config, problem = None, None
with st.container(key="lab_choices", horizontal=True):
    dataset = pickers.dataset_picker()
    backbone = widgets.backbone_picker()
    strategy = widgets.strategy_picker()
with st.container(horizontal=True, vertical_alignment="center"):
    buttons = st.container(horizontal=True, width="content")
    with st.popover("More settings", icon=":material/tune:"):
        try:
            config = settings.config(dataset, backbone, strategy)
        except ThawError as error:
            problem = error
    shown = page.shown_run_id(config or settings.usual(dataset, backbone, strategy))
    with buttons:
        problem = start.start_button(config, shown) or problem
    if config:
        with st.container(width="stretch"):
            training_images.show(config)
settings_link.share(config)
if problem:
    widgets.problem(problem)

# --- The run on screen ------------------------------------------------------
if shown:
    page.show(shown, config)
else:
    page.nothing_yet(config)

# --- One thing wrong ----------------------------------------------------------
break_it.show(config, dataset)

# --- Why --------------------------------------------------------------------
left, right = st.columns(2)
with left.expander("Why is the head trained first?"):
    st.markdown(
        "A new head starts with random weights, so its first gradients are large and carry no "
        "information. In a thawed backbone they would destroy the features learned on ImageNet. "
        "So the backbone stays frozen until the head has been trained, and is then trained with "
        "a lower learning rate."
    )
    sources.cite("keras-transfer")
with right.expander("Why does it take so little time?"):
    st.markdown(
        "Frozen layers give the same output for the same image in every epoch. Thaw runs them "
        "once, caches their output, and trains only the layers after them. The curves are those "
        "of training the whole network, except for rounding: in a test, losses differ by less "
        "than 0.01 %."
    )
    st.caption("Measured: docs/benchmarks.md")
