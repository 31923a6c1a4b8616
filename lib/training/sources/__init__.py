"""Where images come from: datasets, folders, uploads, downloads; decoded, and features cached.

Imports: core, core.broken, core.files, core.images, core.uploads, training.builders,
training.images.
"""
