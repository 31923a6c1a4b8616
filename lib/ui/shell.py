"""The frame of every page: title, navigation and heading, from one registry."""

from dataclasses import dataclass

import streamlit as st

from lib.ui import link, state


@dataclass(frozen=True)
class PageSpec:
    """A page.

    Args:
        path: File, relative to the root of the project.
        title: Title in the navigation and in the heading.
        subtitle: The main idea of the page, in one sentence.
        icon: Material icon.
        parameters: The link parameters that this page reads.
    """

    path: str
    title: str
    subtitle: str
    icon: str
    parameters: tuple[str, ...] = ()


# In pixels: wide enough for the longest title on one line, and no wider.
SIDEBAR_WIDTH = 242

# In the order of the lessons.
PAGES: dict[str, PageSpec] = {
    "home": PageSpec(
        "app.py",
        "Thaw",
        "See what freezing and thawing a pretrained network does, with real numbers.",
        ":material/home:",
    ),
    "data": PageSpec(
        "pages/data.py",
        "Data",
        "See what goes into a run before it starts, and how to use your own images.",
        ":material/photo_library:",
        state.DATA_PARAMETERS,
    ),
    "model_summary": PageSpec(
        "pages/model_summary.py",
        "Model summary",
        "Freeze layers of a pretrained backbone and see which parameters remain trainable.",
        ":material/layers:",
        state.LINK,
    ),
    "global_average_pooling": PageSpec(
        "pages/global_average_pooling.py",
        "Global average pooling",
        "See how a stack of feature maps becomes a short vector, and the vector a decision.",
        ":material/grid_view:",
    ),
    "strategy": PageSpec(
        "pages/strategy.py",
        "Strategy",
        "Answer a few questions about your data, and get one recommendation with recorded runs.",
        ":material/signpost:",
        (*state.LINK_SITUATION, state.TRIED),
    ),
    "training_lab": PageSpec(
        "pages/training_lab.py",
        "Training lab",
        "Run a strategy on real images for a minute and watch where fine-tuning begins.",
        ":material/science:",
        (state.RUN,),
    ),
    "learning_curves": PageSpec(
        "pages/learning_curves.py",
        "Learning curves",
        "Read a run that has ended: what its curves show, and how certain that is.",
        ":material/show_chart:",
        state.CURVES_LINK,
    ),
    "predict": PageSpec(
        "pages/predict.py",
        "Predict",
        "Show a network an image, and see what it predicts and where it looked.",
        ":material/image_search:",
        (state.RUN,),
    ),
}


def page(name: str) -> PageSpec:
    """Draw the frame of a page. Every page calls this first.

    Args:
        name: Key of PAGES.
    """
    spec = PAGES[name]
    state.enter(name)
    home = name == "home"
    st.set_page_config(
        page_title="Thaw" if home else f"{spec.title} · Thaw",
        page_icon=spec.icon,
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
    )
    with st.sidebar:
        st.markdown("## Thaw")
        for other in PAGES.values():
            label = "Home" if other is PAGES["home"] else other.title
            st.page_link(other.path, label=label, icon=other.icon, width="stretch")
    with st.container(gap=None):
        st.title(spec.title, anchor=False)
        st.markdown(f":gray[{spec.subtitle}]")
    # After a change of page, the parameters of the previous page may still be in the link.
    link.caption_unknown([name for each in PAGES.values() for name in each.parameters])
    return spec


def is_dark() -> bool:
    """Return True if the reader sees the dark theme."""
    return st.context.theme.type == "dark"
