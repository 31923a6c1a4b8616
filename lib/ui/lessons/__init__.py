"""Lessons on the pages: their registry, the named parts of pages, the guide and lecture mode.

Imports: code, core.lessons, ui, ui.parts, ui.vote.
"""
