"""The page Strategy: answers, recommendation, evidence, and how a run starts from it.

Imports: core, core.images, core.maps, core.reading, core.strategy, figures.reading,
figures.strategy, ui, ui.lab, ui.network, ui.uploads.
"""
