"""A dataset before it is trained on: samples, inspection, duplicates, how splits go wrong.

Imports: core, core.files.
"""
