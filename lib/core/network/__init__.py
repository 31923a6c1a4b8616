"""Facts about a pretrained network that its layer table lacks: cost of a step, published accuracy.

Imports: core.
"""
