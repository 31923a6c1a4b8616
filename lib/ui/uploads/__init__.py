"""A reader's own images on pages: who the reader is, what they may see, how images are brought.

Imports: core, core.files, core.images, core.uploads, ui, ui.parts.
"""
