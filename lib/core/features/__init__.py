"""What the layers know: depths, receptive fields, first filters, probes, images as a map.

Imports: core, core.files, core.strategy.
"""
