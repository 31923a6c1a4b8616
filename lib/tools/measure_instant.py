"""Measures how long a reader waits in the training lab, from the click on the start button.

python -m lib.tools.measure_instant [--looking SECONDS] [scenario ...]

Starts the app with an empty THAW_HOME of its own, opens the lab in headless Chromium, looks at it
for ten seconds, and clicks. Prints the seconds until the first epoch and until the end with its
test result are on screen, each with its limit; then the memory of the largest process, and the
processor time that the engine uses in five seconds without a page that trains. Needs the packages
of requirements-dev.txt.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Page

from lib.tools.measure_ui import app, cpu_time_s

TIMEOUT_MS = 180_000
POLLING_MS = 200
MAX_WORKER_MB = 1_500
IDLE_S = 5.0

# From the next press of the pointer until the curves of a new run have a point, and until its card
# says how many test images were used. The curves of another run may be on screen before and stay
# while the new run has none; those of a run that is training name it (lib/ui/lab/page.py).
# Nothing here makes the browser lay out the page, which would slow down what is measured.
PROBE = """
() => {
  const run = () => new URLSearchParams(location.search).get("run")
  const isTested = () => (document.querySelector(".st-key-lab_numbers")?.textContent ?? "")
    .includes("images, used once")
  const isOfRun = ({ layout }) => isTested() || String(layout?.datarevision).startsWith(run())
  const hasPoints = () => [...document.querySelectorAll(".st-key-lab_curves .js-plotly-plot")].some(
    plot => isOfRun(plot) && plot.data?.some(line => line.y?.some(value => value != null)))
  const runBefore = run()
  const probe = (window.probe = {})
  const look = () => {
    const now = performance.now() - probe.begin
    const isOther = run() !== runBefore
    probe.goesOn ||= isOther && !isTested()
    if (probe.goesOn && hasPoints()) probe.first ??= now
    if (probe.first !== undefined && isTested()) probe.end ??= now
    // Not at every frame: on two cores that would take part of what it measures.
    if (probe.end === undefined) setTimeout(look, 30)
  }
  addEventListener("pointerdown", event => { probe.begin = event.timeStamp; look() },
    { capture: true, once: true })
}
"""


@dataclass(frozen=True)
class Scenario:
    """What is opened, and the limits in seconds.

    Args:
        settings: Parameters of the lab's link; none for the lab as it opens.
        first_s: Limit until the first epoch; None if there is none.
        end_s: Limit until the end.
        again_s: Limit until the first epoch of the same run with the next seed.
    """

    settings: dict[str, str | int]
    first_s: float | None = None
    end_s: float | None = None
    again_s: float | None = None


# With this seed nothing is recorded, so that the run is trained.
_SMALL: dict[str, str | int] = {
    "num_images": 160,
    "image_size": 128,
    "head_solver": "steps",
    "head_epochs": 10,
    "early_stopping": 0,
    "seed": 1_000,
}
_TEN_AND_TEN = _SMALL | {
    "strategy": "partial_fine_tuning",
    "fine_tune_epochs": 10,
    "thaw_from": "block_11_expand_conv",
}
SCENARIOS: dict[str, Scenario] = {
    "drawings, 10 + 10 epochs": Scenario(_TEN_AND_TEN, 1.0, 5.0, 0.7),
    "drawings, head only": Scenario(_SMALL | {"strategy": "feature_extraction"}, 1.0, 1.5, 0.7),
    "drawings, as the lab opens": Scenario({}, 1.0, None, 0.7),
    "solar cells, 10 + 10 epochs": Scenario(_TEN_AND_TEN | {"data": "elpv"}, 1.0, None, 0.7),
}


def click_start(page: Page, looking_s: float) -> dict[str, float]:
    """Look at the lab, start its run, and wait until its result is on screen.

    Returns:
        Seconds from the press until the `first` epoch and the `end` were on screen.
    """
    button = page.get_by_role("button", name="Run with the next seed").or_(
        page.get_by_role("button", name="Start run")
    )
    button.wait_for(timeout=TIMEOUT_MS)
    page.wait_for_timeout(1000 * looking_s)
    page.evaluate(PROBE)
    button.click()
    # Playwright would look at every frame, and make the browser draw sixty in a second for it.
    page.wait_for_function(
        "() => window.probe.end !== undefined", polling=POLLING_MS, timeout=TIMEOUT_MS
    )
    return {name: page.evaluate(f"() => probe.{name}") / 1000 for name in ("first", "end")}


def _say(name: str, what: str, seconds: float, limit_s: float | None) -> None:
    limit = "" if limit_s is None else f" (limit {limit_s:g} s)"
    print(f"{name}: {what} after {seconds:.2f} s{limit}", flush=True)


def measure(name: str, looking_s: float) -> None:
    """Measure one scenario in an app of its own, and print what was measured."""
    scenario = SCENARIOS[name]
    with app() as (page, port, process_id), _peak_mb(process_id) as peak_mb:
        page.goto(f"http://127.0.0.1:{port}/training_lab?{urlencode(scenario.settings)}")
        seconds = click_start(page, looking_s)
        _say(name, "first epoch", seconds["first"], scenario.first_s)
        _say(name, "finished and tested", seconds["end"], scenario.end_s)
        if scenario.again_s:
            again = click_start(page, looking_s)
            _say(name, "next seed, first epoch", again["first"], scenario.again_s)
            _say(name, "next seed, finished and tested", again["end"], None)
        page.goto("about:blank")
        time.sleep(IDLE_S)  # Until what the page asked for last is ready.
        before_s = _engine_cpu_s(process_id)
        time.sleep(IDLE_S)
        used_s = _engine_cpu_s(process_id) - before_s
        print(f"{name}: {used_s:.2f} s of processor in {IDLE_S:g} s without a page", flush=True)
        print(f"{name}: worker {peak_mb():.0f} MB at most (limit {MAX_WORKER_MB})", flush=True)


def _engine_cpu_s(process_id: int) -> float:
    """CPU seconds of all processes below the web process."""
    return sum(cpu_time_s(each.pid) for each in psutil.Process(process_id).children(True))


class _peak_mb:  # noqa: N801 - a context manager that reads as a function
    """Looks ten times a second at the largest process below another; call it for megabytes."""

    def __init__(self, process_id: int) -> None:
        self._process, self._peak, self._ended = psutil.Process(process_id), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for each in self._process.children(True):
                with suppress(psutil.Error):
                    self._peak = max(self._peak, each.memory_info().rss)

    def __enter__(self) -> Callable[[], float]:
        self._thread.start()
        return lambda: self._peak / 1e6

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of every scenario that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_instant")
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--looking", type=float, default=10.0, metavar="SECONDS")
    options = parser.parse_args(arguments)
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no scenario is called {min(unknown)!r}")
    for name in options.scenarios or SCENARIOS:
        with tempfile.TemporaryDirectory() as home:
            os.environ["THAW_HOME"] = home
            measure(name, options.looking)
    return 0


if __name__ == "__main__":
    sys.exit(main())
