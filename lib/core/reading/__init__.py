"""Reading runs that have ended: curves, findings, comparison, answers to the test images.

Imports: core, core.files.
"""
