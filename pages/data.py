"""Data: what goes into a run, seen before it runs."""

from lib.ui import data_view, shell

shell.page("data")

# --- Controls ---------------------------------------------------------------
dataset = data_view.dataset_picker()

# --- Result and why, a section at a time ------------------------------------
data_view.sections(dataset)
