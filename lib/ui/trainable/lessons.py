"""The words between the parts of the page."""

import streamlit as st

from lib.core.trainable import residual
from lib.ui import glossary, sources

STEP = (
    f"A small network has a base of one layer, and a {glossary.term('head')} of one "
    f"{glossary.term('logit')}. `fit()` makes one step with what is {glossary.term('trainable')}. "
    "Predict what changes, then uncover it."
)
THREE_WORDS = (
    "`trainable` says which weights an optimizer may change. `training` is the mode of a call: "
    f"Dropout and {glossary.term('batch_normalization')} behave differently in training and in "
    "inference. `compile()` prepares the training."
)
TRAPS = (
    f"Each trap is a few lines that {glossary.term('frozen', 'freeze')}, "
    f"{glossary.term('thaw')} or {glossary.term('fine_tuning', 'fine-tune')} layers, and run "
    "without an error. Read them, answer, then uncover what was recorded, or run them with the "
    "Keras that is installed."
)
RESIDUAL = (
    "A residual block adds the output of its layers to its own input. The input goes around the "
    "layers, on the shortcut, so the layers only have to learn what to add. Below are the real "
    f"numbers of `{residual.BLOCK}` of EfficientNet-Lite0, one {glossary.term('channel')} at a "
    "time, for a photograph of "
    f"{residual.IMAGE_SIZE} x {residual.IMAGE_SIZE} pixels."
)


def step() -> None:
    """Say what is predicted, and on demand what the three words mean."""
    st.markdown(STEP)
    with st.expander("What do `trainable`, `training` and `compile()` mean?"):
        st.markdown(THREE_WORDS)


def residual_finding() -> None:
    """Say what the shortcut carries, as a number."""
    kept = residual.load().share_kept
    st.markdown(
        f"**Most of what leaves this block is what came in: over all numbers, its input and its "
        f"sum have a correlation of {kept:.2f}.** {RESIDUAL}"
    )


def residual_words() -> None:
    """Say what a cut inside a block means, and tell its residual from that of a regression."""
    st.markdown(
        f"**A {glossary.term('cut')} inside a block** trains, and its counts are right. But two "
        "tensors cross it, so the frozen part is not a network of its own. The well-known "
        "`fine_tune_at = 100` of "
        "MobileNetV2 is such a cut.\n\n"
        "**Two meanings of one word.** The residual of a regression is an error: the observed "
        "value minus the predicted one, and a good model makes it small. The residual of a block "
        "is an output: what its layers add, the sum minus the input. Nobody tries to make it "
        "small."
    )
    sources.cite("resnet50", "tf-transfer")
