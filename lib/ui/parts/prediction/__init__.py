"""Answers of a network beside an image."""
