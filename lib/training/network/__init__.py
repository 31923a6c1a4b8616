"""Networks: architectures, pretrained weights, heads, stored models, where a network looked.

Imports: core, core.features, core.files, core.lab, training.sources.
"""
