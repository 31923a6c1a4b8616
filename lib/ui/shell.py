"""The frame of every page: title, navigation and heading, from one registry."""

from dataclasses import dataclass

import streamlit as st

from lib.ui import link, state


@dataclass(frozen=True)
class PageSpec:
    """A page.

    Args:
        path: File, from the top of the project.
        title: In the navigation and as heading.
        subtitle: The one idea of the page, in a sentence.
        icon: Material icon.
        parameters: Of the link, as far as this page reads them.
    """

    path: str
    title: str
    subtitle: str
    icon: str
    parameters: tuple[str, ...] = ()


# In pixels: the longest title on one line, and the rest of a projector for the lesson.
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
        "What goes into a run, seen before it runs; and how to bring your own images.",
        ":material/photo_library:",
        state.DATA_PARAMETERS,
    ),
    "model_summary": PageSpec(
        "pages/model_summary.py",
        "Model summary",
        "Freeze layers of a pretrained backbone and see what is left to learn.",
        ":material/layers:",
        state.LINK,
    ),
    "global_average_pooling": PageSpec(
        "pages/global_average_pooling.py",
        "Global average pooling",
        "How a stack of maps becomes a short vector, and the vector a decision.",
        ":material/grid_view:",
    ),
    "strategy": PageSpec(
        "pages/strategy.py",
        "Strategy",
        "A few questions about your data, one recommendation, and what happened when it was tried.",
        ":material/signpost:",
        (*state.LINK_SITUATION, state.TRIED),
    ),
    "training_lab": PageSpec(
        "pages/training_lab.py",
        "Training lab",
        "Run a strategy for a minute on real images and watch where fine-tuning begins.",
        ":material/science:",
        (state.RUN,),
    ),
    "learning_curves": PageSpec(
        "pages/learning_curves.py",
        "Learning curves",
        "Read a run that has ended: what its curves say, and how sure one can be.",
        ":material/show_chart:",
        state.CURVES_LINK,
    ),
    "predict": PageSpec(
        "pages/predict.py",
        "Predict",
        "Show a network an image, and see what it answers and where it looked.",
        ":material/image_search:",
        (state.RUN,),
    ),
}


def page(name: str) -> PageSpec:
    """Draw the frame of a page. The first call of every page.

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
    # Another page's parameters may still be there after a change of page.
    link.caption_unknown([name for each in PAGES.values() for name in each.parameters])
    return spec


def is_dark() -> bool:
    """True where the reader sees the dark appearance."""
    return st.context.theme.type == "dark"
