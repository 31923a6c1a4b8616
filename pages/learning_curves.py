"""Learning curves: read a run that has ended, and see how certain its results are."""

import streamlit as st

from lib.core import intervals
from lib.core.reading import diagnose
from lib.core.reading.evaluation import compare
from lib.ui import shell, sources, widgets
from lib.ui.reading import curves, evaluation, gallery, manage, runs

shell.page("learning_curves")

# --- Controls ---------------------------------------------------------------
known = runs.known_runs()
runs.open_link(known)
gallery.show(known)
with st.container(key="curves_controls", horizontal=True, vertical_alignment="bottom"):
    chosen = runs.picker(known)
    if len(chosen) == 1:
        runs.compare_with(chosen[0], known)
    manage.show(chosen)

# --- Result -----------------------------------------------------------------
if not chosen:
    runs.nothing_yet()
elif len(chosen) == 1:
    curves.one(chosen[0])
    evaluation.show(chosen[0])
else:
    curves.several(chosen)

# --- Why --------------------------------------------------------------------
left, right = st.columns(2)
with left.expander("Why is the validation score low?"):
    st.markdown(
        "Four causes look alike and need different remedies. **Overfitting**: the training score "
        "goes on rising; more images, augmentation or early stopping help. **Underfitting**: the "
        "training score is low too; more thawed layers or more epochs help. **Distribution "
        "shift**: the two splits differ, and a classifier can tell them apart; only other data "
        "help. **Settings**: the curves jump if the rate is too high and crawl if it is too low."
    )
    sources.cite("cs231n-training")
with right.expander("Why is a higher accuracy not always better?"):
    st.markdown(
        "With 40 test images one image is 2.5 points. A confidence interval gives the accuracies "
        "that fit the result on these images. Two runs on the same images are compared image by "
        "image, which tells more than comparing their two intervals."
    )
widgets.show_source(intervals.wilson_interval, compare, diagnose.diagnose)
