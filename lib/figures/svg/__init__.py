"""Pictures that are drawn as SVG or cut from an image, without Plotly.

Imports: core, core.reading, figures.
"""
