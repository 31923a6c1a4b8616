"""Every test session has a THAW_HOME of its own, shared by its tests: data is prepared once."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Before TensorFlow is loaded anywhere: its greetings are not what a test says.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A busy machine is no failure, and what was found here before does not decide what is tried there.
hypothesis.settings.register_profile("thaw", deadline=None, database=None)
hypothesis.settings.load_profile("thaw")


TESTS = Path(__file__).parent
# No fast tests: they train, start engines or need a browser.
SLOW = (
    TESTS / "oracle",
    TESTS / "browser",
    TESTS / "unit" / "jobs",
    TESTS / "unit" / "network" / "test_weights.py",
)
# Of the page tests the quickest are fast: most pages are opened by one of these.
FAST_PAGES = ("test_catalogue.py", "test_home.py", "test_links_from_before.py")
# So that no process is left alone with one of these at the end.
LONG = ("test_inference.py", "test_identity.py", "test_task.py", "test_layer_tables.py")


def _is_fast(path: Path) -> bool:
    """Whether the tests of a file are for `pytest -m fast`: no TensorFlow, engine or browser."""
    if path.parent.name == "pages":
        return path.name in FAST_PAGES
    return not any(slow in (path, *path.parents) for slow in SLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m fast`, leave the other files alone: their imports alone take ten seconds."""
    asked = config.getoption("markexpr") == "fast"
    return True if asked and collection_path.is_file() and not _is_fast(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast first, and marked so.

    The browser tests before the oracle, so that one process begins them while there is still work
    for the other; after what a browser's event loop would be in the way of.
    """
    for item in items:
        if _is_fast(item.path):
            item.add_marker(pytest.mark.fast)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    name = item.path.name
    if name == "test_take_home.py":
        return 1
    turn = {"browser": 2, "oracle": 4}.get(item.path.parent.name, 0)
    return 3 if turn == 4 and name in LONG else turn


class _ByFile(LoadScopeScheduling):
    """With `-n`, a process takes a file at a time, and one takes all browser tests: one server."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return "browser" if "/browser/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    """What `--dist loadgroup` would do, which pytest 9.2 keeps xdist 3.8 from."""
    return _ByFile(config, log)


def pytest_collection_finish() -> None:
    """Take what collection has imported out of the collector's sight.

    Streamlit collects after every rerun; with TensorFlow among what it looks at, as the oracle
    tests import it, that took two thirds of the time of a page test.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def thaw_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("thaw-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_HOME", str(home))
        # Nobody's own settings decide how a test ends.
        for name in ("THAW_SCHEDULER", "THAW_WEIGHTS", "THAW_WORKERS"):
            patch.delenv(name, raising=False)
        yield home
