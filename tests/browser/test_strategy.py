"""The strategy page in a browser: questions, map, what can be tried, and as others see it."""

import json
import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core.strategy import evidence
from lib.core.strategy.prose import REGIONS
from tests.speeds import schemes

# Pixels around the map (lib/ui/parts/strategy_board/numbers.js).
MARGIN = 14
HEAD, TOP, MIDDLE, EVERYTHING = (
    REGIONS[name].title
    for name in ("small_similar", "large_similar", "small_dissimilar", "large_dissimilar")
)

# A run of every way on twenty drawings: recorded, so that nothing is trained in this test.
RECORDED = next(cell for cell in evidence.read().cells if len(cell.tried) == len(evidence.WAYS))


def open_page(page: Page, app_url: str, link: str = "") -> Locator:
    page.goto(f"{app_url}/strategy?{link}" if link else f"{app_url}/strategy")
    title = page.locator(".advice h2")
    expect(title).not_to_be_empty()
    confirmed(page)
    return title


def confirmed(page: Page) -> None:
    """The server has said the same as the browser."""
    board = page.locator("section.strategy")
    expect(board).not_to_have_attribute("data-pending", "")
    expect(board).not_to_have_attribute("data-disagrees", re.compile("."))


def click_map(page: Page, across: float, up: float) -> None:
    """Click at a share of the map's width and at a similarity."""
    box = page.locator(".plane svg").bounding_box()
    assert box is not None
    page.mouse.click(
        box["x"] + MARGIN + across * (box["width"] - 2 * MARGIN),
        box["y"] + MARGIN + (1 - up) * (box["height"] - 2 * MARGIN),
    )


def images(page: Page) -> Locator:
    return page.get_by_label("Labelled images to train on", exact=True)


def point(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Your data: "))


def test_the_recommendation_and_the_map_are_above_the_fold(page: Page, app_url: str) -> None:
    title = open_page(page, app_url)
    expect(title).to_be_in_viewport(ratio=1)
    expect(page.locator(".advice .strip")).to_be_in_viewport(ratio=1)
    expect(page.locator(".plane svg")).to_be_in_viewport(ratio=0.9)


@pytest.mark.thorough
def test_a_click_on_each_field_of_the_map_recommends_what_the_rule_says_there(
    page: Page, app_url: str
) -> None:
    title = open_page(page, app_url)
    for across, up, words in (
        (0.9, 0.9, TOP),
        (0.9, 0.15, EVERYTHING),
        (0.1, 0.15, MIDDLE),
        (0.1, 0.9, HEAD),
    ):
        click_map(page, across, up)
        expect(title).to_have_text(words)
        confirmed(page)
        expect(title).to_have_text(words)
    expect(page).to_have_url(re.compile(r"similar=0\.9(&|$)"))
    expect(page.get_by_text("These are your own answers.")).to_be_visible()


def test_the_point_is_dragged_over_a_border_and_lets_go_there(page: Page, app_url: str) -> None:
    title = open_page(page, app_url, "images=100&similar=0.9")
    expect(title).to_have_text(HEAD)
    box = page.locator(".plane svg").bounding_box()
    at = point(page).bounding_box()
    assert box is not None
    assert at is not None
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 40, steps=8)
    expect(title).to_have_text(TOP)  # while the hand is still moving
    page.mouse.up()
    confirmed(page)
    expect(page).not_to_have_url(re.compile("images=100(&|$)"))


def test_the_keyboard_moves_the_point_and_says_where_it_is(page: Page, app_url: str) -> None:
    title = open_page(page, app_url, "images=900&similar=0.9")
    expect(title).to_have_text(HEAD)
    point(page).press("ArrowRight")
    expect(title).to_have_text(TOP)
    confirmed(page)
    expect(point(page)).to_have_attribute("aria-label", re.compile(f"1,000 images.*{TOP}"))
    for _ in range(4):
        point(page).press("PageDown")
    expect(title).to_have_text(EVERYTHING)
    confirmed(page)
    point(page).press("Home")
    expect(title).to_have_text(MIDDLE)
    confirmed(page)


@pytest.mark.thorough
def test_every_question_changes_the_answer(page: Page, app_url: str) -> None:
    title = open_page(page, app_url, "images=1500&similar=1")
    expect(title).to_have_text(TOP)
    page.get_by_label("Many labels are wrong").check()
    expect(title).to_have_text(HEAD)
    expect(page.get_by_text("Wrong labels: 2 times as many images are needed")).to_be_visible()
    page.get_by_label("Many labels are wrong").uncheck()
    expect(title).to_have_text(TOP)
    page.get_by_label("Classes", exact=True).fill("40")
    expect(title).to_have_text(HEAD)
    page.get_by_label("Classes", exact=True).fill("2")
    page.get_by_label("I have less than a minute").check()
    expect(title).to_have_text("Train the head only, for now")
    page.get_by_label("I have less than a minute").uncheck()
    images(page).fill("300")
    expect(title).to_have_text(HEAD)
    page.get_by_role("radio", name="Pictures from above").check()
    expect(title).to_have_text(MIDDLE)
    page.get_by_label("It has to run on a phone").check()
    expect(page.get_by_text("For a phone: EfficientNet-Lite0 has")).to_be_visible()
    confirmed(page)
    expect(page).to_have_url(re.compile("images=300&classes=2&similar=0.45&phone=1"))


def test_a_number_that_is_none_is_put_back(page: Page, app_url: str) -> None:
    title = open_page(page, app_url, "images=300&similar=1")
    images(page).fill("0")
    expect(title).to_have_text(HEAD)
    images(page).press("Tab")
    expect(images(page)).to_have_value("300")


def test_both_neighbours_of_a_border_are_shown(page: Page, app_url: str) -> None:
    open_page(page, app_url, "images=1000&similar=0.5")
    words = page.get_by_text("Close to a border. On its other side:")
    expect(words).to_contain_text(HEAD)
    expect(words).to_contain_text(EVERYTHING)
    click_map(page, 0.05, 1.0)
    expect(words).to_have_count(0)


def test_a_link_restores_every_answer_for_another_reader(
    page: Page, second_page: Page, app_url: str
) -> None:
    open_page(page, app_url)
    click_map(page, 0.3, 0.3)
    page.get_by_label("Many labels are wrong").check()
    page.get_by_label("Classes", exact=True).fill("12")
    page.keyboard.press("Tab")
    confirmed(page)
    expect(page).to_have_url(re.compile("classes=12.*noisy=1"))
    second_page.goto(page.url)
    expect(second_page.locator(".advice h2")).to_have_text(page.locator(".advice h2").inner_text())
    expect(images(second_page)).to_have_value(images(page).input_value())
    expect(second_page.get_by_label("Classes", exact=True)).to_have_value("12")
    expect(second_page.get_by_label("Many labels are wrong")).to_be_checked()
    confirmed(second_page)


def test_the_back_button_undoes_an_answer(page: Page, app_url: str) -> None:
    title = open_page(page, app_url)
    before = title.inner_text()
    click_map(page, 0.9, 0.1)
    expect(title).to_have_text(EVERYTHING)
    confirmed(page)
    expect(page).to_have_url(re.compile("similar="))
    page.go_back()
    expect(title).to_have_text(before)


def test_other_answers_are_taken_back_to_those_of_the_dataset(page: Page, app_url: str) -> None:
    title = open_page(page, app_url)
    before = title.inner_text()
    click_map(page, 0.9, 0.1)
    confirmed(page)
    page.get_by_role("button", name="Back to OpenMoji drawings").click()
    expect(title).to_have_text(before)
    expect(
        page.get_by_text("These answers belong to the dataset OpenMoji drawings")
    ).to_be_visible()


# --- Try it ---------------------------------------------------------------------------------------


def test_the_model_summary_opens_with_the_plan_of_the_recommendation(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url, "backbone=mobilenet_v2&images=50&similar=0.1")
    page.get_by_role("button", name="See it in the model").click()
    expect(page.get_by_role("heading", name="Model summary", level=1)).to_be_visible()
    expect(page.get_by_text("thaw from block_6_expand (layer 54)")).to_be_visible()
    expect(page).to_have_url(re.compile("thaw=block_6_expand"))


def test_the_lab_opens_with_the_run_set_up(page: Page, app_url: str) -> None:
    open_page(page, app_url, "data=elpv&images=700&similar=0.1")
    page.get_by_role("button", name="Set up this run").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="Top layers")).to_be_checked()
    page.get_by_role("button", name="More settings").click()
    expect(page.get_by_label("Training images", exact=True)).to_have_value("700")
    expect(page.get_by_role("combobox", name=re.compile("Thaw from"))).to_have_value(
        "block_5_expand_conv"
    )
    expect(page.get_by_role("button", name="Start run")).to_be_enabled()


def test_a_recorded_run_is_opened_in_the_lab(page: Page, app_url: str) -> None:
    link = f"data={RECORDED.dataset}&images={RECORDED.num_images}&similar=1"
    open_page(page, app_url, link)
    page.get_by_role("link", name="Open the recorded run").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    expect(page.get_by_text("It is a recorded run that ships with Thaw.")).to_be_visible()


def test_all_strategies_stand_in_one_figure_and_survive_a_reload(page: Page, app_url: str) -> None:
    link = f"data={RECORDED.dataset}&images={RECORDED.num_images}&similar=1"
    open_page(page, app_url, link)
    page.get_by_role("button", name="Run all strategies").click()
    for _ in range(2):
        expect(page.get_by_text("fine-tuning starts", exact=False).first).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("From scratch.*Finished"))).to_be_visible()
        expect(page.get_by_text(re.compile("95 % interval .* to ")).first).to_be_visible()
        expect(page).to_have_url(re.compile("tried="))
        page.reload()


# --- As others see it -----------------------------------------------------------------------------


@schemes
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    # All of it at once: axe is not sure of the contrast of what is out of sight.
    page.set_viewport_size({"width": 1280, "height": 4000})
    open_page(page, app_url, "images=900&similar=0.55&noisy=1&phone=1")
    expect(page.get_by_text("The code behind these numbers").last).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    found = Axe().run(page).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert not serious, json.dumps([[rule["id"], rule["nodes"][0]["html"]] for rule in serious])


def test_a_narrow_window_asks_and_answers_without_scrolling_sideways(
    page: Page, app_url: str
) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    title = open_page(page, app_url)
    expect(title).to_be_in_viewport(ratio=1)
    images(page).fill("50000")
    expect(title).to_have_text(TOP)
    confirmed(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for part in (".advice", ".plane svg", ".kinds"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400


def test_the_board_keeps_its_place_while_answers_change(page: Page, app_url: str) -> None:
    open_page(page, app_url, "images=100&similar=1")
    tops = []
    for across, up in ((0.1, 0.9), (0.9, 0.1), (0.5, 0.5), (0.1, 0.1)):
        click_map(page, across, up)
        confirmed(page)
        box = page.get_by_role("button", name="Set up this run").bounding_box()
        assert box is not None
        tops.append(round(box["y"]))
    assert max(tops) - min(tops) <= 1
