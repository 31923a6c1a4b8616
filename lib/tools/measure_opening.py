"""Measures how long pages and cases of Broken take to open, in a real browser.

python -m lib.tools.measure_opening [--visits N]

Starts the app on a free port and headless Chromium, and visits each page once, which loads scripts.
Then it prints, from the click in the navigation, the median milliseconds until the first part of
the page is there and until all of it is, the CPU time of both processes, and what the server sent.
The CPU times hardly change on a busy machine. Needs the packages of requirements-dev.txt.
"""

import argparse
import statistics
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
from playwright.sync_api import Page

from lib.tools import measure_ui

# The last part of a page; what is under it is drawn once it is opened.
LAST = "The code behind these numbers"
# What a page does after it is complete belongs to its visit, and not to the next one.
SETTLE_MS = 500
# When the tool gives up waiting; a busy machine is no failure.
PATIENCE_MS = 120_000
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"
CARD, FIGURE = "section button.card", ".js-plotly-plot .scatterlayer .trace path"


@dataclass(frozen=True)
class Opening:
    """A page to open from Home.

    Args:
        name: Of the link to it.
        first: Selector of what is to be seen first.
        parts: Selector -> how many of them the page has when it is complete.
    """

    name: str
    first: str
    parts: Mapping[str, int] = field(default_factory=dict)


PAGES = (
    Opening("Global average pooling", ".board .logit"),
    Opening(
        "Features",
        ".feature-depths .stage canvas",
        {".first-filters .kernel": 96, ".image-map canvas": 5},
    ),
)


def visit(page: Page, opening: Opening) -> tuple[float, float]:
    """Open a page by its link; returns the seconds to its first part and to all of it."""
    began = time.perf_counter()
    page.get_by_role("link", name=opening.name).first.click()
    page.locator(opening.first).wait_for()
    first_s = time.perf_counter() - began
    page.get_by_text(LAST).last.wait_for()
    for selector, number in opening.parts.items():
        page.locator(selector).nth(number - 1).wait_for()
    return first_s, time.perf_counter() - began


def measure(page: Page, opening: Opening, server: int, visits: int) -> None:
    """Open a page from Home some times, and print the medians.

    Args:
        page: On Home.
        opening: The page.
        server: Process id of the server.
        visits: How many times.
    """
    moved_bytes = 0

    def count(frame: str | bytes) -> None:
        nonlocal moved_bytes
        moved_bytes += len(frame)

    page.on("websocket", lambda socket: socket.on("framereceived", count))
    page.goto(page.url)  # this connection is counted, and has sent nothing of the page
    page.get_by_role("heading", name="Thaw", level=1).wait_for()
    page.wait_for_timeout(SETTLE_MS)
    moved_bytes = 0
    visit(page, opening)
    page.wait_for_timeout(SETTLE_MS)
    first_bytes = moved_bytes
    found: list[tuple[float, ...]] = []
    for _ in range(visits):
        page.get_by_role("link", name="Home").click()
        page.get_by_role("heading", name="Thaw", level=1).wait_for()
        page.locator(opening.first).wait_for(state="detached")
        page.wait_for_timeout(SETTLE_MS)
        before, moved_bytes = _cpu_times_s(server), 0
        times_s = visit(page, opening)
        page.wait_for_timeout(SETTLE_MS)
        cpu_s = (now - then for now, then in zip(_cpu_times_s(server), before, strict=True))
        found.append((*times_s, *cpu_s, moved_bytes / 1e6))
    first, complete, on_server, in_browser, moved = (
        1000 * statistics.median(each) for each in zip(*found, strict=True)
    )
    print(
        f"{opening.name}: first part {first:.0f} ms, complete {complete:.0f} ms; CPU: server "
        f"{on_server:.0f} ms, browser {in_browser:.0f} ms; {first_bytes / 1000:.0f} kB from the "
        f"server at the first visit, then {moved:.0f} kB",
        flush=True,
    )


def _cpu_times_s(server: int) -> tuple[float, float]:
    """CPU seconds that the server has used, and the browser."""
    own = {server, *(child.pid for child in psutil.Process(server).children(recursive=True))}
    browser = 0.0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            browser += measure_ui.cpu_time_s(child.pid) if child.pid not in own else 0.0
    return measure_ui.cpu_time_s(server), browser


def measure_cases(page: Page, port: int, server: int, visits: int) -> None:
    """Open cases of the catalogue of Broken, and print the median time until both curves are there.

    Args:
        page: In a browser.
        port: Of the server.
        server: Its process id.
        visits: How many cases.
    """
    page.goto(f"http://127.0.0.1:{port}/broken?show=catalogue")
    found: list[tuple[float, ...]] = []
    for turn in range(visits + 1):
        card = page.locator(CARD).nth(turn)
        card.wait_for()
        page.locator(IDLE).wait_for()
        page.wait_for_timeout(SETTLE_MS)
        before, began = _cpu_times_s(server), time.perf_counter()
        card.click()
        # A curve that is level has no height, so that it does not count as visible.
        page.locator(FIGURE).nth(1).wait_for(state="attached")
        took_s = time.perf_counter() - began
        page.wait_for_timeout(SETTLE_MS)
        cpu_s = (now - then for now, then in zip(_cpu_times_s(server), before, strict=True))
        found.append((took_s, *cpu_s))
        page.get_by_role("button", name="All cases").click()
        page.locator(FIGURE).first.wait_for(state="detached")
    # The first figure of a visit loads Plotly.
    opened, on_server, in_browser = (
        1000 * statistics.median(each) for each in zip(*found[1:], strict=True)
    )
    print(
        f"a case of Broken: {opened:.0f} ms; CPU: server {on_server:.0f} ms, browser "
        f"{in_browser:.0f} ms",
        flush=True,
    )


def main() -> None:
    """Print one line for each page, and one for the cases."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_opening")
    parser.add_argument("--visits", type=int, default=6)
    visits = parser.parse_args().visits
    with measure_ui.app() as (page, port, server):
        page.set_default_timeout(PATIENCE_MS)
        for opening in PAGES:
            page.goto(f"http://127.0.0.1:{port}")
            measure(page, opening, server, visits)
        measure_cases(page, port, server, visits)
        assert page.context.browser
        page.context.browser.close()


if __name__ == "__main__":
    main()
