"""Features: what each depth of a network finds, and what a head can do with it."""

from lib.core.features import depths, image_map
from lib.ui import link, shell, sources, widgets
from lib.ui.features import choices, dataset, image, lessons, runs

shell.page("features")
link.warn(choices.open_page())

# --- One image, all depths --------------------------------------------------
image.show()

# --- The images of a dataset ------------------------------------------------
dataset.show()

# --- What training does to them ---------------------------------------------
runs.fine_tuning()
runs.scratch()

# --- Why --------------------------------------------------------------------
sources.lessons(lessons.lessons())
widgets.show_source(
    depths.receptive_fields, image_map.principal_components, image_map.right_neighbours
)
