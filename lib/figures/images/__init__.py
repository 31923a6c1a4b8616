"""Figures of a dataset: sizes, values, how splits leak.

Imports: core, core.files, core.images, figures.
"""
