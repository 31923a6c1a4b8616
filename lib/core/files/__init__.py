"""Files and folders: what ships with Thaw and what it keeps, written whole, locked, cleaned up.

Imports: nothing of lib.
"""
