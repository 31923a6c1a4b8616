"""Runs that are broken on purpose: the faults, the recorded cases, and what may be asked of them.

Imports: core, core.files, core.lab.
"""
