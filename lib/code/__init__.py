"""Code that Thaw writes for a reader: Keras, PyTorch and tf.data, as templates and what they need.

`templates/*.py.j2` read as the code they become; a module beside them computes the values. The only
floor that imports Jinja2.
"""
