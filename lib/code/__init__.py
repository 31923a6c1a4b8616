"""Code that Thaw writes for a reader: Keras, PyTorch and tf.data, as templates and what they need.

`templates/*.py.j2` read as the code they become; a module beside them computes the values. The
handout of a lesson, a page to print, is such a template too. The only floor that imports Jinja2.
"""
