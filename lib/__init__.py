"""Everything of Thaw that is not a page. The folder says what a file may import: docs/design.md."""

import os

# What NumPy solves here is small. With threads, OpenBLAS waits for them by spinning, and beside a
# training that uses every core a solution of 20 ms takes seconds. Read when NumPy is imported, and
# by every process that this one starts.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
