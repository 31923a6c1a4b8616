"""Trainable: what freezing, the mode of a step and compile change, predicted and then watched."""

import streamlit as st

from lib.core.trainable import layer_kinds, truth_table
from lib.ui import link, shell, widgets
from lib.ui.parts.residual_block import component as residual_block
from lib.ui.trainable import choices, glass, lessons, trap_list, truth

shell.page("trainable")
link.warn(choices.open_page())

glass.show()

st.header("What does one step of `fit()` change?", anchor="one-step")
lessons.step()
truth.show()

st.header("Twelve traps", anchor="traps")
st.markdown(lessons.TRAPS)
trap_list.show()

st.header("What does a residual block add?", anchor="residual")
lessons.residual_finding()
residual_block.show()
lessons.residual_words()

widgets.show_source(layer_kinds.lists, truth_table.why)
