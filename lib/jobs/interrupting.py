"""Interrupts a thread that does not ask whether it should stop."""

import ctypes
import gc
import sys
import threading
import time
from types import FrameType


class Stop(BaseException):
    """Raised asynchronously in a run that does not check whether it was cancelled.

    Derived from BaseException, so that `except Exception` in a library does not catch it.
    """


def set_exception(thread: int, exception: type[BaseException] | None) -> bool:
    """Raise an exception in a thread, at its next step in Python.

    Args:
        thread: Its id.
        exception: What to raise; None withdraws one that has not arrived.

    Returns:
        False if it cannot be raised just now, or if there is no such thread.
    """
    # The only way to interrupt another thread. None cancels an exception that is still pending.
    # https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc
    if exception:
        time.sleep(0)  # Other threads let this one finish what follows.
        if _would_lose_it(thread):
            return False  # The caller tries again.
    value = ctypes.py_object(exception) if exception else None
    return bool(ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value))


def _would_lose_it(thread: int) -> bool:
    """True while a thread is within `Thread.start` or a destructor.

    Until a new thread runs, Python 3.11 knows it by the id of the one that starts it, and would
    raise the exception in the new one. That ends before it has begun, and the other waits for it
    forever. What a destructor raises is printed and forgotten.
    """
    frame = _frame(thread)
    while frame and not (
        frame.f_code is threading.Thread.start.__code__ or frame.f_code.co_name == "__del__"
    ):
        frame = frame.f_back
    return frame is not None


def _frame(thread: int) -> FrameType | None:
    """The frame in which a thread is; None if there is no such thread."""
    # Python 3.11 may collect garbage within `_current_frames`, while it holds what every thread
    # needs to begin and to end; destructors that wait for a thread would then wait forever.
    # https://github.com/python/cpython/issues/106883
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames().get(thread)
    finally:
        if collects:
            gc.enable()
