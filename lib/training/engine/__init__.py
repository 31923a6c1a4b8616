"""Training itself: phases, steps, the frozen prefix, and the log of a run."""
