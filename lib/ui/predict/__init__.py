"""The page Predict: an image through a network, and a run to take home.

Imports: code, core, core.broken, core.files, core.lab, core.maps, ui, ui.maps, ui.parts,
ui.uploads.
"""
