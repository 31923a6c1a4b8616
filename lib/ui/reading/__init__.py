"""The page Learning curves: runs, curves, findings and the test images.

Imports: core, core.files, core.lab, core.reading, figures.reading, figures.svg, ui, ui.parts,
ui.uploads.
"""
