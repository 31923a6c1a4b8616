"""The catalogue in a browser: a download that everybody sees, ends and takes up again."""

from collections.abc import Callable, Iterator

import psutil
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core.datasets import DATASETS
from lib.training.sources.http import CHUNK_BYTES
from tests import tiny_web
from tests.browser import readable
from tests.browser import server as servers
from tests.browser.server import Server, until
from tests.speeds import schemes, thorough_beyond
from tests.tiny_web import Behaviour

# An engine that starts, and TensorFlow imported twice, on a machine that is busy with tests.
START_LIMIT_MS = 150_000

# Every process of this server knows one dataset more, as soon as it knows any.
ONE_MORE = """
import importlib.abc
import importlib.util
import sys


def _register(module):
    from tests.tiny_web import SPEC

    module.DATASETS[SPEC.id] = SPEC


def _build(_):
    import tests.tiny_builder


_AFTER = {"lib.core.datasets": _register, "lib.training.builders": _build}


class _After(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        after = _AFTER.pop(name, None)
        if after is None:
            return None
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            after(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _After())
"""


@pytest.fixture
def web() -> Iterator[tuple[str, Behaviour]]:
    with tiny_web.server() as served:
        yield served


@pytest.fixture
def own_app(
    chromium: str, web: tuple[str, Behaviour], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that can download one dataset, and nothing else."""
    folder = tmp_path_factory.mktemp("catalogue")
    settings = {tiny_web.URL_VARIABLE: web[0]}
    with servers.running_app(folder, ONE_MORE, **settings) as server:
        yield server


def open_page(page: Page, url: str) -> Page:
    page.goto(f"{url}/data")
    expect(page.get_by_text("OpenMoji drawings").last).to_be_visible()
    return page


def card(page: Page, dataset: str) -> Locator:
    return page.locator(f".st-key-card_{dataset}")


def downloading(server: Server) -> list[psutil.Process]:
    """The processes that download."""
    found = []
    for process in server.process.children(recursive=True):
        try:
            if "lib.training.sources.download_process" in process.cmdline() and servers.is_alive(
                process
            ):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def beginning(server: Server) -> int:
    """What is on the disk of a download that has not ended, in bytes."""
    return sum(each.stat().st_size for each in server.log.parent.glob("home/**/partial/*"))


# That a download ends with the process that wanted it, tests/oracle/test_downloads.py shows too.
@pytest.mark.parametrize(
    "killed", thorough_beyond(["the download"], ["the download", "the engine"])
)
@pytest.mark.thorough
def test_a_download_is_seen_by_everybody_cancelled_killed_taken_up_and_used(
    killed: str, page: Page, second_page: Page, own_app: Server, web: tuple[str, Behaviour]
) -> None:
    _, behaviour = web
    # It takes minutes: a busy machine has time to open the page of the second reader.
    behaviour.piece, behaviour.pause_s = CHUNK_BYTES, 10.0
    tiny, theirs = card(page, "tiny_web"), card(second_page, "tiny_web")
    open_page(page, own_app.url)
    expect(tiny).to_contain_text("Can be downloaded · 1 MB")
    expect(tiny).to_contain_text("A preview is made when the images are first read here.")

    # Seen by a second reader, and after a reload.
    tiny.get_by_role("button", name="Download").click()
    expect(tiny.get_by_text("Downloading, 0 of 1 MB")).to_be_visible(timeout=START_LIMIT_MS)
    open_page(second_page, own_app.url)
    expect(theirs.get_by_text("of 1 MB")).to_be_visible()
    page.reload()
    expect(tiny.get_by_text("of 1 MB")).to_be_visible()
    assert len(downloading(own_app)) == 1

    # Cancelled by the one, gone for both.
    tiny.get_by_role("button", name="Cancel").click()
    until(lambda: not downloading(own_app), "the download has ended")
    expect(tiny.get_by_role("button", name="Download")).to_be_enabled()
    expect(theirs.get_by_role("button", name="Download")).to_be_enabled()
    expect(tiny.get_by_test_id("stAlert")).to_have_count(0)

    # Killed: nothing is half there, and it says so; whoever wants it again gets a new one.
    theirs.get_by_role("button", name="Download").click()
    expect(theirs.get_by_text("of 1 MB")).to_be_visible(timeout=START_LIMIT_MS)
    until(lambda: len(behaviour.asked) > 1, "the server is asked again")
    until(lambda: beginning(own_app), "its first bytes are on the disk")
    engine = own_app.engine
    assert engine
    for process in [engine] if killed == "the engine" else downloading(own_app):
        process.kill()
    until(lambda: not downloading(own_app), "the download has ended")
    expect(theirs.get_by_text("The download was interrupted.")).to_be_visible()
    expect(theirs.get_by_text("Ready here")).to_have_count(0)

    # Taken up where it ended, ready for both, with a picture.
    behaviour.pause_s = 0.0
    theirs.get_by_role("button", name="Download").click()
    expect(theirs.get_by_text("Ready here")).to_be_visible(timeout=START_LIMIT_MS)
    assert behaviour.asked[-1].startswith("bytes=")
    expect(theirs.get_by_alt_text("Eight images of Tiny")).to_be_visible()
    page.reload()
    expect(tiny.get_by_text("Ready here")).to_be_visible()
    tiny.get_by_role("button", name="Use it").click()
    expect(tiny.get_by_role("button", name="In use")).to_be_disabled()
    # What this reader uses is not what the other does.
    expect(theirs.get_by_role("button", name="Use it")).to_be_enabled()


def test_without_a_network_every_download_is_refused(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    for spec in DATASETS.values():
        if not spec.offline:
            expect(card(page, spec.id)).to_contain_text("No network")
            expect(card(page, spec.id).get_by_role("button", name="Download")).to_be_disabled()


@schemes
@pytest.mark.thorough
def test_the_cards_fit_and_axe_finds_nothing_serious(
    scheme: str, app_url: str, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    open_page(page, app_url)
    cats = card(page, "cats_vs_dogs")
    expect(cats).to_contain_text("No network")
    cats.get_by_role("button", name="About").click()
    about = page.get_by_test_id("stPopoverBody")
    expect(about).to_contain_text("Elson, Douceur, Howell and Saul")
    expect(about).to_contain_text('"train[80%:90%]"')
    readable.expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(page)
