"""The web process stays small: TensorFlow is for the workers."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser import lab
from tests.browser.lab import FEW
from tests.browser.server import Server, running_app, until
from tests.browser.test_look import PAGES

LIMIT_BYTES = 250e6
HEAVY = ("tensorflow", "keras", "h5py")


@pytest.fixture
def fresh(chromium: str, tmp_path: Path) -> Iterator[Server]:
    """A server of its own: what other tests leave in its caches depends on their order."""
    with running_app(tmp_path) as server:
        yield server


def test_the_web_process_loads_nothing_of_what_its_workers_load(page: Page, app: Server) -> None:
    # The server of all tests, whatever they have done with it.
    lab.open_lab(page, app.url)
    until(lambda: _of_the_workers(app), "a worker has what it trains with")
    assert not _heavy_libraries(app.process)


@pytest.mark.thorough
def test_the_web_process_of_one_reader_stays_below_250_mb(page: Page, fresh: Server) -> None:
    lab.open_lab(page, fresh.url)
    lab.set_up(page, **FEW, Seed="31")
    lab.start(page)
    lab.expect_finished(page)
    for path, title in PAGES.items():
        page.goto(f"{fresh.url}/{path}")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        lab.settle(page)

    assert fresh.process.memory_info().rss < LIMIT_BYTES
    assert not _heavy_libraries(fresh.process)
    assert _of_the_workers(fresh)


def _of_the_workers(server: Server) -> set[str]:
    """The heavy packages in the processes of the engine; none where it has not started."""
    workers = server.engine.children(recursive=True) if server.engine else []
    return set().union(*map(_heavy_libraries, workers))


def _heavy_libraries(process: psutil.Process) -> set[str]:
    """The heavy packages of which a process has a compiled library loaded."""
    try:
        maps = process.memory_maps()
    except (AttributeError, psutil.AccessDenied):
        pytest.skip("This system does not say which libraries a process has loaded.")
    folders = {part for file in maps for part in Path(file.path).parts}
    return folders.intersection(HEAVY)
