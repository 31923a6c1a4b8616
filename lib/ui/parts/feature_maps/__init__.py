"""Channels, class map and equation over an image."""
