"""The page Model summary: the freeze plan on screen, and its lessons.

Imports: core, core.network, ui.
"""
