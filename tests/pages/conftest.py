"""Every page test has a store of its own and starts no engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.jobs.client import Client
from lib.ui import cache


@pytest.fixture(autouse=True)
def _own_store_and_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    monkeypatch.delenv("THAW_SCHEDULER", raising=False)
    monkeypatch.setattr(Client, "start", lambda self: None)
    cache._holder.clear()
    yield
    cache._holder.clear()
