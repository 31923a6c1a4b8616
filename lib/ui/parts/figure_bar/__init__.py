"""Replay and downloads below the curves."""
