"""Data: look at what goes into a run before it starts."""

from lib.ui import shell
from lib.ui.images import page

shell.page("data")

# --- Controls ---------------------------------------------------------------
dataset = page.dataset_picker()

# --- Result and why, a section at a time ------------------------------------
page.sections(dataset)
