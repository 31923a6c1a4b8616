"""The page Data: catalogue, inspection, pipeline and splits of a dataset.

Imports: code, core, core.images, core.maps, core.strategy, figures.images, ui, ui.maps, ui.parts,
ui.uploads.
"""
