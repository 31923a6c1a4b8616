"""Who the reader is, what they may see and do, and how their own images are brought.

Imports: core, core.files, core.images, core.lab, core.uploads, ui, ui.parts.
"""
