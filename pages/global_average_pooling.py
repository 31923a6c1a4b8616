"""Global average pooling: from a feature map to a vector, and from the vector to a decision."""

import streamlit as st

from lib.core import heads, pooling
from lib.ui import (
    components,
    feature_maps_view,
    pooling_board,
    pooling_costs,
    pooling_lessons,
    shell,
)

shell.page("global_average_pooling")

# --- By hand ----------------------------------------------------------------
pooling_board.pooling_board()

# --- On a real image --------------------------------------------------------
feature_maps_view.show()

# --- What it saves ----------------------------------------------------------
st.subheader("What it saves", anchor=False)
pooling_costs.show_params()
st.subheader("When is Flatten the better choice?", anchor=False)
pooling_costs.show_line()

# --- What it costs ----------------------------------------------------------
feature_maps_view.show_recorded()

# --- Why --------------------------------------------------------------------
st.subheader("Why", anchor=False)
left, right = st.columns(2)
for position, (title, text, sources) in enumerate(pooling_lessons.LESSONS):
    with (right if position % 2 else left).expander(title):
        st.markdown(text)
        components.sources(*sources)
components.show_source(
    pooling.global_average_pool, pooling.class_activation_map, heads.count_params
)
