"""Measured instead of guessed, in a browser: shipped results, one's own images, small screens."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core.strategy import similarity
from tests.browser import lab, own_pictures, readable
from tests.speeds import schemes

# The first question waits for the engine and the import of TensorFlow.
ANSWER_LIMIT_MS = 120_000
PER_CLASS = 12
TALL = {"width": 1280, "height": 4500}
SECTION = "Measured instead of guessed: the similarity"


def open_section(page: Page, app_url: str, link: str) -> Locator:
    """Open the page at some answers; returns what the section says first."""
    page.goto(f"{app_url}/strategy?{link}")
    expect(page.get_by_role("heading", name="What the recorded runs show")).to_be_visible()
    lab.settle(page)
    return page.get_by_text(re.compile(r"Measured on [\d,]+ images the"))


def open_details(page: Page) -> None:
    page.get_by_text(SECTION).click()
    expect(page.get_by_text("The scale is a convention")).to_be_visible()


# tests/pages/test_similarity.py shows it of every dataset, and compares the whole table.
@pytest.mark.thorough
def test_a_reference_dataset_shows_its_measurement_at_once(page: Page, app_url: str) -> None:
    said = open_section(page, app_url, "data=elpv")
    place = similarity.on_scale(similarity.references()["elpv"])
    expect(said).to_contain_text(f"{place:.2f}")
    expect(said).to_contain_text("They agree")
    expect(page.get_by_role("button", name="Measure similarity")).to_have_count(0)
    open_details(page)
    expect(page.get_by_role("cell", name=re.compile("block_5_expand_relu"))).to_be_visible()


@pytest.mark.thorough
def test_an_answer_on_the_other_side_of_the_border_is_contradicted(
    page: Page, app_url: str
) -> None:
    said = open_section(page, app_url, "data=elpv&similar=0.35")
    expect(said).to_contain_text("They agree")
    page.get_by_role("radio", name="Everyday photographs").check()
    expect(said).to_contain_text("They disagree")
    expect(said).to_contain_text("where the rule gives another recommendation")
    title = page.locator(".advice h2")
    everyday = title.inner_text()
    page.get_by_role("button", name="Answer 0.35 instead").click()
    expect(said).to_contain_text("They agree")
    expect(title).not_to_have_text(everyday)
    expect(page).to_have_url(re.compile("similar=0.35"))


@pytest.mark.thorough
def test_own_images_are_measured_at_the_press_of_a_button(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    page.goto(f"{app_url}/data?show=Your+own+images")
    expect(page.get_by_role("heading", name="Your own images")).to_be_visible()
    lab.settle(page)
    archive = own_pictures.zipped(tmp_path / "shapes.zip", own_pictures.pictures(PER_CLASS))
    page.locator("input[type=file]").set_input_files(archive)
    train = page.get_by_role("link", name="Train on these")
    expect(train).to_have_count(1, timeout=ANSWER_LIMIT_MS)
    own = re.search(r"images-[0-9a-f]{12}", train.get_attribute("href") or "")
    assert own
    said = open_section(page, app_url, f"data={own[0]}")
    expect(said).to_have_count(0)
    page.get_by_role("button", name="Measure similarity").click()
    expect(said).to_be_visible(timeout=ANSWER_LIMIT_MS)
    # Four of twenty-four are for the test and stay unseen.
    expect(said).to_contain_text("Measured on 20 images")
    open_details(page)
    expect(page.get_by_text("Your images", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Measure similarity")).to_have_count(0)


@schemes
@pytest.mark.thorough
def test_axe_finds_nothing_serious_with_everything_open_and_a_narrow_screen_shows_the_figures(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    open_section(page, app_url, "data=elpv&similar=0.9")
    open_details(page)
    readable.expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(page)
    for shown in (".st-key-similarity_scale .js-plotly-plot", ".st-key-similarity_depths .plot"):
        figure = page.locator(shown)
        expect(figure).to_be_visible()
        box = figure.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
