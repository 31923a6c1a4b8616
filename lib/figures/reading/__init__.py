"""Figures of runs: curves, comparison, test images, layers that moved.

Imports: core, core.files, core.reading, figures.
"""
