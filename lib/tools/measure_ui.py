"""Measures response times of the model summary, pooling and Features, in a real browser.

python -m lib.tools.measure_ui [--clicks N] [--backbone ID] [--training]

Starts the app on a free port and headless Chromium. For each gesture it prints the median
milliseconds from the input event to the painted number, and to the confirmation by the server. Then
it prints the CPU time of the server. `--training` repeats the gestures in the model summary during
a run, and prints the ratios. Needs the packages of requirements-dev.txt.
"""

import argparse
import asyncio
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from lib.tools import load_server

ROOT = Path(__file__).parents[2]
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_TIMEOUT_S = 60.0

# Measures from the next input event until one of some parts of a component has changed on screen,
# and until the server has confirmed it. It uses the time stamp of the event, so that the waiting
# time on a busy page is included.
PROBE = """
([component, ...parts]) => {
  const host = [...document.querySelectorAll("*")].find(
    node => node.shadowRoot?.querySelector(component))
  const root = host.shadowRoot.querySelector(component)
  const text = () => parts
    .map(part => root.querySelector(part))
    .map(node => node.getAttribute("aria-label") ?? node.textContent)
    .join()
  const before = text()
  const probe = (window.probe = {})
  const began = event => { probe.begin ??= event.timeStamp }
  for (const kind of ["pointerdown", "keydown"])
    addEventListener(kind, began, { capture: true, once: true })
  const look = () => {
    if (text() !== before && !probe.painting) {
      probe.painting = true
      requestAnimationFrame(() => setTimeout(() => { probe.painted = performance.now() }))
    }
    if (probe.painting && root.dataset.pending === undefined && !probe.confirmed) {
      probe.confirmed = performance.now()
      observer.disconnect()
    }
  }
  const observer = new MutationObserver(look)
  observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true })
}
"""
DONE = "() => window.probe.painted && window.probe.confirmed"
RESULT = "() => [probe.painted - probe.begin, probe.confirmed - probe.begin]"
INSTRUMENT, BOARD, DEPTHS = ".instrument", ".board", ".feature-depths"
# All of these change when a cell of the pooling page is edited.
ON_THE_BOARD = (".average strong", ".result .cell", ".vector .tile", ".logit")


@contextmanager
def served() -> Iterator[tuple[int, int]]:
    """Serve the app on a free port; yields the port and the process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def app() -> Iterator[tuple[Page, int, int]]:
    """Serve the app on a free port, open Chromium; yields a page, the port and the process id."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        served() as (port, process_id),
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS) as one,
    ):
        yield one.new_page(viewport={"width": 1280, "height": 900}), port, process_id


def measure(
    page: Page, act: Callable[[int], None], clicks: int, component: str, *parts: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Milliseconds to the painted and to the confirmed change, of each gesture.

    Args:
        page: With the component on it.
        act: Makes the gesture; gets its number.
        clicks: How many gestures.
        component: Selector of an inline component.
        parts: Selectors in it of what changes, one at least with every gesture.
    """
    times = []
    for turn in range(clicks):
        page.evaluate(PROBE, [component, *parts])
        act(turn)
        page.wait_for_function(DONE)
        times.append(page.evaluate(RESULT))
        page.wait_for_timeout(60)  # like a reader; also lets the page settle
    painted, confirmed = zip(*times, strict=True)
    return painted, confirmed


def gestures(page: Page) -> dict[str, tuple[Callable[[int], None], str]]:
    """Name -> gesture, and selector of the part of the page that it changes."""
    strip = page.locator(".strip svg")
    knob = page.get_by_role("slider", name="First thawed layer")
    toggles = page.locator(".rows tr[data-index] input")
    number = ".meters .now strong"

    def click_strip(turn: int) -> None:
        box = strip.bounding_box()
        assert box is not None
        # Positions far enough apart to select another layer every time.
        share = (0.25, 0.6, 0.4, 0.85, 0.5)[turn % 5]
        page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)

    def key(turn: int) -> None:
        knob.press("PageUp" if turn % 4 < 2 else "PageDown")

    def toggle(turn: int) -> None:
        toggles.nth(20 + turn).click()

    def preset(turn: int) -> None:
        names = ("Head only", "Everything")
        page.get_by_role("radio", name=names[turn % 2]).click()

    def backbone(turn: int) -> None:
        page.get_by_role("combobox", name="Backbone").click()
        names = ("VGG16", "MobileNetV2")
        option = page.get_by_role("option", name=names[turn % 2], exact=True)
        option.wait_for()
        page.evaluate(PROBE, [INSTRUMENT, ".notice"])  # opening the list is not measured
        option.click()

    return {
        "strip": (click_strip, number),
        "cut control, keyboard": (key, number),
        "one layer in the table": (toggle, number),
        "preset": (preset, number),
        "backbone": (backbone, ".notice"),
    }


def _medians(
    name: str, page: Page, act: Callable[[int], None], clicks: int, component: str, *parts: str
) -> tuple[float, float]:
    """Measure one gesture, and print its median milliseconds, painted and confirmed."""
    both = measure(page, act, clicks, component, *parts)
    painted, confirmed = statistics.median(both[0]), statistics.median(both[1])
    print(f"{name}: on screen {painted:.0f} ms, confirmed {confirmed:.0f} ms", flush=True)
    return painted, confirmed


def _all(page: Page, clicks: int) -> dict[str, tuple[float, float]]:
    """Measure and print every gesture in the model summary."""
    return {
        name: _medians(name, page, act, clicks, INSTRUMENT, what)
        for name, (act, what) in gestures(page).items()
    }


def _pooling(page: Page, port: int, clicks: int) -> None:
    """Measure and print the times of editing on the pooling page."""
    page.goto(f"http://127.0.0.1:{port}/global_average_pooling")
    page.locator(f"{BOARD} .logit").wait_for()
    cell = page.get_by_role("textbox", name="Channel 1, row 1, column 1", exact=True)
    for name, act in (
        ("pooling, cell by keyboard", lambda turn: cell.press(("PageUp", "PageDown")[turn % 2])),
        ("pooling, cell by mouse", lambda _: cell.click()),
    ):
        _medians(name, page, act, clicks, BOARD, *ON_THE_BOARD)


def _features(page: Page, port: int, clicks: int) -> None:
    """Measure and print the times of a change of depth on the page Features."""
    page.goto(f"http://127.0.0.1:{port}/features")
    knob = page.get_by_role("region", name="One image at all depths").get_by_role("slider")
    knob.wait_for()
    page.wait_for_timeout(1000)

    times_ms = []
    for turn in range(clicks):
        page.evaluate(PROBE, [DEPTHS, "h2"])
        knob.press("PageUp" if turn % 8 < 4 else "PageDown")
        # The server is told for the link, and has nothing to answer.
        page.wait_for_function("() => window.probe.painted")
        times_ms.append(page.evaluate("() => probe.painted - probe.begin"))
    middle = statistics.median(times_ms)
    print(f"features, depth by keyboard: on screen {middle:.0f} ms, at most {max(times_ms):.0f} ms")


def start_run(page: Page, port: int) -> None:
    """Start a long run in the training lab, and wait until it is training."""
    page.goto(f"http://127.0.0.1:{port}/training_lab")
    page.get_by_role("button", name="More settings").click()
    page.get_by_role("combobox", name="Head is trained").click()
    page.get_by_role("option", name="Epoch by epoch").click()
    for label, epochs in (("Head epochs", 1), ("Fine-tuning epochs", 199)):
        page.get_by_label(label, exact=True).fill(str(epochs))
        page.get_by_label(label, exact=True).press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start run").click()
    page.get_by_text("Epoch 3 of 200").wait_for(timeout=120_000)


def cpu_time_s(process_id: int) -> float:
    """CPU seconds a process has used so far."""
    times = psutil.Process(process_id).cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Print one line for each gesture, and the CPU time of the server."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_ui")
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--training", action="store_true", help="also while a run goes on")
    options = parser.parse_args()
    with app() as (page, port, process_id):
        browser = page.context.browser
        assert browser
        page.goto(f"http://127.0.0.1:{port}/model_summary?backbone={options.backbone}")
        page.locator(".meters .now").first.wait_for()
        page.wait_for_timeout(1000)
        alone = _all(page, options.clicks)
        if options.training:
            lab = browser.new_page()
            start_run(lab, port)
            beside = _all(page, options.clicks)
            still_going = lab.get_by_role("button", name="Cancel run").is_visible()
            ratios = {name: beside[name][1] / alone[name][1] for name in alone}
            longer = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
            print(f"times longer beside a run, confirmed: {longer}")
            print(f"the run was still going on at the end: {still_going}")
            lab.get_by_role("button", name="Cancel run").click()
        _pooling(page, port, options.clicks)
        _features(page, port, options.clicks)
        browser.close()
        before_s = cpu_time_s(process_id)
        with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one.
            load = load_server.load(port, 1, options.clicks, 0.0)
            times_s = thread.submit(asyncio.run, load).result()
        used_s = cpu_time_s(process_id) - before_s
        # Opening the page is one additional script run.
        print(
            f"server: {1000 * used_s / (options.clicks + 1):.0f} ms of CPU a gesture, "
            f"{1000 * statistics.median(times_s):.0f} ms until the run ends"
        )


if __name__ == "__main__":
    main()
