"""Global average pooling: from a feature map to a vector, and from the vector to a decision."""

import streamlit as st

from lib.core import heads, pooling
from lib.ui import shell, sources, widgets
from lib.ui.maps import costs, lessons, page
from lib.ui.parts.pooling_board import component as pooling_board

shell.page("global_average_pooling")

# --- By hand ----------------------------------------------------------------
pooling_board.show()

# --- On a real image --------------------------------------------------------
page.show()

# --- What it saves ----------------------------------------------------------
st.subheader("What it saves", anchor=False)
costs.show_params()
st.subheader("When is Flatten the better choice?", anchor=False)
costs.show_line()

# --- What it costs ----------------------------------------------------------
page.show_recorded()

# --- Why --------------------------------------------------------------------
st.subheader("Why", anchor=False)
sources.lessons(lessons.LESSONS)
widgets.show_source(pooling.global_average_pool, pooling.class_activation_map, heads.count_params)
