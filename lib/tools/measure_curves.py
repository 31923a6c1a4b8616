"""Measures the time to open learning curves, in a real browser.

python -m lib.tools.measure_curves [--stored N] [--compared N] [--times N]

Fills a temporary store with runs that differ in their seed, starts the app on a free port and
headless Chromium, and prints the median milliseconds from a click to the painted figure: for one
run, for a comparison, and for the options of the list. Plotly is loaded before. Needs the packages
of requirements-dev.txt.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from playwright.sync_api import Locator, Page

from lib.core import runs
from lib.core.lab.folder import read_run
from lib.core.lab.store import RunStore
from lib.core.runs import Run
from lib.tools import measure_ui

# Measures from the next click until the new content is painted. It uses the time stamp of the
# event, so that the waiting time on a busy page is included.
PROBE = """
([selector, words]) => {
  const probe = (window.probe = {})
  const there = () => {
    const node = document.querySelector(selector)
    const said = node?.getAttribute("aria-label") ?? node?.textContent
    if (!said?.includes(words)) return false
    return !node.matches("[role=figure]") || node.querySelector(".trace path")
  }
  const look = () => {
    if (!there()) return requestAnimationFrame(look)
    requestAnimationFrame(() => setTimeout(() => { probe.painted = performance.now() }))
  }
  addEventListener("pointerdown", event => {
    probe.begin = event.timeStamp
    look()
  }, { capture: true, once: true })
}
"""
FIGURE = ".st-key-curves_figure [role=figure]"


def fill(store: RunStore, source: Run, num_runs: int) -> None:
    """Fill the store with copies of a run under other seeds."""
    for seed in range(1, num_runs + 1):
        config = runs.with_seed(source.config, seed)
        folder = store.folder(runs.run_id(config))
        shutil.copytree(source.folder, folder)
        (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")


def measure(page: Page, selector: str, words: str, act: Callable[[], Locator]) -> float:
    """Milliseconds from a click until `words` are painted."""
    target = act()
    page.evaluate(PROBE, [selector, words])
    target.click()
    page.wait_for_function("() => window.probe.painted")
    return float(page.evaluate("() => probe.painted - probe.begin"))


def open_one(page: Page) -> float:
    """Choose a run from the list while none is chosen."""
    # While the list is open, the rest of the page is hidden from assistive technology.
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Runs").press("Backspace")
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="The curves will be here").wait_for()

    def option() -> Locator:
        page.get_by_role("combobox", name="Runs").click()
        return page.get_by_role("option").nth(3)

    return measure(page, FIGURE, "Learning curves over", option)


def compare(page: Page, link: str, num_runs: int) -> float:
    """Compare one run with its other seeds, by the button `Other seeds`."""
    page.goto(link)
    page.locator(f"{FIGURE} .trace path").first.wait_for()

    def button() -> Locator:
        page.get_by_role("button", name="Compare with").click()
        found = page.get_by_role("button", name=re.compile("Other seeds"))
        found.wait_for()
        return found

    return measure(page, FIGURE, f"Validation accuracy of {num_runs} runs", button)


def open_list(page: Page) -> float:
    """Open the list of runs; measures until the options are painted."""
    took = measure(
        page, "[role=listbox] [role=option]", "", lambda: page.get_by_role("combobox", name="Runs")
    )
    page.keyboard.press("Escape")
    return took


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_curves")
    parser.add_argument("--stored", type=int, default=500)
    parser.add_argument("--compared", type=int, default=20)
    parser.add_argument("--times", type=int, default=7)
    options = parser.parse_args()
    source = RunStore().open(runs.run_id(runs.make_config(seed=runs.RECORDED_SEED)))
    assert source, "The recorded run of the defaults is missing."
    # Further seeds of the recorded run for the comparison; all other runs have fewer images.
    with tempfile.TemporaryDirectory() as home:
        os.environ["THAW_HOME"] = home
        store = RunStore()
        fill(store, source, options.compared - 1)
        other = read_run(_with_fewer_images(source, Path(home) / "other"))
        assert other
        fill(store, other, options.stored - options.compared + 1)
        with measure_ui.app() as (page, port, _):
            link = f"http://127.0.0.1:{port}/learning_curves?run={source.id}"
            page.goto(link)
            page.locator(f"{FIGURE} .trace path").first.wait_for()
            page.wait_for_timeout(2000)
            for words, act in (
                (f"one run, of {options.stored} stored", lambda: open_one(page)),
                ("the list of them", lambda: open_list(page)),
                (f"{options.compared} runs", lambda: compare(page, link, options.compared)),
            ):
                took = [act() for _ in range(options.times)]
                print(
                    f"{words}: {statistics.median(took):.0f} ms, at most {max(took):.0f}",
                    flush=True,
                )


def _with_fewer_images(source: Run, folder: Path) -> Path:
    """A copy of the run with one image less, so that it does not count as another seed."""
    shutil.copytree(source.folder, folder)
    values = asdict(source.config) | {"num_images": source.config.num_images - 1}
    (folder / "config.json").write_text(json.dumps(values), "utf-8")
    return folder


if __name__ == "__main__":
    main()
