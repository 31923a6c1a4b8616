"""Files and folders: where they are, written whole, locked, cleaned up. Imports errors alone.

Imports: nothing of lib.
"""
