"""Files that ship with Thaw or that it stores: atomic writes, locks, scratch directories.

Imports: nothing of lib.
"""
