"""The page Model summary: the freeze plan on screen, and its controls and lessons.

Imports: core, core.network, ui.
"""
