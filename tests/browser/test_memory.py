"""The web process stays small: TensorFlow is for the workers."""

from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser import lab
from tests.browser.lab import FEW
from tests.browser.server import Server
from tests.browser.test_look import PAGES

LIMIT_BYTES = 250e6
HEAVY = ("tensorflow", "keras", "h5py")


def test_the_web_process_stays_below_250_mb_and_never_imports_tensorflow(
    page: Page, app: Server
) -> None:
    lab.open_lab(page, app.url)
    lab.set_up(page, **FEW, Seed="31")
    lab.start(page)
    lab.expect_finished(page)
    for path, title in PAGES.items():
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        lab.settle(page)

    assert app.process.memory_info().rss < LIMIT_BYTES
    assert not _heavy_libraries(app.process)
    # The same question finds it where it is: a worker has just trained.
    assert app.engine
    assert any(_heavy_libraries(child) for child in app.engine.children(recursive=True))


def _heavy_libraries(process: psutil.Process) -> set[str]:
    """The heavy packages of which a process has a compiled library loaded."""
    try:
        maps = process.memory_maps()
    except (AttributeError, psutil.AccessDenied):
        pytest.skip("This system does not say which libraries a process has loaded.")
    folders = {part for file in maps for part in Path(file.path).parts}
    return folders.intersection(HEAVY)
