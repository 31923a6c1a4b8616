"""The layer instrument in a browser: by mouse, by keyboard, by link, and as others see it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.core import backbones, freezing
from lib.ui.network.plan import PlanState
from lib.ui.parts.layer_strip import component as layer_strip
from tests.browser import clipboard
from tests.speeds import thorough_beyond

MOBILENET = PlanState.default("mobilenet_v2")
# MobileNetV2 at 160 pixels, GAP, one logit (Keras 3.15.1).
HEAD_ONLY, EVERYTHING, CUT_AT_100 = "1,281", "2,225,153", "1,862,721"


def open_page(page: Page, app_url: str, link: str = "backbone=mobilenet_v2&bn=thawed") -> Locator:
    page.goto(f"{app_url}/model_summary?{link}")
    number = trainable(page)
    expect(number).to_be_visible()
    confirmed(page)
    return number


def trainable(page: Page) -> Locator:
    return page.locator(".meters strong").first


def knob(page: Page) -> Locator:
    return page.get_by_role("slider", name="First thawed layer")


def confirmed(page: Page) -> None:
    """The server has said the same as the browser."""
    instrument = page.locator(".instrument")
    expect(instrument).not_to_have_attribute("data-pending", "")
    expect(instrument).not_to_have_attribute("data-disagrees", re.compile("."))


@pytest.mark.thorough
def test_the_strip_and_its_number_are_above_the_fold(page: Page, app_url: str) -> None:
    number = open_page(page, app_url)
    expect(number).to_be_in_viewport(ratio=1)
    expect(page.locator(".strip")).to_be_in_viewport(ratio=1)


@pytest.mark.thorough
def test_the_head_is_the_last_piece_and_stays_orange_when_everything_else_is_blue(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url, "backbone=mobilenet_v2&thaw=nothing")
    orange = page.locator(".strip rect.trainable")
    expect(orange).to_have_count(1)
    box, whole = orange.bounding_box(), page.locator(".strip svg").bounding_box()
    assert box is not None
    assert whole is not None
    assert box["x"] + box["width"] == pytest.approx(whole["x"] + whole["width"], abs=1)
    expect(page.locator(".strip text")).to_have_text(["head", HEAD_ONLY])
    # A click on it thaws nothing else.
    knob(page).press("Home")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(trainable(page)).to_have_text(HEAD_ONLY)
    expect(page.locator(".notice").get_by_text("1,281 of 2,259,265 parameters")).to_be_visible()
    confirmed(page)


@pytest.mark.thorough
def test_the_legend_has_the_statistics_only_while_they_are_on_the_strip(
    page: Page, app_url: str
) -> None:
    open_page(page, app_url, "backbone=mobilenet_v2&thaw=100")
    statistics = page.locator(".legend .statistics")
    expect(statistics).to_be_hidden()
    page.get_by_role("radio", name="Thawed").check()
    expect(statistics).to_be_visible()
    confirmed(page)


@pytest.mark.parametrize("size", [(1280, 720), (400, 800)])
@pytest.mark.thorough
def test_a_layer_set_in_the_table_keeps_the_count_in_sight(
    page: Page, app_url: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    number = open_page(page, app_url, "backbone=mobilenet_v2&thaw=nothing")
    page.get_by_role("checkbox", name="Conv_1 trainable").check()
    expect(number).to_have_text(f"{1_281 + 320 * 1280:,}")
    expect(number).to_be_in_viewport(ratio=1)


@pytest.mark.thorough
def test_a_click_on_a_cell_moves_the_cut_there(page: Page, app_url: str) -> None:
    number = open_page(page, app_url)
    page.get_by_role("radio", name="layers", exact=True).check(force=True)
    expect(page).to_have_url(re.compile(r"[?&]width=layers(&|$)"))
    page.reload()
    expect(page.get_by_role("radio", name="layers", exact=True)).to_be_checked()
    box = page.locator(".strip svg").bounding_box()
    assert box is not None
    edge = page.locator(".strip text").first.locator("xpath=preceding-sibling::*[1]").bounding_box()
    assert edge is not None
    layers = edge["x"] - 6 - box["x"]  # the head and the gap before it are no layers
    page.mouse.click(box["x"] + layers * 100.5 / 154, box["y"] + 20)
    expect(number).to_have_text(CUT_AT_100)
    expect(page.get_by_text("thaw from block_11_expand_relu (layer 100)")).to_be_visible()
    confirmed(page)
    expect(page).to_have_url(re.compile("thaw=block_11_expand_relu"))


def test_the_keyboard_moves_the_cut_by_layers_by_blocks_and_to_both_ends(
    page: Page, app_url: str
) -> None:
    number = open_page(page, app_url, "backbone=mobilenet_v2&bn=thawed&thaw=100")
    knob(page).press("ArrowRight")
    expect(page.get_by_text("thaw from block_11_depthwise (layer 101)")).to_be_visible()
    knob(page).press("PageUp")
    expect(page.get_by_text("thaw from block_12_expand (layer 107)")).to_be_visible()
    knob(page).press("PageDown")
    expect(page.get_by_text("thaw from block_11_expand (layer 98)")).to_be_visible()
    knob(page).press("Home")
    expect(number).to_have_text(EVERYTHING)
    knob(page).press("End")
    expect(number).to_have_text(HEAD_ONLY)
    confirmed(page)
    expect(page.get_by_role("radio", name="Head only")).to_be_checked()


@pytest.mark.thorough
def test_the_finding_says_what_thawing_did_to_the_count(page: Page, app_url: str) -> None:
    open_page(page, app_url, "backbone=efficientnet_lite0&thaw=block_11_expand_conv")
    expect(page.locator(".notice")).to_have_text(
        "Thawing 16 of 98 layers with parameters raises the trainable parameters from 1,281 to "
        "2,645,665. The total stays 3,414,305. BatchNormalization layers (blue) after the ball "
        "stay frozen."
    )
    expect(page.locator(".step")).to_contain_text("1.7 × as long as with the head only")
    expect(page.locator(".under").get_by_text("not to scale")).to_be_visible()
    knob(page).press("End")
    expect(page.locator(".notice")).to_contain_text("1,281 of 3,414,305 parameters")
    # With the head only there is nothing to compare it with.
    expect(page.locator(".step")).to_have_count(0)


@pytest.mark.thorough
def test_the_slider_says_where_it_is_and_what_that_leaves(page: Page, app_url: str) -> None:
    open_page(page, app_url, "backbone=mobilenet_v2&bn=thawed&thaw=100")
    expect(knob(page)).to_have_attribute("aria-valuenow", "100")
    expect(knob(page)).to_have_attribute("aria-valuetext", re.compile(CUT_AT_100))


def test_the_table_toggles_one_layer_and_one_block_and_undoes_both(
    page: Page, app_url: str
) -> None:
    number = open_page(page, app_url, "backbone=mobilenet_v2&thaw=nothing")
    page.get_by_role("checkbox", name="Conv_1 trainable").check()
    expect(number).to_have_text(f"{1_281 + 320 * 1280:,}")
    page.get_by_role("checkbox", name="block_16 trainable", exact=True).check()
    expect(number).not_to_have_text(f"{1_281 + 320 * 1280:,}")
    confirmed(page)
    expect(page).to_have_url(re.compile("hand="))
    page.get_by_role("button", name=re.compile("Undo .* set by hand")).click()
    expect(number).to_have_text(HEAD_ONLY)
    confirmed(page)
    expect(page).not_to_have_url(re.compile("hand="))


def test_quick_toggles_are_all_counted(page: Page, app_url: str) -> None:
    number = open_page(page, app_url, "backbone=mobilenet_v2&thaw=nothing")
    boxes = page.get_by_role("checkbox", name=re.compile(r"^block_1[0-3]_\w+ trainable"))
    for place in range(8):
        boxes.nth(place).check()
    chosen = [
        row for row in MOBILENET.layers if re.match("block_1[0-3]_", row.name) and row.weights
    ]
    added = sum(row.trainable_params for row in chosen[:8])
    expect(number).to_have_text(f"{1_281 + added:,}")
    confirmed(page)
    expect(number).to_have_text(f"{1_281 + added:,}")


@pytest.mark.thorough
def test_a_scattered_plan_survives_a_change_of_page_and_travels_in_the_link(
    page: Page, second_page: Page, app_url: str
) -> None:
    link = "backbone=mobilenet_v2&bn=thawed&thaw=100&hand=1-2_5_101"
    number = open_page(page, app_url, link).inner_text()
    page.get_by_role("link", name="Training lab").click()
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    page.get_by_role("link", name="Model summary").click()
    expect(trainable(page)).to_have_text(number)
    confirmed(page)
    second_page.goto(page.url)
    expect(trainable(second_page)).to_have_text(number)


@pytest.mark.thorough
def test_the_back_button_undoes_a_gesture(page: Page, app_url: str) -> None:
    number = open_page(page, app_url)
    before = number.inner_text()
    knob(page).press("End")
    confirmed(page)
    expect(page).to_have_url(re.compile("thaw=nothing"))
    page.go_back()
    expect(number).to_have_text(before)


@pytest.mark.thorough
def test_a_cut_inside_a_residual_block_offers_the_boundaries(page: Page, app_url: str) -> None:
    number = open_page(page, app_url, "backbone=mobilenet_v2&bn=thawed&thaw=100")
    expect(page.get_by_text("The cut falls inside block_11")).to_be_visible()
    page.get_by_role("button", name="Thaw from block_11_expand (98)").click()
    expect(page.get_by_text("The cut falls inside")).to_have_count(0)
    expect(number).not_to_have_text(CUT_AT_100)
    confirmed(page)


@pytest.mark.thorough
def test_search_and_filter_narrow_the_table_and_change_no_number(page: Page, app_url: str) -> None:
    number = open_page(page, app_url)
    before = number.inner_text()
    page.get_by_role("searchbox", name="Search layers").fill("block_16")
    expect(page.get_by_text("8 of 154 layers")).to_be_visible()
    page.get_by_role("combobox", name="Show").select_option("BatchNormalization")
    expect(page.get_by_text("3 of 154 layers")).to_be_visible()
    page.get_by_role("searchbox", name="Search layers").fill("no such layer")
    expect(page.get_by_text("0 of 154 layers")).to_be_visible()
    expect(number).to_have_text(before)


# tests/js compares the numbers of every backbone at every kind of cut.
@pytest.mark.parametrize("backbone", ["densenet121", "vgg16"])
@pytest.mark.thorough
def test_the_deepest_and_the_plainest_backbone_show_their_whole_self(
    page: Page, app_url: str, backbone: str
) -> None:
    open_page(page, app_url, f"backbone={backbone}&thaw=nothing")
    layers = backbones.load_layer_table(backbone)
    own = sum(1 for row in layers if row.params)
    words = f"{len(layers)} layers, {own} with parameters"
    expect(page.get_by_text(words, exact=True)).to_be_visible()
    total = freezing.count_params(layers, freezing.FreezePlan.none()).total
    head = layer_strip.payload(PlanState.default(backbone), 0)["head"]["params"]
    expect(page.locator(".summary code").first).to_contain_text(f"Total params: {total + head:,}")


@pytest.mark.parametrize("scheme", thorough_beyond(["http"], ["https", "http"]))
def test_the_line_is_copied_over_https_and_over_plain_http(
    page: Page, app_url: str, scheme: str
) -> None:
    if scheme == "http":
        clipboard.over_plain_http(page)
    open_page(page, app_url)
    page.get_by_text("What do memory and other tools say?").click()
    line = page.locator(".line code").inner_text()
    page.locator(".line").get_by_role("button", name="Copy").click()
    expect(page.locator(".line").get_by_role("button", name="Copied")).to_be_focused()
    assert clipboard.pasted(page) == line


@pytest.mark.thorough
def test_nonsense_in_a_link_opens_the_page_and_says_so(page: Page, app_url: str) -> None:
    open_page(page, app_url, "backbone=vgg16&size=3&thaw=conv99")
    expect(page.get_by_text("VGG16 takes 32 to 512 pixels here")).to_be_visible()
    expect(page.get_by_text("VGG16 has no layer conv99")).to_be_visible()


@pytest.mark.thorough
def test_a_narrow_window_shows_the_number_and_the_toggles_without_scrolling_sideways(
    page: Page, app_url: str
) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    open_page(page, app_url, "backbone=mobilenet_v2&thaw=nothing")
    expect(trainable(page)).to_be_visible()
    page.get_by_role("checkbox", name="Conv_1 trainable").check()
    expect(trainable(page)).not_to_have_text(HEAD_ONLY)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".rows").evaluate("rows => rows.scrollWidth <= rows.clientWidth")
