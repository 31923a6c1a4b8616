"""Figures of the strategy page: similarity to ImageNet, evidence.

Imports: core, core.strategy, core.zero_shot, figures, figures.reading.
"""
