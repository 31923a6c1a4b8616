"""Imports Keras in two thirds of the time; import this before Keras itself.

Keras imports scikit-learn and pandas where they are installed, for wrappers and for tables that
Thaw does not use. A run that solves its head imports scikit-learn when it does so. And no garbage
is collected meanwhile: a quarter of the time, for objects of which nearly all stay.
"""

import gc
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


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Collect no garbage, and never look again at what is there at the end."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


with _hidden("sklearn", "pandas"), _collecting_nothing():
    import keras  # noqa: F401
