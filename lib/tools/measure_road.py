"""Plays the way from a zip of photographs to answers on new ones, in a real browser, with a clock.

python -m lib.tools.measure_road FOLDER [--per-class N] [--new N] [--compare]

FOLDER holds one folder of images per class. The first N of each class become the zip, and the
network is asked about the next ones. Starts the app with a THAW_HOME of its own, on a free port,
and headless Chromium. For each step it prints the seconds since the zip was handed over, then the
number of clicks and how many answers are right. `--compare` also compares all strategies. Beside
the seconds stands the processor time of the server and the engine, which a busy machine changes
little. Needs the packages of requirements-dev.txt.
"""

import argparse
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import psutil
from playwright.sync_api import Locator, Page

from lib.tools import measure_ui

LIMIT_MS = 600_000
PER_CLASS, NEW = 20, 5
OF_IMAGENET = "Before: EfficientNet-Lite0"
# The picture of a panel stands in the style of what it is in, and its answer in large letters.
ANSWERED = """
panel => {
  let around = panel
  while (around && !around.style.getPropertyValue("--photo")) around = around.parentElement
  const photo = around ? around.style.getPropertyValue("--photo") : ""
  return [photo, panel.querySelector(".said").innerText]
}
"""


class Road:
    """A reader on the road: a page, a clock and a count of clicks.

    Args:
        page: The page in front of the reader.
        server: Process id of the app.
    """

    def __init__(self, page: Page, server: int) -> None:
        self.page, self.server, self.clicks = page, server, 0
        self.begin()

    def begin(self) -> None:
        """Start the clocks."""
        self.began, self.used = time.monotonic(), processor_seconds(self.server)

    def click(self, name: str) -> None:
        """Press the button with these words in its name."""
        button = self.page.get_by_role("button", name=re.compile(re.escape(name))).first
        button.wait_for(timeout=LIMIT_MS)
        self.clicks += 1
        button.click()

    def give(self, path: Path) -> None:
        """Choose a file; the choice in the browser's own window is no click."""
        self.clicks += 1
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_test_id("stFileUploader").locator("button").last.click()
        chooser.value.set_files(path)

    def until(self, what: str, place: Locator) -> None:
        """Wait until something is there, and print when."""
        place.wait_for(timeout=LIMIT_MS)
        self.say(what)

    def say(self, what: str) -> None:
        """Print a step with the seconds and the processor seconds since the clocks began."""
        passed, used = time.monotonic() - self.began, processor_seconds(self.server) - self.used
        print(f"{passed:6.1f} s, {used:6.1f} s of processor time  {what}", flush=True)


def processor_seconds(server: int) -> float:
    """Processor time of a process and of all that it has started, in seconds."""
    family = [psutil.Process(server)]
    family += family[0].children(recursive=True)
    # The last two are of children that have ended and been waited for.
    return float(sum(sum(each.cpu_times()[:4]) for each in family if each.is_running()))


def images_of(folder: Path) -> dict[str, list[Path]]:
    """Class -> its images by name.

    Args:
        folder: Holds one folder of images per class.
    """
    classes = sorted(each for each in folder.iterdir() if each.is_dir())
    return {
        each.name: sorted(path for path in each.iterdir() if path.is_file()) for each in classes
    }


def zipped(path: Path, images: dict[str, list[Path]], per_class: int) -> Path:
    """Write the first images of each class into a zip; returns its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, files in images.items():
            for file in files[:per_class]:
                archive.write(file, f"photographs/{name}/{file.name}")
    return path


def ask(road: Road, images: dict[str, list[Path]], per_class: int, new: int) -> tuple[int, int]:
    """Show new images to the run; returns how many answers were right, of how many."""
    right = asked = 0
    shown = _shown(road.page)
    for number in range(per_class, per_class + new):
        for name, files in images.items():
            road.give(files[number])
            deadline = time.monotonic() + LIMIT_MS / 1000
            while (now := _shown(road.page))[0] in ("", shown[0]):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"No answer to {files[number]}.")
                road.page.wait_for_timeout(100)
            shown, asked = now, asked + 1
            right += now[1].startswith(f"{name}, ")
            if asked == 1:
                road.say(f"first answer, after {road.clicks} clicks")
    return right, asked


def _shown(page: Page) -> tuple[str, str]:
    """The picture that the run has answered and its answer; "" while there is none."""
    panel = page.locator(f".panel:not([aria-label^='{OF_IMAGENET}'])")
    if not panel.count():
        return "", ""
    photo, words = panel.first.evaluate(ANSWERED)
    return str(photo), str(words)


def play(page: Page, port: int, server: int, options: argparse.Namespace, archive: Path) -> None:
    """Go the road once, and print each step."""
    images = images_of(options.folder)
    page.goto(f"http://127.0.0.1:{port}/data?show=Your+own+images")
    page.get_by_test_id("stFileUploader").wait_for(timeout=LIMIT_MS)
    road = Road(page, server)
    road.give(archive)
    road.until("dataset made", page.get_by_role("button", name="Which strategy?"))
    road.click("Which strategy?")
    road.click("Run this")
    road.until("recommended run finished", page.get_by_role("button", name="Show it an image"))
    road.click("Show it an image")
    right, asked = ask(road, images, options.per_class, options.new)
    road.say(f"{right} of {asked} new images right")
    if options.compare:
        page.get_by_role("link", name="Strategy").first.click()
        road.begin()
        road.click("Compare strategies")
        road.until("a strategy finished", page.get_by_role("button", name="Try it").first)
        road.until("forecast", page.get_by_text("twice as many").first)
        print(page.get_by_text("twice as many").first.inner_text())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line for each step."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_road")
    parser.add_argument("folder", type=Path, help="one folder of images per class")
    parser.add_argument("--per-class", type=int, default=PER_CLASS)
    parser.add_argument("--new", type=int, default=NEW, help="new images of each class")
    parser.add_argument("--compare", action="store_true", help="compare all strategies too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        os.environ["THAW_HOME"] = home
        images = images_of(options.folder)
        archive = zipped(Path(home) / "photographs.zip", images, options.per_class)
        with measure_ui.app() as (page, port, server):
            play(page, port, server, options, archive)


if __name__ == "__main__":
    main()
