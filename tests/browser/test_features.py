"""Features, as a reader uses it: through the depths by keyboard, over the map, by its link."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import lab
from tests.browser.readable import expect_nothing_serious, expect_to_fit_a_telephone

# axe judges the contrast of what is in view only.
TALL = {"width": 1280, "height": 4600}


def board(page: Page) -> Locator:
    return page.get_by_role("region", name="One image at all depths")


def images(page: Page) -> Locator:
    return page.get_by_role("region", name="Accuracy by depth, and the images as a map")


def test_a_reader_goes_through_the_depths_by_keyboard_and_the_link_brings_them_back(
    page: Page, second_page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/features")
    knob = board(page).get_by_role("slider", name="Depth")
    stage = board(page).locator(".stage .overlay")
    expect(stage).to_be_in_viewport(ratio=1)
    expect(board(page).locator(".patches .nine")).to_be_in_viewport(ratio=1)
    expect(board(page).get_by_role("heading")).to_have_text(
        "First layer, the stem: 32 channels of 112 x 112"
    )
    expect(board(page).locator(".finding")).to_contain_text("edges and colours")
    expect(board(page).get_by_text("Drag the ball to go deeper")).to_be_in_viewport(ratio=1)
    expect(
        board(page).get_by_text("Pieces of many images where it is strongest")
    ).to_be_in_viewport(ratio=1)
    # In one task of the browser, so nothing can have come from the server meanwhile.
    said = board(page).evaluate(
        """board => {
            const knob = board.querySelector("[role=slider]")
            const press = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })
            for (let step = 0; step < 6; step++) knob.dispatchEvent(press)
            return [board.querySelector("h2").innerText, board.querySelector(".stage canvas").width]
        }"""
    )
    assert said == ["Block 5: 80 channels of 14 x 14", 14]
    expect(board(page).locator(".finding")).to_contain_text("textures")
    expect(board(page).locator(".measured")).to_contain_text("gets 84.5 % of")
    # All strips of the page are at the same depth, and the curve is marked there.
    expect(images(page).get_by_role("slider", name="Depth")).to_have_attribute("aria-valuenow", "6")
    expect(images(page).locator(".here-words")).to_have_text(re.compile(r"84\.5 %"))
    expect(page).to_have_url(re.compile("depth=block_5"))

    stage.focus()
    stage.press("ArrowDown")
    expect(board(page).get_by_text(re.compile("^Row "))).to_be_visible()
    second = board(page).get_by_role("radio", name=re.compile("^Channel")).nth(1)
    second.check(force=True)
    name = str(second.get_attribute("aria-label"))
    expect(page).to_have_url(re.compile(f"channel={name.removeprefix('Channel ')}"))
    knob.press("End")
    expect(board(page).get_by_role("heading")).to_have_text(
        "Last layer, the top: 1,280 channels of 7 x 7"
    )
    knob.press("Home")
    expect(board(page).get_by_role("heading")).to_have_text(
        "First layer, the stem: 32 channels of 112 x 112"
    )
    for _ in range(6):
        knob.press("ArrowRight")
    board(page).get_by_role("radio", name="Burger").check(force=True)
    expect(page).to_have_url(re.compile("image=burger"))
    expect(board(page).get_by_role("heading")).to_have_text("Block 5: 80 channels of 14 x 14")

    images(page).get_by_role("radio", name="t-SNE").check(force=True)
    expect(page).to_have_url(re.compile("by=tsne"))
    # It plays from where it is: two depths before the last one.
    images(page).get_by_role("slider", name="Depth").press("End")
    for _ in range(2):
        images(page).get_by_role("slider", name="Depth").press("ArrowLeft")
    expect(page).to_have_url(re.compile("depth=block_14"))
    play = images(page).get_by_role("button", name="Play")
    play.press("Enter")
    expect(images(page).get_by_role("slider", name="Depth")).to_have_attribute(
        "aria-valuenow", "17"
    )
    expect(images(page).get_by_role("button", name="Play")).to_be_visible()
    expect(images(page).get_by_text("after top")).to_be_visible()
    expect(page).to_have_url(re.compile("depth=top"))
    lab.settle(page)
    second_page.goto(page.url)
    expect(board(second_page).get_by_role("heading")).to_have_text(
        "Last layer, the top: 1,280 channels of 7 x 7"
    )
    expect(board(second_page).get_by_role("radio", name="Burger")).to_be_checked()
    expect(images(second_page).get_by_role("radio", name="t-SNE")).to_be_checked()
    # The sentence above the picture is about the dataset that is chosen below it.
    lab.choose(page, "Dataset", "Solar cells")
    expect(board(page).locator(".measured")).to_contain_text("of the images of Solar cells")


@pytest.mark.thorough
def test_a_strip_that_is_no_longer_on_the_page_hears_nothing(page: Page, app_url: str) -> None:
    """Else each visit would leave a page behind, which draws and tells the server again."""
    browser = page.context.new_cdp_session(page)

    def listening() -> int:
        document = browser.send("Runtime.evaluate", {"expression": "document"})["result"]
        found = browser.send("DOMDebugger.getEventListeners", {"objectId": document["objectId"]})
        return [each["type"] for each in found["listeners"]].count("thaw-depth")

    page.goto(f"{app_url}/features")
    expect(page.locator(".image-map canvas")).to_have_count(5)
    lab.settle(page)
    assert listening() == 4
    page.get_by_role("link", name="Home").click()
    expect(page.locator(".depth-strip")).to_have_count(0)
    assert listening() == 0


@pytest.mark.thorough
def test_everybody_can_read_it_also_on_a_telephone(page: Page, app_url: str) -> None:
    page.set_viewport_size(TALL)
    page.goto(f"{app_url}/features")
    expect(page.locator(".image-map canvas")).to_have_count(5)
    expect(page.locator(".first-filters .kernel").first).to_be_visible()
    lab.settle(page)
    expect_nothing_serious(page)
    expect_to_fit_a_telephone(page)
