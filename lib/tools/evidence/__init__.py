"""What `record_runs` trains: the runs to show, and the evidence, in which order and how.

Imports: core, core.evidence, core.strategy, training, training.answers, training.engine,
training.images, training.network, training.sources.
"""
