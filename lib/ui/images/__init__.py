"""The page Data: catalogue, inspection, pipeline and splits of a dataset.

Imports: code, core, core.files, core.images, core.maps, core.strategy, figures.images, figures.svg,
ui, ui.maps, ui.parts, ui.uploads.
"""
