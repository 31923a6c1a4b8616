"""Small experiments on the installed Keras: what one step moves, and twelve traps with their cures.

Imports: core, core.trainable.
"""
