"""The Training lab: a run on screen and its settings."""
