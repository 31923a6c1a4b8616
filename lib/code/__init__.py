"""Code that Thaw writes for a reader: Keras, PyTorch and tf.data.

Imports: core.
"""
