"""Training itself: phases, steps, the frozen prefix, and the log of a run.

Imports: core, core.broken, core.images, core.lab, core.network, core.reading, training,
training.images, training.network, training.sources.
"""
