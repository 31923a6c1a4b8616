"""Work in a thread of its own beside that of a run, which can be stopped while it waits for it."""

import importlib
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Found = TypeVar("Found")

LOOK_S = 0.01


def begin(function: Callable[..., Found], *arguments: Any) -> Future[Found]:
    """Call a function in a thread of its own."""
    threads = ThreadPoolExecutor(1, "thaw-beside")
    coming = threads.submit(function, *arguments)
    threads.shutdown(wait=False)
    return coming


def result_of(coming: Future[Found]) -> Found:
    """The result of a thread, or its exception.

    A thread that waits for a lock does not receive the exception that stops a run, so this looks.
    """
    while not coming.done():
        time.sleep(LOOK_S)
    return coming.result()


def late_import(name: str) -> Any:
    """Import a module where it is used first, because many runs never use it.

    The exception that stops a run would leave half a library if it arrived within an import.

    Raises:
        ImportError: If it cannot be imported.
    """
    if name not in sys.modules:
        result_of(begin(importlib.import_module, name))
    # Where another thread is importing it just now, this waits for that.
    return importlib.import_module(name)
