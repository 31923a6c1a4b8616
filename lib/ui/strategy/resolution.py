"""What image size and steps are worth, as recorded, behind a question."""

import streamlit as st

from lib.core.strategy import resolution
from lib.core.strategy.resolution import PUBLISHED, SEEDS
from lib.figures.strategy import resolution as figures
from lib.ui import shell, widgets


def show() -> None:
    """Show the recorded accuracies over image size and steps, with the finding above them."""
    found = resolution.read()
    if not found:
        return
    question = "What are larger images and more steps worth?"
    with st.expander(question, icon=":material/photo_size_select_large:"):
        st.markdown(f"**{resolution.finding(found)}**")
        left, right = st.columns(2)
        with left:
            widgets.plot(
                figures.by_size(found, dark=shell.is_dark()),
                "resolution_by_size",
                figures.alt_by_size(found),
            )
        with right:
            widgets.plot(
                figures.by_steps(found, dark=shell.is_dark()),
                "resolution_by_steps",
                figures.alt_by_steps(found),
            )
        st.caption(about())


def about() -> str:
    """Describe how the numbers were recorded."""
    numbers = sorted({each.num_images for each in resolution.read()})
    images = " or ".join(f"{number:,}" for number in numbers)
    return (
        f"EfficientNet-Lite0, heads on {images} images, means of {len(SEEDS)} random choices, each "
        "tested on all other images. Left, heads are solved; a square is the head plus what "
        f"thawing everything for {resolution.THAWED_EPOCHS} epochs added on the test images, once. "
        f"Right, at {PUBLISHED} pixels. `python -m lib.tools.record_resolution`"
    )
