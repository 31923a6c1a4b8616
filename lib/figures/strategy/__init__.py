"""Figures of the strategy page: similarity to ImageNet, evidence.

Imports: core, core.strategy, figures, figures.reading.
"""
