"""One image: decoded and checked, turned upright, converted to sRGB, resized, drawn in a sheet.

Imports: core, core.files, core.images.
"""
