"""Inline components, a folder each: Python side, payload, script and style sheet.

Imports: core, core.evidence, core.features, core.images, core.lessons, core.maps, core.network,
core.strategy, core.trainable, core.voting, core.zero_shot, figures, figures.reading, figures.svg,
ui, ui.network, ui.strategy, ui.zero_shot.
"""
