"""A dataset before training: samples, inspection, duplicates, and what goes wrong with splits.

Imports: core, core.files, core.reading.
"""
