"""Recognising a class without one image of it: descriptions, names, and a few images.

Imports: core, core.files, core.strategy.
"""
