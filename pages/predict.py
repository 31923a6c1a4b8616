"""Predict: what a network says of an image, where it looked, and the run behind it to take home."""

import streamlit as st

from lib.core import heads, pooling
from lib.ui import shell, sources, widgets
from lib.ui.predict import finished_run, page, take_home

shell.page("predict")

# --- The image --------------------------------------------------------------
subject = page.image_picker()

# --- The pretrained model ---------------------------------------------------
st.subheader("The pretrained model: one of 1,000 classes", anchor=False)
page.pretrained(subject)
st.markdown(
    "It knows the 1,000 classes of ImageNet and no others, and it always names one: a drawing or "
    "a solar cell is not among them, and it answers all the same. What it learned on the way, "
    "edges, fur, metal, is what a new head can build on."
)

# --- A finished run ---------------------------------------------------------
st.subheader("The same image through a finished run", anchor=False)
run = finished_run.picker()
if run is None:
    st.markdown("A run that has finished can be asked here. Start one in the training lab.")
    st.page_link("pages/training_lab.py", label="Training lab", icon=":material/science:")
else:
    finished_run.answer(run, subject)

    # --- Take it home -------------------------------------------------------
    st.subheader("Take this run home", anchor=False)
    take_home.take_home(run)

# --- Why --------------------------------------------------------------------
left, right = st.columns(2)
with left.expander("How can a network say where it looked?"):
    st.markdown(
        "Its last feature map still has places. Where the head is one Dense layer on the averages, "
        "the same weights applied to the map itself give a **class activation map**, and its mean "
        "is the logit without its bias. With any other head **Grad-CAM** takes the gradient of the "
        "logit in place of the weights. Both are as coarse as the map: 4 × 4 cells at 128 pixels."
    )
    sources.cite("cam", "grad-cam")
with right.expander("How sure is a probability?"):
    st.markdown(
        "The numbers sum to 1 because softmax makes them, not because the network weighed whether "
        "it knows such images at all. On images unlike its training data it can be sure and wrong. "
        "The learning curves page shows how well the probabilities of a run fit what happened."
    )
widgets.show_source(pooling.class_activation_map, heads.softmax)
