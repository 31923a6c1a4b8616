"""Every page test has a store of its own and starts no engine."""

from collections.abc import Iterator
from functools import cache as once
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner

from lib.jobs.downloads import Downloads
from lib.jobs.keeper import Keeper
from lib.ui import cache


@pytest.fixture(scope="session", autouse=True)
def _packages_are_searched_once() -> Iterator[None]:
    """A server searches every installed package for components when it starts.

    AppTest is such a start, and the search would take three quarters of the time of a test.
    """
    with pytest.MonkeyPatch.context() as patch:
        search = once(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", search)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_web_process_has_no_keras() -> Iterator[None]:
    """Streamlit looks for Keras after every rerun; if it is loaded, it collects all garbage.

    The web process never loads Keras; these tests share their process with the oracle tests. To
    collect took up to 0.3 s in each rerun, four fifths of the time of a page test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(autouse=True)
def _own_store_and_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    monkeypatch.delenv("THAW_SCHEDULER", raising=False)
    # Also not for a question, which waits for one.
    monkeypatch.setattr(Keeper, "start", lambda self: None)
    # Nobody looks whether the hosts of datasets can be reached.
    monkeypatch.setattr(Downloads, "reachable", lambda self, hosts: frozenset(hosts))
    cache._holder.clear()
    yield
    cache._holder.clear()
