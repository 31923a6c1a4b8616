"""Predictions of a network beside an image."""
