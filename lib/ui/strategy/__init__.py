"""The page Strategy: answers, recommendation, evidence, and how a run starts from it.

Imports: core, core.evidence, core.features, core.images, core.lab, core.maps, core.reading,
core.strategy, core.zero_shot, figures.reading, figures.strategy, ui, ui.features, ui.lab,
ui.network, ui.parts, ui.uploads.
"""
