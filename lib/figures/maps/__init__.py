"""Figures of the pooling page: how pooling changes parameters and accuracy.

Imports: core, core.maps, figures.
"""
