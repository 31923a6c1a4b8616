"""The page Zero-shot: the reader's description, and results with no image and with a few.

Imports: core, core.maps, core.strategy, core.zero_shot, figures.zero_shot, ui, ui.maps, ui.parts,
ui.uploads.
"""
