"""Work in a thread beside a run that can be stopped."""

import sys
import threading

import pytest

from lib.jobs.interrupting import Stop, set_exception
from lib.training import beside
from tests.speeds import PATIENCE_S


def test_a_result_and_an_error_arrive():
    assert beside.result_of(beside.begin(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        beside.result_of(beside.begin(divmod, 7, 0))


def test_a_library_that_is_missing_is_an_import_error():
    with pytest.raises(ImportError, match="no_such_library"):
        beside.late_import("no_such_library")


def test_a_run_that_is_stopped_within_an_import_leaves_the_whole_library(tmp_path, monkeypatch):
    (tmp_path / "slow_library.py").write_text(
        "import sys\nsys.began.set()\nsys.goes_on.wait()\nwhole = True\n", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "began", threading.Event(), raising=False)
    monkeypatch.setattr(sys, "goes_on", threading.Event(), raising=False)
    stopped = threading.Event()

    def run() -> None:
        try:
            beside.late_import("slow_library")
        except Stop:
            stopped.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert sys.began.wait(PATIENCE_S)
    assert set_exception(thread.ident, Stop)
    # Long before the library is whole; if it is imported in the same thread, it waits for this.
    was_stopped = stopped.wait(PATIENCE_S)
    sys.goes_on.set()
    assert was_stopped
    assert beside.late_import("slow_library").whole
    thread.join(PATIENCE_S)
    del sys.modules["slow_library"]
