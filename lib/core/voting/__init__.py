"""A room that votes: codes to enter, one answer for each browser, and who may reveal.

Imports: core.
"""
