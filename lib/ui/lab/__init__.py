"""The Training lab: a run on screen and its settings.

Imports: core, core.lab, core.reading, figures.reading, ui, ui.uploads.
"""
