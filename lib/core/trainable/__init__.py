"""What moves: the weights of a layer, one step of `fit()`, twelve traps, and a residual block.

Imports: core, core.files.
"""
