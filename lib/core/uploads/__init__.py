"""A reader's own images: their upload, and the datasets that belong to one reader.

Imports: core, core.files, core.lab.
"""
