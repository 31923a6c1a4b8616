"""The page Home: the first lesson, a run behind its button, and the doors to the other pages.

Imports: core, core.lab, core.maps, ui, ui.lab, ui.maps, ui.parts, ui.uploads.
"""
