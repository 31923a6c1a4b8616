"""The page Trainable in a browser: by keyboard, with a worker, and by its link."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import lab


def glass(page: Page) -> Locator:
    return page.get_by_role("region", name="A layer and its lists of weights")


def expect_lists(page: Page, *lengths: int) -> None:
    """How long the lists are, and that the server has counted the same."""
    expect(glass(page).locator(".size-of strong")).to_have_text([str(each) for each in lengths])
    expect(glass(page)).not_to_have_attribute("data-pending", "")
    expect(glass(page)).not_to_have_attribute("data-disagrees", re.compile("."))


def row(page: Page, place: int) -> Locator:
    return page.locator(f"tr[data-place='{place}']")


def test_the_switch_moves_the_weights_by_keyboard_on_the_first_screen(
    page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/trainable")
    switch = page.get_by_role("switch", name="layer.trainable")
    expect(switch).not_to_be_checked()
    expect_lists(page, 2, 0, 2)
    expect(glass(page).get_by_text("the 2 arrays of weights are still there")).to_be_visible()
    for shown in (switch, glass(page).locator(".lists")):
        expect(shown).to_be_in_viewport(ratio=1)
    switch.press("Space")
    expect_lists(page, 2, 2, 0)
    expect(page).not_to_have_url(re.compile("trainable=off"))
    switch.press("Space")
    expect_lists(page, 2, 0, 2)
    glass(page).get_by_text("Which code prints these lists?").press("Enter")
    expect(glass(page).get_by_text("layer.trainable = False")).to_be_visible()
    expect(page).to_have_url(re.compile("trainable=off"))
    kind = page.get_by_label("Layer", exact=True)
    kind.focus()
    for _ in range(4):
        kind.press("ArrowDown")
    expect(kind).to_have_value("batch_norm")
    expect(kind).to_be_focused()
    expect_lists(page, 4, 0, 4)
    switch.press("Enter")
    expect_lists(page, 4, 2, 2)
    page.get_by_role("spinbutton", name="Features").fill("7")
    expect(glass(page).get_by_text("features = 7").first).to_be_visible()
    expect_lists(page, 4, 2, 2)
    expect(page).to_have_url(re.compile("sizes=7"))


def test_a_row_and_a_trap_are_predicted_uncovered_run_here_and_restored_by_the_link(
    page: Page, second_page: Page, app_url: str
) -> None:
    expect.set_options(timeout=lab.RUN_LIMIT_MS)
    page.goto(f"{app_url}/trainable")
    page.get_by_role("radio", name="BatchNormalization", exact=True).check(force=True)
    covered = row(page, 19)
    expect(covered.get_by_text("gamma, beta and both statistics")).to_be_hidden()
    covered.get_by_label("Your prediction").select_option("gamma and beta")
    expect(page).to_have_url(re.compile(r"cells=\.+b"))
    covered.get_by_role("button", name="Uncover").press("Enter")
    expect(row(page, 19).get_by_text("You predicted: gamma and beta")).to_be_visible()
    expect(row(page, 19).get_by_text("gamma, beta and both statistics")).to_be_visible()
    row(page, 19).get_by_role("button", name="Run it here").press("Enter")
    expect(
        row(page, 19).get_by_text(re.compile("^Run here with Keras .*: the same"))
    ).to_be_visible()

    page.get_by_text("All of them", exact=True).click()
    page.get_by_test_id("stButton").get_by_role("button", name="Run it here").press("Enter")
    expect(page.get_by_text("the same arrays moved, equally far")).to_be_visible()
    expect(page.get_by_role("heading", name="The cure, recorded with Keras")).to_be_visible()

    expect(page).to_have_url(re.compile("answers=1"))
    second_page.goto(page.url)
    expect(row(second_page, 19).get_by_text("You predicted: gamma and beta")).to_be_visible()
    expect(second_page.get_by_role("heading", name="The cure, recorded with Keras")).to_be_visible()
    expect(row(second_page, 20).get_by_role("button", name="Uncover")).to_be_visible()


@pytest.mark.thorough
def test_the_sum_of_a_residual_block_is_read_by_keyboard(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/trainable")
    cell = page.get_by_role("group", name="What the block adds").get_by_role("button", pressed=True)
    expect(page.get_by_text("Row 3, column 3 of channel 46")).to_be_visible()
    cell.press("ArrowRight")
    expect(page.get_by_text("Row 3, column 4 of channel 46")).to_be_visible()
    page.get_by_role("radio", name="Thaw from block_6_expand_conv").check()
    expect(page.get_by_text("One tensor crosses the cut: block_5_project_bn.")).to_be_visible()
