"""Runs: stored, followed while they train, exported, imported and repeated.

Imports: core, core.files, core.reading.
"""
