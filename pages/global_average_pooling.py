"""Global average pooling: from a feature map to a vector, and from the vector to a decision."""

import streamlit as st

from lib.core import heads, pooling
from lib.ui import shell, state, widgets
from lib.ui.maps import costs, lessons, page
from lib.ui.parts.pooling_board import component as pooling_board

shell.page("global_average_pooling")

# --- By hand ----------------------------------------------------------------
pooling_board.show()

# --- On a real image --------------------------------------------------------
page.show()

# --- Why, question by question ----------------------------------------------
st.subheader("More questions", anchor=False)
widgets.question("How many parameters does it save?", state.ASK_SAVES, costs.show_params)
widgets.question("When is Flatten the better choice?", state.ASK_FLATTEN, costs.show_line)
widgets.question("What does it cost in accuracy?", state.ASK_ACCURACY, page.show_recorded)
widgets.question("Why does it work, and what is lost?", state.ASK_WHY, lessons.show)
widgets.show_source(pooling.global_average_pool, pooling.class_activation_map, heads.count_params)
