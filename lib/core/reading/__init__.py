"""Reading runs that have ended: curves, findings, comparison, predictions for the test images.

Imports: core, core.files.
"""
