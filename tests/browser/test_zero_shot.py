"""Zero-shot, as a reader uses it: tick, read the ranking, share the link, show a photograph."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib.core.maps import feature_maps
from tests.browser import lab
from tests.speeds import schemes

# The first question of a session waits for the engine and the import of TensorFlow.
ANSWER_LIMIT_MS = 120_000
# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 4500}
NARROW = {"width": 400, "height": 800}


def open_page(page: Page, url: str, link: str = "") -> None:
    page.goto(f"{url}/zero_shot{link}")
    expect(page.get_by_role("heading", name="Zero-shot", level=1)).to_be_visible()
    expect(page.locator(".ranking tbody tr").first).to_be_visible()
    lab.settle(page)


def tick(page: Page, name: str) -> Locator:
    return page.locator(".description").get_by_role("checkbox", name=name, exact=True)


def first(page: Page) -> Locator:
    """The name of the first photograph of the ranking."""
    return page.locator(".ranking tbody tr").first.get_by_role("rowheader")


def expect_agreement(page: Page) -> None:
    """The server has answered, and computed what the browser had."""
    lab.settle(page)
    board = page.locator("section.description")
    expect(board).not_to_have_attribute("data-pending", "")
    assert board.get_attribute("data-disagrees") is None


def test_the_sum_is_done_and_a_tick_ranks_before_the_server_answers(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url)
    expect(page.locator(".finding h2")).to_have_text("Zebra first")
    expect(page.locator(".sum")).to_contain_text("horse+ stripes+ black+ white− brown")
    how = page.locator(".description .how")
    expect(how).to_contain_text("Untick stripes")
    expect(how).to_contain_text("The sum leaves out what both share.")
    expect(first(page)).to_contain_text("zebra")
    # In one task of the browser, so nothing can have come from the server meanwhile.
    said = page.locator("section.description").evaluate(
        """board => {
            const ticks = [...board.querySelectorAll("label.tick")]
            ticks.find(each => each.innerText === "stripes").click()
            return [board.dataset.pending, board.querySelector("tbody th").innerText]
        }"""
    )
    assert said == ["", "horse"]
    expect(tick(page, "stripes")).not_to_be_checked()
    expect(how).to_contain_text("Tick stripes")
    expect_agreement(page)
    expect(first(page)).to_contain_text("horse")
    # The link restores the description in another session.
    expect(page).to_have_url(re.compile(r"has=black\.white\.hooves"))
    again = page.context.new_page()
    again.goto(page.url)
    expect(first(again)).to_contain_text("horse")
    expect(tick(again, "stripes")).not_to_be_checked()
    expect(tick(again, "hooves")).to_be_checked()
    again.close()


@pytest.mark.thorough
def test_the_keyboard_ticks_leaves_out_and_turns_the_constant(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    tick(page, "stripes").focus()
    page.keyboard.press("Space")
    expect(tick(page, "stripes")).not_to_be_checked()
    expect(tick(page, "stripes")).to_be_focused()
    page.locator(".description").get_by_label("Recognise").select_option(label="gorilla")
    expect(page.locator(".finding h2")).to_have_text("Gorilla first")
    expect_agreement(page)
    trained = page.get_by_role("radio", name="trained classes")
    trained.focus()
    page.keyboard.press("Space")
    row = page.locator(".ranking tr.out")
    expect(row).to_contain_text("gorilla")
    expect(row.locator(".place")).not_to_have_text("1st")
    slider = page.get_by_role("slider", name="Taken off the trained classes")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("2")
    expect(row.locator(".place")).to_have_text("1st")
    expect(page.locator(".errors")).to_contain_text("30% of the left-out ones and 92%")
    expect_agreement(page)
    # The figure below marks the same constant.
    expect(page.get_by_text("2.00 logits taken off").first).to_be_visible()


@pytest.mark.thorough
def test_odd_descriptions_have_a_ranking_and_a_sentence(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    words = page.locator(".finding p")
    page.get_by_role("button", name="Clear").click()
    expect(words).to_contain_text("No attribute is ticked.")
    expect(page.locator(".sum")).to_contain_text("no attribute")
    page.locator(".description").get_by_label("Described like").select_option(label="tiger")
    expect(words).to_contain_text("This is the description of the tiger, whose class is known")
    for box in page.locator(".description").get_by_role("checkbox").all():
        box.check(force=True)
    expect(words).to_contain_text("Every attribute is ticked.")
    expect(page.locator(".ranking tbody tr")).to_have_count(8)
    page.get_by_role("button", name="Show all 76").click()
    expect(page.locator(".ranking tbody tr")).to_have_count(76)
    expect(page.get_by_role("button", name="Show fewer")).to_be_focused()
    expect_agreement(page)
    # The rows are drawn again after a tick and after each answer; the focus on the button stays.
    page.locator(".description").get_by_role("checkbox").first.evaluate("box => box.click()")
    expect(words).not_to_contain_text("Every attribute is ticked.")
    expect(page.locator(".ranking tbody tr")).to_have_count(76)
    expect(page.get_by_role("button", name="Show fewer")).to_be_focused()
    expect_agreement(page)


@pytest.mark.thorough
def test_a_photograph_of_the_reader_is_ranked_by_the_same_description(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url, "?out=tabby_cat")
    page.get_by_role("button", name="Your own image").click()
    chosen = page.locator("input[type=file]")
    chosen.set_input_files(
        {"name": "cat", "mimeType": "", "buffer": feature_maps.examples()["cat"].picture()}
    )
    words = page.locator(".finding p")
    expect(words).to_contain_text("sees Egyptian cat in it", timeout=ANSWER_LIMIT_MS)
    expect(words).to_contain_text("of 77; on it, this description is in place")
    own = page.locator(".ranking tr.own")
    expect(own).to_contain_text("your photograph")
    expect_agreement(page)
    chosen.set_input_files(
        {"name": "cup", "mimeType": "", "buffer": feature_maps.examples()["espresso"].picture()}
    )
    expect(words).to_contain_text("It is probably no animal", timeout=ANSWER_LIMIT_MS)
    page.keyboard.press("Escape")
    before = own.locator(".lead").inner_text()
    tick(page, "stripes").uncheck(force=True)
    expect(own.locator(".lead")).not_to_have_text(before)
    expect_agreement(page)


@pytest.mark.thorough
@schemes
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext], app_url: str, scheme: str
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.set_viewport_size(TALL)
    open_page(page, app_url, "?against=trained&off=2.5")
    expect(page.locator(".js-plotly-plot")).to_have_count(4)
    found = Axe().run(page).response["violations"]
    serious = [
        f"{rule['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert not serious, "\n".join(serious)


@pytest.mark.thorough
def test_a_narrow_screen_shows_everything(
    new_context: Callable[..., BrowserContext], app_url: str
) -> None:
    page = new_context().new_page()
    page.set_viewport_size(NARROW)
    open_page(page, app_url, "?against=trained")
    for box in ("html", "[data-testid='stMain']", "section.description"):
        wide, room = page.locator(box).first.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= room <= NARROW["width"], f"{box} is {wide} px wide and has {room}"
    # Whoever takes a word away sees at once who wins now.
    page.get_by_role("checkbox", name="stripes").uncheck()
    expect(page.locator(".finding h2")).to_be_in_viewport(ratio=1)
    expect(page.locator(".finding h2")).not_to_have_text("Zebra first")
