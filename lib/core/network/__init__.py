"""What is known of a pretrained network beside its layer table: cost of a step, published facts.

Imports: core.
"""
