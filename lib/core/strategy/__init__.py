"""Which strategy for which data: the rule, similarity to ImageNet, evidence from recorded runs.

Imports: core, core.files, core.lab, core.network, core.reading.
"""
