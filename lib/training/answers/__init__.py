"""What a worker answers beside runs: about a dataset, its similarity, a run to take home.

Imports: core, core.files, core.images, core.lab, core.strategy, core.uploads, training,
training.engine, training.images, training.network, training.sources.
"""
