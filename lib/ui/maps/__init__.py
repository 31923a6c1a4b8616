"""The page Global average pooling: real images, costs and lessons.

Imports: core, core.maps, core.network, figures.maps, ui, ui.network, ui.parts, ui.uploads.
"""
