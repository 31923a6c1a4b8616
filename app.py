"""Home: a network is taught something new at first contact, and where to go from there."""

import streamlit as st
from streamlit.starlette import App

from lib.core import datasets
from lib.core.images import samples
from lib.server import start
from lib.ui import shell, state, widgets
from lib.ui.home import doors, lesson, own_run
from lib.ui.parts.teach import component as teach


def home() -> None:
    """Draw the page."""
    shell.page("home")

    # --- Result -----------------------------------------------------------------
    # Its key keeps the room of the lesson free until the browser has drawn it (shell.css).
    with st.container(key="teach_stage"):
        teach.show(lesson.payload(taught=bool(state.read(state.TAUGHT))), own_run.begin)
    own_run.show()

    # --- Where to start ---------------------------------------------------------
    with st.container(key="doors"):
        doors.show(doors.FIRST)
    with st.expander("Or open one page"):
        doors.show(doors.of_pages())

    # --- Real images ------------------------------------------------------------
    dataset = datasets.get(lesson.config().dataset)
    with st.container(key="home_images", horizontal=True, gap="small"):
        for name, paths in samples.sample_paths(dataset.id).items():
            for path in paths[:5]:
                st.image(str(path), width=64, alt=name)
    widgets.attribution(dataset)


if __name__ == "__main__":
    # Streamlit runs this file for each visit of the page.
    home()
else:
    # Before that, `streamlit run app.py` imports it once, and serves `app`.
    app = App(__file__, middleware=start.middleware(), lifespan=start.lifespan)
