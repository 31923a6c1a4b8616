"""Runs: stored, followed while they train, exported, imported and repeated."""
