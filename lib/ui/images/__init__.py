"""The page Data: catalogue, inspection, pipeline and splits of a dataset.

Imports: core, core.code, core.images, core.maps, core.strategy, figures.images, ui, ui.maps,
ui.parts, ui.uploads.
"""
