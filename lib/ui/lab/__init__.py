"""The Training lab: a run on screen and its settings.

Imports: core, core.broken, core.images, core.lab, core.reading, core.strategy, figures.reading, ui,
ui.parts, ui.uploads.
"""
