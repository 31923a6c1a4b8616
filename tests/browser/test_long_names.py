"""Long names of classes, as data sets of plant diseases have them, on the screen of a telephone."""

import json
import shutil
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.core import intervals, runs
from lib.core.lab import command
from lib.core.lab.store import RunStore
from lib.core.runs import EVALUATION_FILE
from lib.figures.reading import confusion
from tests.browser import lab
from tests.browser.server import Server

TELEPHONE = {"width": 400, "height": 2_000}
# Less is no place for a finger, nor for a number.
CELL = 14
NUM_CLASSES, NUM_IMAGES = 38, 76
NAMES_HAVE_ROOM = """
() => {
  const figure = document.querySelector("[class*=st-key-confusion_matrix] .js-plotly-plot")
  const { top } = figure.getBoundingClientRect()
  return [...figure.querySelectorAll(".xaxislayer-above .xtick text")]
    .every(name => name.getBoundingClientRect().top >= top)
}
"""


def name(number: int) -> str:
    return f"Tomato___Spider_mites_{number:02}_" + "Two_spotted_spider_mite_leaves_of_it"


def a_run(app: Server, seed: int, num_classes: int) -> str:
    """A run in the store of the server: the recorded one of the head, with other classes."""
    source = RunStore().open(
        runs.run_id(runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED))
    )
    assert source
    config = replace(source.config, seed=seed)
    folder = RunStore(app.log.parent / "home" / "runs").folder(runs.run_id(config))
    shutil.copytree(source.folder, folder)
    # Every class is predicted once correctly, and once as the next class.
    labels = [number % num_classes for number in range(NUM_IMAGES)]
    said = [(label + row // num_classes % 2) % num_classes for row, label in enumerate(labels)]
    correct = sum(each == label for each, label in zip(said, labels, strict=True))
    test: dict[str, Any] = {
        "index": list(range(NUM_IMAGES)),
        "label": labels,
        "probabilities": [[float(at == each) for at in range(num_classes)] for each in said],
    }
    (folder / EVALUATION_FILE).write_text(json.dumps({"test": test}), "utf-8")
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    result = json.loads((folder / "result.json").read_text("utf-8")) | {
        "run_id": folder.name,
        "command": command.command(config),
        "class_names": [name(number) for number in range(num_classes)],
        "test_correct": correct,
        "test_accuracy": correct / NUM_IMAGES,
        "test_interval_95": intervals.wilson_interval(correct, NUM_IMAGES),
    }
    result["split_sizes"]["test"] = NUM_IMAGES
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    return folder.name


def boxes(found: Locator) -> list[dict[str, float]]:
    return found.evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().toJSON())"
        ".sort((one, other) => one.left - other.left)"
    )


@pytest.mark.parametrize("num_classes", [6, NUM_CLASSES])
@pytest.mark.thorough
def test_the_columns_of_a_confusion_matrix_have_names_and_room_on_a_telephone(
    page: Page, app: Server, num_classes: int
) -> None:
    page.set_viewport_size(TELEPHONE)
    page.goto(f"{app.url}/learning_curves?runs={a_run(app, 700 + num_classes, num_classes)}")
    lab.settle(page)
    matrix = page.locator("[class*=st-key-confusion_matrix]")
    names = matrix.locator(".xaxislayer-above .xtick text")
    expect(names).to_have_count(min(num_classes, confusion.MAX_NUMBERED))
    # Plotly makes room for the names once it has drawn them.
    page.wait_for_function(NAMES_HAVE_ROOM)
    above = boxes(names)
    for left, right in pairwise(above):
        assert right["left"] - left["left"] >= CELL
        assert left["right"] <= right["left"] + 1
    assert page.evaluate("document.documentElement.scrollWidth") == TELEPHONE["width"]
    if num_classes > confusion.MAX_NUMBERED:
        page.get_by_role("button", name="All, for a wide screen").or_(
            page.get_by_role("radio", name="All, for a wide screen")
        ).click()
        expect(names).to_have_count(num_classes)
        page.reload()
        expect(names).to_have_count(num_classes)


def test_the_bars_of_predict_stay_within_a_telephone(page: Page, app: Server) -> None:
    page.set_viewport_size(TELEPHONE)
    page.goto(f"{app.url}/predict?run={a_run(app, 702, 2)}")
    lab.settle(page)
    bars = page.get_by_label(name(0))
    expect(bars.first).to_be_attached(timeout=120_000)
    for part in (".share", ".said", "figcaption", ".track"):
        found = boxes(page.locator(part))
        assert found
        assert all(0 <= each["left"] < each["right"] <= TELEPHONE["width"] for each in found)
