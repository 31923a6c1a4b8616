"""The strategy page in a browser: questions, map, what can be tried, and as others see it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core.strategy import evidence
from lib.core.strategy.prose import REGIONS
from lib.figures.strategy.evidence import GLYPHS
from tests.browser import readable
from tests.browser.held import HeldConnection
from tests.speeds import schemes

# Pixels around the map (lib/ui/parts/strategy_board/numbers.js).
MARGIN = 18
HEAD, TOP, MIDDLE, EVERYTHING = (
    REGIONS[name].title
    for name in ("small_similar", "large_similar", "small_dissimilar", "large_dissimilar")
)

# What is folded up below the first screen.
FOLDED = (
    "Measured instead of guessed: the similarity",
    "Accuracy over the number of images",
    "The rule against the best of the others",
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


@pytest.mark.thorough
def test_the_recommendation_and_the_map_are_above_the_fold(page: Page, app_url: str) -> None:
    title = open_page(page, app_url)
    expect(title).to_be_in_viewport(ratio=1)
    expect(page.locator(".advice .strip")).to_be_in_viewport(ratio=1)
    expect(page.locator(".plane svg")).to_be_in_viewport(ratio=1)
    for name in ("Run this|this run", "Compare strategies"):
        button = page.get_by_role("button", name=re.compile(name))
        expect(button).to_be_in_viewport(ratio=1)


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
    expect(page.get_by_text("Your own answers.")).to_be_visible()


@pytest.mark.thorough
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
    # Below the map, what is not needed at first sight waits for a press.
    chance = page.get_by_text("may have come first by chance")
    expect(chance).to_be_hidden()
    page.get_by_text("Other marks").click()
    expect(chance).to_be_visible()


@pytest.mark.thorough
def test_every_question_changes_the_answer(page: Page, app_url: str) -> None:
    title = open_page(page, app_url, "images=1500&similar=1")
    expect(title).to_have_text(TOP)
    page.get_by_label("Some labels are wrong").check()
    expect(title).to_have_text(HEAD)
    expect(page.get_by_text("Wrong labels: 2 times as many images are needed")).to_be_visible()
    page.get_by_label("Some labels are wrong").uncheck()
    expect(title).to_have_text(TOP)
    page.get_by_role("spinbutton", name="Classes", exact=True).fill("40")
    expect(title).to_have_text(HEAD)
    page.get_by_role("spinbutton", name="Classes", exact=True).fill("2")
    page.get_by_label("Must train within a minute").check()
    expect(title).to_have_text("Train the head only, for now")
    page.get_by_label("Must train within a minute").uncheck()
    images(page).fill("300")
    expect(title).to_have_text(HEAD)
    page.get_by_role("radio", name="From above").check()
    expect(title).to_have_text(MIDDLE)
    page.get_by_label("Must run on a phone").check()
    expect(page.get_by_text("For a phone: EfficientNet-Lite0 has")).to_be_visible()
    confirmed(page)
    expect(page).to_have_url(re.compile("images=300&classes=2&similar=0.45&phone=1"))


@pytest.mark.thorough
def test_a_number_that_is_none_is_put_back(page: Page, app_url: str) -> None:
    title = open_page(page, app_url, "images=300&similar=1")
    images(page).fill("0")
    expect(title).to_have_text(HEAD)
    images(page).press("Tab")
    expect(images(page)).to_have_value("300")


@pytest.mark.thorough
def test_both_neighbours_of_a_border_are_shown(page: Page, app_url: str) -> None:
    open_page(page, app_url, "images=1000&similar=0.5")
    words = page.get_by_text("With 1,000 images of this kind,")
    # By their names on the map.
    expect(words).to_contain_text("“Head only”")
    expect(words).to_contain_text("“Everything”")
    click_map(page, 0.05, 1.0)
    expect(words).to_have_count(0)


@pytest.mark.thorough
def test_a_link_restores_every_answer_for_another_reader(
    page: Page, second_page: Page, app_url: str
) -> None:
    open_page(page, app_url)
    click_map(page, 0.3, 0.3)
    page.get_by_label("Some labels are wrong").check()
    page.get_by_role("spinbutton", name="Classes", exact=True).fill("12")
    page.keyboard.press("Tab")
    confirmed(page)
    expect(page).to_have_url(re.compile("classes=12.*noisy=1"))
    second_page.goto(page.url)
    expect(second_page.locator(".advice h2")).to_have_text(page.locator(".advice h2").inner_text())
    expect(images(second_page)).to_have_value(images(page).input_value())
    expect(second_page.get_by_role("spinbutton", name="Classes", exact=True)).to_have_value("12")
    expect(second_page.get_by_label("Some labels are wrong")).to_be_checked()
    confirmed(second_page)


@pytest.mark.thorough
def test_the_back_button_undoes_an_answer(page: Page, app_url: str) -> None:
    title = open_page(page, app_url)
    before = title.inner_text()
    click_map(page, 0.9, 0.1)
    expect(title).to_have_text(EVERYTHING)
    confirmed(page)
    expect(page).to_have_url(re.compile("similar="))
    page.go_back()
    expect(title).to_have_text(before)


@pytest.mark.thorough
def test_other_answers_are_taken_back_to_those_of_the_dataset(page: Page, app_url: str) -> None:
    title = open_page(page, app_url)
    before = title.inner_text()
    click_map(page, 0.9, 0.1)
    confirmed(page)
    page.get_by_role("button", name="Back to OpenMoji drawings").click()
    expect(title).to_have_text(before)
    expect(page.get_by_text("These answers describe OpenMoji drawings.")).to_be_visible()


# --- Try it ---------------------------------------------------------------------------------------
# What a button leads to, tests/pages/test_strategy.py shows as well.


@pytest.mark.thorough
def test_the_model_summary_opens_with_the_plan_of_the_recommendation(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url, "backbone=mobilenet_v2&images=50&similar=0.1")
    page.get_by_role("button", name="See it in the model").click()
    expect(page.get_by_role("heading", name="Model summary", level=1)).to_be_visible()
    expect(page.get_by_text("thaw from block_6_expand (layer 54)")).to_be_visible()
    expect(page).to_have_url(re.compile("thaw=block_6_expand"))


@pytest.mark.thorough
def test_a_button_acts_on_the_answers_on_screen_also_before_the_browser_knows_their_link(
    page: Page, app_url: str
) -> None:
    connection = HeldConnection(page)
    title = open_page(page, app_url, "backbone=mobilenet_v2&images=50&similar=0.1")
    connection.hold()
    click_map(page, 0.9, 0.9)
    expect(title).to_have_text(TOP)
    # The server has answered, and nothing of it has arrived when the button is pressed.
    connection.wait_for_answer()
    page.get_by_role("button", name="See it in the model").click()
    connection.wait_for_answer()
    connection.release()
    expect(page.get_by_role("heading", name="Model summary", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("size=192$"))


@pytest.mark.thorough
def test_the_lab_opens_with_the_run_set_up(page: Page, app_url: str) -> None:
    open_page(page, app_url, "data=elpv&images=700&similar=0.1")
    page.get_by_role("button", name="Change its settings").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="Top layers")).to_be_checked()
    page.get_by_role("button", name="More settings").click()
    expect(page.get_by_label("Training images", exact=True)).to_have_value("700")
    expect(page.get_by_role("combobox", name=re.compile("Thaw from"))).to_have_value(
        "block_5_expand_conv"
    )
    expect(page.get_by_role("button", name="Start run")).to_be_enabled()


@pytest.mark.thorough
def test_strategies_are_compared_where_the_eye_is_and_the_comparison_survives_a_reload(
    page: Page, app_url: str
) -> None:
    tried = ",".join(RECORDED.tried[way].runs[0].id for way in evidence.WAYS)
    open_page(page, app_url, f"tried={tried}")
    for _ in range(2):
        # The sentence and the names are on the first screen; each strategy has three ways on.
        expect(page.get_by_text("at 96 pixels gets")).to_be_in_viewport(ratio=1)
        for way in list(evidence.WAYS.values())[:4]:
            name = page.get_by_text(f"{GLYPHS[way.id]} {way.title}", exact=True).first
            expect(name).to_be_in_viewport(ratio=1)
        for name, role in (("Try it", "button"), ("Take it home", "link")):
            expect(page.get_by_role(role, name=name)).to_have_count(len(evidence.WAYS))
        expect(page.locator(".js-plotly-plot").nth(len(evidence.WAYS) - 1)).to_be_visible()
        page.reload()
    page.get_by_role("link", name="Take it home").first.click()
    expect(page.get_by_role("tab", name="Take it home")).to_have_attribute("aria-selected", "true")


# --- As others see it -----------------------------------------------------------------------------


@pytest.mark.thorough
@schemes
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    # All of it at once: axe is not sure of the contrast of what is out of sight.
    page.set_viewport_size({"width": 1280, "height": 4000})
    open_page(page, app_url, "images=900&similar=0.55&noisy=1&phone=1&ask=first")
    expect(page.get_by_text("The code behind these numbers").last).to_be_visible()
    for folded in FOLDED:
        page.get_by_text(folded, exact=True).click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    readable.expect_nothing_serious(page)


@pytest.mark.thorough
def test_a_narrow_window_asks_and_answers_without_scrolling_sideways(
    page: Page, app_url: str
) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    title = open_page(page, app_url)
    expect(title).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name=re.compile("Run this|this run"))).to_be_in_viewport(
        ratio=1
    )
    images(page).fill("50000")
    expect(title).to_have_text(TOP)
    confirmed(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for part in (".advice", ".plane svg", ".kinds"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400


@pytest.mark.thorough
def test_a_question_to_the_recorded_runs_is_answered_where_it_is_asked_and_is_a_link(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url, "ask=rate")
    question = page.get_by_role("radio", name="Which learning rate?")
    expect(question).to_be_checked()
    page.get_by_role("radio", name="Are larger images better?").click()
    expect(page).to_have_url(re.compile("ask=resolution"))
    expect(page.get_by_text("image size, pixels").first).to_be_visible()
    expect(question).not_to_be_checked()


@pytest.mark.thorough
def test_the_board_keeps_its_place_while_answers_change(page: Page, app_url: str) -> None:
    open_page(page, app_url, "images=100&similar=1")
    tops = []
    for across, up in ((0.1, 0.9), (0.9, 0.1), (0.5, 0.5), (0.1, 0.1)):
        click_map(page, across, up)
        confirmed(page)
        box = page.get_by_role("button", name=re.compile("this run|Run this")).bounding_box()
        assert box is not None
        tops.append(round(box["y"]))
    assert max(tops) - min(tops) <= 1
