"""A room that votes, on the projector and on phones.

Imports: core.files, core.voting, ui, ui.parts, ui.uploads.
"""
