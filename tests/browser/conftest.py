"""One browser and one server for the browser tests of a process, and what must hold in each."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, WebError, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser import server as servers
from tests.browser.server import Server

# When a test gives up waiting for what will never be; a busy machine is no failure.
PATIENCE_MS = 120_000
# What is said of a page on which a test failed.
SNAPSHOT_MS, SNAPSHOT_LENGTH = 5_000, 6_000
# The number of the browser that keeps its page; those of a test count from 0.
KEPT = 100
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = (
    "No Chromium was found: install one, name it in CHROMIUM, or run `playwright install chromium`."
)


@pytest.fixture(scope="session")
def base_url() -> None:
    """Nothing: each test says which server it opens.

    The fixture of pytest-playwright is a method, and pytest 9 announces that these will fail.
    """


@pytest.fixture(scope="session")
def chromium(browser_type: BrowserType) -> str:
    """Path of the browser; without one there are no browser tests."""
    wanted = os.environ.get("CHROMIUM")
    for name in (wanted,) if wanted else NAMES:
        if path := shutil.which(name):
            return path
    if Path(browser_type.executable_path).exists():
        return browser_type.executable_path
    if os.environ.get("THAW_REQUIRE_BROWSER") == "1":
        pytest.fail(NO_BROWSER)
    pytest.skip(NO_BROWSER)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium: str
) -> dict[str, Any]:
    """The browser that was found, alone with the app."""
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        # Pages of one reader share a process, so what one has compiled the next has not to.
        "--process-per-site",
        # A camera that shows a clock, and a reader who lets the page use it.
        "--use-fake-device-for-media-stream=fps=10",
        "--use-fake-ui-for-media-stream",
    ]
    return browser_type_launch_args | {"executable_path": chromium, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A projector."""
    return browser_context_args | {
        "viewport": {"width": 1280, "height": 720},
        "reduced_motion": "reduce",
    }


@pytest.fixture(scope="session")
def app(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that all browser tests of this process share."""
    with servers.running_app(tmp_path_factory.mktemp("thaw")) as server:
        yield server


@pytest.fixture(scope="session")
def app_url(app: Server) -> str:
    """Address of the shared server."""
    return app.url


@pytest.fixture(scope="session")
def _readers(
    browser: Browser, browser_context_args: dict[str, Any], app_url: str
) -> Callable[..., BrowserContext]:
    """Browsers by their options and a number, each kept for the next test.

    A first page stays open in each, and with it the process that has compiled Streamlit's scripts:
    a page opens in half the processor time.
    """

    @cache
    def reader(number: int, **options: Any) -> BrowserContext:
        context = browser.new_context(**browser_context_args | options)
        context.set_default_timeout(PATIENCE_MS)
        context.new_page().goto(f"{app_url}/_stcore/health")
        return context

    return reader


def _is_of_a_replaced_figure(error: WebError) -> bool:
    """Whether Plotly announces that it has drawn a figure which is no longer on the page.

    Streamlit mounts a new chart for every new figure. One that is replaced while Plotly still draws
    it can no longer announce anything; its successor is on the page, and nothing is lost.
    """
    stack = error.error.stack or ""
    return "emit is not a function" in str(error.error) and "PlotlyChart" in stack


@contextmanager
def _sound(
    readers: Callable[..., BrowserContext], first: int
) -> Iterator[Callable[..., BrowserContext]]:
    """Browsers from a number on; whatever is opened in them must be sound to the end."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def listen(error: WebError) -> None:
        if not _is_of_a_replaced_figure(error):
            errors.append(f"{error.error}\n{error.error.stack}")

    def make(**options: Any) -> BrowserContext:
        context = readers(first + len(contexts), **options)
        # Another reader than in the test before: one who was never here.
        context.clear_cookies()
        context.pages[0].evaluate("localStorage.clear()")
        context.on("weberror", listen)
        contexts.append(context)
        return context

    yield make
    opened = [page for context in contexts for page in context.pages[1:]]
    try:
        for page in opened:
            expect(page.get_by_text("Traceback")).to_have_count(0)
            expect(page.get_by_test_id("stException")).to_have_count(0)
    finally:
        for context in contexts:
            context.remove_listener("weberror", listen)
        for page in opened:
            # A page that is only closed goes on for a moment, and may store its reader's key again.
            page.goto("about:blank")
            page.close()
    assert not errors, "The page met errors:\n" + "\n".join(errors)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test what each open page showed, as it is read aloud."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if browser and report.when == "call" and report.failed:
        for page in (page for context in browser.contexts for page in context.pages[1:]):
            with suppress(PlaywrightError):
                shown = page.locator("body").aria_snapshot(timeout=SNAPSHOT_MS)
                report.sections.append((page.url, shown[:SNAPSHOT_LENGTH]))
    return report


@pytest.fixture
def new_context(
    _readers: Callable[..., BrowserContext],
) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of another reader."""
    with _sound(_readers, 0) as make:
        yield make


@pytest.fixture(scope="module")
def kept_page(_readers: Callable[..., BrowserContext]) -> Iterator[Page]:
    """One page for the tests of a module that begin by setting it back.

    Opening a page takes several times as long as what such a test does on it.
    """
    with _sound(_readers, KEPT) as make:
        yield make().new_page()


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def second_page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page in a browser that shares nothing with the first."""
    return new_context().new_page()
