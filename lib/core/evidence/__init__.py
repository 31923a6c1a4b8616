"""The recorded runs on folds, and what they say of each question to them.

Imports: core, core.files, core.strategy.
"""
