"""Predict: what a network predicts for an image, where it looked, and the run as a download."""

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
    "It knows only the 1,000 classes of ImageNet, and it always predicts one of them, even for a "
    "drawing or a solar cell, which belongs to none. A new head can use the features that it "
    "learned for this task, such as edges, fur and metal."
)

# --- A finished run ---------------------------------------------------------
st.subheader("The same image through a finished run", anchor=False)
run = finished_run.picker()
if run is None:
    st.markdown("Finished runs can classify the image here. Start one in the training lab.")
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
        "Its last feature map still has positions. If the head is one Dense layer on the averages, "
        "the same weights applied to the map itself give a **class activation map**, and its mean "
        "is the logit without its bias. With any other head, **Grad-CAM** uses the gradient of the "
        "logit instead of the weights. Both are as coarse as the map: 4 × 4 cells at 128 pixels."
    )
    sources.cite("cam", "grad-cam")
with right.expander("How sure is a probability?"):
    st.markdown(
        "The numbers sum to 1 because softmax normalises them, not because the network has checked "
        "whether it knows such images. On images unlike its training data it can be confident and "
        "wrong. The page Learning curves compares the confidence of a run with its accuracy."
    )
widgets.show_source(pooling.class_activation_map, heads.softmax)
