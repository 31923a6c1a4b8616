"""Measures the time from a changed answer to the new recommendation, in a real browser.

python -m lib.tools.measure_strategy [--changes N]

Starts the app on a free port and headless Chromium. For each question it prints the median and the
longest time in milliseconds from the input event to the painted answer, and to the confirmation by
the server. Needs the packages of requirements-dev.txt.
"""

import argparse
import statistics
from collections.abc import Callable

from playwright.sync_api import Page

from lib.tools import measure_ui

# Each answer changes at least one of: the label of the reader's point, the recommendation, and the
# notes below the questions.
CHANGES = (".point", "h2", ".notes")


def questions(page: Page) -> dict[str, Callable[[int], None]]:
    """Question -> function that changes its answer, called with the number of the change."""
    plane = page.locator(".plane svg")

    def click(turn: int) -> None:
        box = plane.bounding_box()
        assert box is not None
        x, y = ((0.2, 0.8), (0.8, 0.8), (0.8, 0.2), (0.25, 0.25))[turn % 4]
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])

    def point(turn: int) -> None:
        page.locator(".plane .point").press(
            ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown")[turn % 4]
        )

    def images(turn: int) -> None:
        page.get_by_role("slider", name="Labelled images").press(
            "ArrowRight" if turn % 2 else "ArrowLeft"
        )

    def kind(turn: int) -> None:
        names = ("From above", "Everyday photographs")
        page.get_by_text(names[turn % 2], exact=True).click()

    def box(label: str) -> Callable[[int], None]:
        return lambda turn: page.get_by_text(label, exact=True).click()

    return {
        "click on the map": click,
        "arrow key on the map": point,
        "number of images, slider": images,
        "what the images show": kind,
        "less than a minute": box("Must train within a minute"),
        "on a phone": box("Must run on a phone"),
        "wrong labels": box("Some labels are wrong"),
    }


def main() -> None:
    """Print one line for each question."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_strategy")
    parser.add_argument("--changes", type=int, default=20)
    options = parser.parse_args()
    with measure_ui.app() as (page, port, _):
        for name, act in questions(page).items():
            # A situation in which every answer changes the recommendation.
            page.goto(f"http://127.0.0.1:{port}/strategy?images=1700&similar=0.7")
            page.locator(".strategy h2:not(:empty)").wait_for()
            page.wait_for_timeout(3000)  # wait for the figures below
            painted, confirmed = measure_ui.measure(
                page, act, options.changes, ".strategy", *CHANGES
            )
            print(
                f"{name}: on screen {statistics.median(painted):.0f} ms "
                f"(longest {max(painted):.0f}), confirmed {statistics.median(confirmed):.0f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
