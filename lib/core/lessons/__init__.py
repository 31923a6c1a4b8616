"""Lessons as data: steps on pages, read from TOML files and checked.

Imports: core, core.files.
"""
