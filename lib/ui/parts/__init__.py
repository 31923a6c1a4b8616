"""Inline components, a folder each: Python side, payload, script and style sheet."""
