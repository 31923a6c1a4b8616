"""Inline components, a folder each: Python side, payload, script and style sheet.

Imports: core, core.images, core.maps, core.network, core.strategy, figures, figures.svg, ui,
ui.network, ui.strategy.
"""
