"""A reader's own images: on their way in, and as datasets that belong to one reader.

Imports: core, core.files, core.lab.
"""
