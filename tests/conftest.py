"""Every test session has a THAW_HOME of its own, shared by its tests: data is prepared once."""

import gc
import os
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# Before TensorFlow is loaded anywhere: its greetings are not what a test says.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A busy machine is no failure, and what was found here before does not decide what is tried there.
# Every run draws other cases, so that a few in each run are many in a week.
hypothesis.settings.register_profile("thaw", deadline=None, database=None, max_examples=40)
hypothesis.settings.load_profile("thaw")


TESTS = Path(__file__).parent
# No fast tests: they train, start engines or servers, or need a browser.
SLOW = (
    TESTS / "oracle",
    TESTS / "browser",
    TESTS / "unit" / "jobs",
    TESTS / "unit" / "network" / "test_weights.py",
    TESTS / "unit" / "server" / "test_live.py",
)
# Of the page tests the quickest are fast: most pages are opened by one of these.
FAST_PAGES = ("test_catalogue.py", "test_home.py", "test_links_from_before.py")
# The longest browser and oracle files, longest first: the short ones fill the gaps at the end.
LONG = (
    *("test_first_screens.py", "test_first_light.py", "test_engine_faults.py", "test_road.py"),
    *("test_lesson_steps.py", "test_own_images.py", "test_data.py", "test_strategy.py"),
    *("test_tour.py", "test_model_summary.py", "test_features.py", "test_strangers.py"),
    *("test_inference.py", "test_task.py", "test_faults.py", "test_settings.py"),
    *("test_kept_networks.py", "test_identity.py"),
)


def _is_fast(path: Path) -> bool:
    """Whether the tests of a file are for `pytest -m fast`: no TensorFlow, engine or browser."""
    if path.parent.name == "pages":
        return path.name in FAST_PAGES
    return not any(slow in (path, *path.parents) for slow in SLOW)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With `-m fast`, use two processes as with `-n 2`, where nothing else is asked for."""
    asked = config.getoption("markexpr") == "fast" and not config.getoption("usepdb")
    if asked and config.option.numprocesses is None and not hasattr(config, "workerinput"):
        config.option.numprocesses = 2


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m fast`, leave the other files alone: their imports alone take ten seconds."""
    asked = config.getoption("markexpr") == "fast"
    return True if asked and collection_path.is_file() and not _is_fast(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast first, and marked so; then browser and oracle tests in turns, the longest files first.

    A browser test waits much and an oracle test computes much, so two processes that do both at the
    same time have little idle time. The notebook of a run comes before the first browser test: both
    need the event loop of their process.
    """
    for item in items:
        # `-m fast` takes the place of `-m 'not thorough'`, so a test is never both.
        if _is_fast(item.path) and not item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.fast)
    files = dict.fromkeys(item.path for item in items)
    browser, oracle = (
        sorted((path for path in files if path.parent.name == folder), key=_length)
        for folder in ("browser", "oracle")
    )
    in_turns = [path for pair in zip_longest(browser, oracle) for path in pair if path]
    turns = {path: turn for turn, path in enumerate(in_turns, start=2)}
    turns |= {path: 1 for path in files if path.name == "test_take_home.py"}
    items.sort(key=lambda item: turns.get(item.path, 0))


def _length(path: Path) -> int:
    return LONG.index(path.name) if path.name in LONG else len(LONG)


def next_file(waiting: Iterable[str], mine: Iterable[str], others: list[Iterable[str]]) -> str:
    """The file that a process takes: no more than half of the processes do browser tests.

    Each that does starts a server, an engine, a worker with TensorFlow and a browser of its own.
    Who has finished everything else helps with what is left.

    Args:
        waiting: Files that nobody has taken, in their order.
        mine: Files that the process has taken before.
        others: Those of each other process.
    """
    waiting = list(waiting)
    have_browser = [any(map(_is_browser, files)) for files in (mine, *others)]
    if not have_browser[0] and 2 * sum(have_browser) < len(have_browser):
        return waiting[0]
    suitable = (file for file in waiting if _is_browser(file) == have_browser[0])
    return next(suitable, waiting[0])


def _is_browser(file: str) -> bool:
    return "browser" in Path(file).parts


class FileAtATime(LoadFileScheduling):
    """A process takes a file at a time; a test in which a process ends is not run again.

    xdist gives it to the next process, with the rest of its file: a test that hangs until its time
    is up would end one process after the other.
    """

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = [work for each, work in self.assigned_work.items() if each != node]
        file = next_file(self.workqueue, self.assigned_work[node], others)
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)

    def remove_node(self, node: WorkerController) -> str | None:
        """Return the test in which the process of `node` ended, None if it ended in none."""
        work = self.assigned_work[node]
        # xdist would give what is done to the other processes too, a file after each test; where
        # they run out of tests before that, the last ones wait forever.
        for file in [file for file, tests in work.items() if all(tests.values())]:
            del work[file]
        for tests in work.values():
            for name, is_done in tests.items():
                if not is_done:
                    tests[name] = True
                    super().remove_node(node)
                    return name
        return super().remove_node(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """With `-n`, a process takes a file at a time."""
    return FileAtATime(config, log)


def pytest_collection_finish() -> None:
    """Take what collection has imported out of the collector's sight.

    The oracle tests import TensorFlow: hundreds of thousands of objects, which every full
    collection would look at again.
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
