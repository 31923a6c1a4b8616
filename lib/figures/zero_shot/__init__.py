"""Figures of the page Zero-shot: what a constant does, accuracy from no image on, one space.

Imports: core.strategy, core.zero_shot, figures.
"""
