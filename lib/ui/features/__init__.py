"""The page Features: one image at all depths, images as a map, and what training did to both.

Imports: core, core.broken, core.features, core.lab, core.maps, core.strategy, figures, ui,
ui.maps, ui.parts, ui.uploads.
"""
