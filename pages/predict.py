"""Predict: one image through the pretrained network and a finished run, and taking it home."""

import streamlit as st

from lib.core import heads, pooling
from lib.ui import glossary, link, shell, sources, state, widgets
from lib.ui.predict import finished_run, page, take_home

shell.page("predict")

# --- The image and the run --------------------------------------------------
offered = finished_run.offered()
# Who comes with a run of their own is asked for an image of their own.
first = finished_run.first_image(offered)
subject, place = page.image_picker(first, own_first=finished_run.comes_first())
with place:
    run = finished_run.picker(offered)

# --- Before and after -------------------------------------------------------
before, after = st.columns(2, gap="medium")
with before.container(key="predict_before"):
    pretrained = page.pretrained(subject)
with after.container(key="predict_after"):
    found = None
    if run is None:
        st.markdown("Finished runs can classify the image here. Start one in the training lab.")
        st.page_link("pages/training_lab.py", label="Training lab", icon=":material/science:")
    else:
        found = finished_run.answer(run, subject)

# --- Take it home, and why --------------------------------------------------
names = ("Take it home", "From the file to the name", "What did the run see?")
names += ("What did fine-tuning change?",) if found and found.before else ()
labels = [widgets.quiet(name) for name in names]
# Without a request the first tab explains; a link can open the downloads.
opened = labels[0 if link.get(state.SHOW) == state.TAKE_HOME else 1]
home, steps, saw, *tuned = st.container(key="predict_details").tabs(labels, default=opened)
with home:
    if run is not None:
        take_home.take_home(run)
with steps:
    page.steps(pretrained)
with saw:
    if run is not None and found is not None:
        finished_run.details(run, found)
for tab in tuned:
    with tab:
        if run is not None and found is not None:
            finished_run.fine_tuning(run, subject, found)
left, right = st.columns(2)
with left.expander("How can a network say where it looked?"):
    st.markdown(
        f"Its last {glossary.term('feature_map')} still has positions. If the "
        f"{glossary.term('head')} is one Dense layer on the averages, the same weights applied to "
        "the map itself give a **class activation map**, and its mean is the "
        f"{glossary.term('logit')} without its bias. With any other head, **Grad-CAM** uses the "
        "gradient of the logit instead of the weights. Both are as coarse as the map: 4 × 4 cells "
        "at 128 pixels."
    )
    sources.cite("cam", "grad-cam")
with right.expander("How sure is a probability?"):
    st.markdown(
        "The numbers sum to 1 because softmax normalises them, not because the network has checked "
        "whether it knows such images. On images unlike its training data it can be confident and "
        "wrong. The page Learning curves compares the confidence of a run with its accuracy."
    )
widgets.show_source(pooling.class_activation_map, heads.softmax)
