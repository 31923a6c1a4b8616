"""Figures of the pooling page: what averaging saves and what it costs.

Imports: core, core.maps, figures.
"""
