"""The page about `trainable`, `training` and `compile`: its choices, its link and its sections.

Imports: core, core.trainable, ui, ui.parts.
"""
