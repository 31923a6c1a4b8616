"""Imports Keras without two libraries that it only wraps; import this before Keras itself.

Keras imports scikit-learn and pandas where they are installed, for wrappers and for tables that
Thaw does not use. That takes a third of the time in which a worker starts. A run that solves its
head imports scikit-learn when it does so.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let some modules seem not to be installed, unless they have been imported before."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type] # None: cannot be imported
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _hidden("sklearn", "pandas"):
    import keras  # noqa: F401
