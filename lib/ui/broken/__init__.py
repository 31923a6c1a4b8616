"""The page Broken on purpose: the game, the evidence, the reveal and the catalogue.

Imports: core, core.broken, core.files, core.reading, figures.images, figures.reading, figures.svg,
ui, ui.parts.
"""
