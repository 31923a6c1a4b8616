"""Learning curves in a browser: hover, replay, files, cells, links, and as others see them."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core import runs
from lib.core.lab.store import RunStore
from lib.core.reading import diagnose
from lib.core.runs import Run
from tests.browser import lab, readable
from tests.speeds import schemes

one_or_two = pytest.mark.parametrize(
    "several",
    [
        pytest.param(False, id="one run"),
        pytest.param(True, id="two runs", marks=pytest.mark.thorough),
    ],
)
# How many points of the thick line of accuracy are drawn.
FIGURE = "document.querySelector('.st-key-curves_figure')"
DRAWN = """
figure => figure.querySelector(".js-plotly-plot").data
  .find(trace => trace.name === "validation accuracy").y.filter(value => value !== null).length
"""
NOTES = """
figure => figure.querySelector(".js-plotly-plot").layout.annotations
  .map(note => [note.name, note.visible])
"""


def recorded(**settings: object) -> Run:
    run = RunStore().open(runs.run_id(runs.make_config(seed=runs.RECORDED_SEED, **settings)))  # type: ignore[arg-type]
    assert run
    return run


def figure(page: Page) -> Locator:
    return page.locator(".st-key-curves_figure [role=figure]")


def open_page(page: Page, app_url: str, link: str = "") -> Locator:
    page.goto(f"{app_url}/learning_curves{link}")
    expect(page.get_by_role("heading", name="Learning curves", level=1)).to_be_visible()
    lab.settle(page)
    expect(figure(page).locator(".trace path").first).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    return figure(page)


# The page opens in tests/browser/test_first_screens.py and below, its label is looked for in
# test_first_light.py, and tests/pages/test_learning_curves.py shows with which run it opens.
@pytest.mark.thorough
def test_it_opens_with_a_recorded_run_and_the_line_is_labelled(page: Page, app_url: str) -> None:
    curves = open_page(page, app_url)
    expect(curves.get_by_text("fine-tuning starts")).to_be_visible()
    expect(page.get_by_role("radiogroup", name="Show in the curves")).to_be_visible()
    # Nothing was started for it.
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@pytest.mark.thorough
def test_hovering_compares_training_and_validation_of_one_epoch(page: Page, app_url: str) -> None:
    curves = open_page(page, app_url)
    box = curves.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    hover = curves.locator(".hoverlayer")
    for words in ("epoch ", "training accuracy", "validation accuracy", "validation loss", "rate "):
        expect(hover.get_by_text(words).first).to_be_visible()


def test_a_replay_draws_the_run_epoch_by_epoch_and_ends_whole(page: Page, app_url: str) -> None:
    asked: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(frame)))
    curves = open_page(page, app_url)
    num_epochs = len(recorded().history)
    assert curves.evaluate(DRAWN) == num_epochs
    assert asked
    asked.clear()
    page.get_by_role("button", name="Replay").click()
    # By itself it goes from one epoch to the next.
    for few in (2, 3, 4):
        page.wait_for_function(f"few => ({DRAWN})({FIGURE}) >= few", arg=few)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Replay")).to_be_visible()
    assert 4 <= curves.evaluate(DRAWN) < num_epochs
    notes = dict(curves.evaluate(NOTES))
    assert notes[f"reached {num_epochs} beside"] is False
    # On from two epochs before the end.
    slider = page.get_by_role("slider", name="Epochs drawn")
    for key in ("End", "ArrowLeft", "ArrowLeft"):
        slider.press(key)
    assert curves.evaluate(DRAWN) == num_epochs - 2
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text(f"epoch {num_epochs} of {num_epochs}", exact=True)).to_be_visible()
    assert curves.evaluate(DRAWN) == num_epochs
    assert dict(curves.evaluate(NOTES))[f"reached {num_epochs} beside"] is not False
    # The server was not asked for any of it.
    assert not asked


@pytest.mark.thorough
def test_the_replay_can_be_led_by_the_keyboard(page: Page, app_url: str) -> None:
    curves = open_page(page, app_url)
    slider = page.get_by_role("slider", name="Epochs drawn")
    slider.press("Home")
    expect(page.get_by_text("epoch 1 of 20", exact=True)).to_be_visible()
    assert curves.evaluate(DRAWN) == 1
    slider.press("ArrowRight")
    expect(page.get_by_text("epoch 2 of 20", exact=True)).to_be_visible()
    assert curves.evaluate(DRAWN) == 2
    # A link shows others what is drawn.
    expect(page).to_have_url(re.compile(r"[?&]epoch=2(&|$)"))
    page.reload()
    expect(page.get_by_text("epoch 2 of 20", exact=True)).to_be_visible()
    expect(page.get_by_text("Ignored unknown link parameters")).to_be_hidden()
    page.get_by_role("slider", name="Epochs drawn").press("End")
    expect(page).not_to_have_url(re.compile("epoch="))


@pytest.mark.thorough
@schemes
def test_the_figure_is_saved_for_paper_in_both_appearances(
    new_context: Callable[..., BrowserContext], app_url: str, tmp_path: Path, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    open_page(page, app_url)
    name = f"thaw-{recorded().id}"
    for ending, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=ending.upper(), exact=True).click()
        assert download.value.suggested_filename == f"{name}.{ending}"
        path = tmp_path / f"figure.{ending}"
        download.value.save_as(path)
        content = path.read_bytes()
        assert content.startswith(begins)
        if ending == "svg":
            text = content.decode()
            assert "fine-tuning starts" in text
            # The paper is white and the ink is dark, whatever the screen is.
            assert "rgb(255, 255, 255)" in text
            assert "rgb(14, 21, 28)" not in text


@pytest.mark.thorough
def test_the_numbers_are_saved_as_a_table(page: Page, app_url: str, tmp_path: Path) -> None:
    open_page(page, app_url)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "numbers.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "numbers.csv").read_text("utf-8"))))
    history = recorded().history
    assert [float(row["val_accuracy"]) for row in rows] == [each.val_accuracy for each in history]


@pytest.mark.thorough
def test_a_finding_frames_its_epochs_in_the_figure(page: Page, app_url: str) -> None:
    curves = open_page(page, app_url)
    findings = diagnose.diagnose(recorded())
    frames = """figure => figure.querySelector('.js-plotly-plot').layout.shapes
      .filter(shape => shape.line.dash === 'dot').map(shape => [shape.x0, shape.x1])[0]"""
    for finding in reversed(findings):
        page.get_by_text(finding.title).click()
        expect(page.get_by_text(finding.explanation[:60])).to_be_visible()
        lab.settle(page)
        page.wait_for_function(
            f"""([x0, x1]) => {{
              const found = ({frames})({FIGURE})
              return found[0] === x0 && found[1] === x1
            }}""",
            arg=[finding.first_epoch - 0.5, finding.last_epoch + 0.5],
        )
    expect(curves).to_be_visible()


@pytest.mark.thorough
def test_clicking_a_cell_opens_its_images(page: Page, app_url: str) -> None:
    open_page(page, app_url, f"?run={recorded(strategy='feature_extraction').id}")
    matrix = page.get_by_role("figure", name="Confusion matrix")
    matrix.scroll_into_view_if_needed()
    expect(matrix.get_by_text("food").first).to_be_visible()
    cells = matrix.locator(".scatterlayer .text text")
    expect(cells).to_have_count(4)
    box = cells.nth(3).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    chosen = page.get_by_role("combobox", name="Test images")
    expect(chosen).to_have_value("food, predicted correctly, 20")
    expect(page.get_by_role("img", name="Test images, predicted as: food")).to_be_visible()


@pytest.mark.thorough
def test_a_link_opens_a_comparison_and_a_reload_keeps_how_it_is_drawn(
    page: Page, app_url: str
) -> None:
    ids = f"{recorded().id},{recorded(strategy='feature_extraction').id}"
    curves = open_page(page, app_url, f"?runs={ids}")
    expect(page.get_by_role("heading", name="cannot be told apart")).to_be_visible()
    page.get_by_role("button", name="View").click()
    page.get_by_text("Align at the start of fine-tuning").click()
    expect(curves.get_by_text("epoch, from the start of fine-tuning")).to_be_visible()
    page.keyboard.press("Escape")
    assert "align=true" in page.url
    page.reload()
    lab.settle(page)
    expect(curves.get_by_text("epoch, from the start of fine-tuning")).to_be_visible()
    expect(page.get_by_text("Ignored unknown link parameters")).to_have_count(0)


@pytest.mark.thorough
@schemes
@one_or_two
def test_axe_finds_nothing_serious_and_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str, several: bool
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size({"width": 1280, "height": 3000})
    ids = f"?runs={recorded().id},{recorded(strategy='feature_extraction').id}" if several else ""
    open_page(page, app_url, ids)
    if not several:
        page.get_by_text("Scores per class, and calibration").click()
        expect(page.get_by_role("figure", name="Reliability diagram")).to_be_visible()
    readable.expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(page)
