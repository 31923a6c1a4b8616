"""What a worker answers beside runs: about a dataset, its similarity, a run to take home.

Imports: core, core.features, core.files, core.images, core.lab, core.maps, core.reading,
core.strategy, core.uploads, core.zero_shot, training, training.engine, training.images,
training.network, training.sources.
"""
