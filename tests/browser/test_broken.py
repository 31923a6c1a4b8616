"""Broken on purpose in a browser: a round by keyboard, from the first case to the score."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.core.broken.cases import CASES
from lib.ui.broken import play
from tests.browser import lab
from tests.browser.readable import expect_nothing_serious, expect_to_fit_a_telephone


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=3).first


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on by Tab until something has the focus; it must come within a few stops."""
    for _ in range(24):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each.getRootNode().activeElement === each"):
            return
    raise AssertionError(f"{wanted} is not within 24 stops")


@pytest.mark.thorough
def test_a_round_is_played_by_keyboard_from_the_first_case_to_the_score(
    page: Page, second_page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/broken?round=2")
    cases = play.new(2).cases
    expect(heading(page)).to_have_text("Case 1 of 5")
    heading(page).evaluate("each => { each.tabIndex = -1; each.focus() }")
    for place, case in enumerate(cases, start=1):
        # The way of the keyboard: the evidence, the answers, the button that names one.
        expect(heading(page)).to_have_text(f"Case {place} of 5")
        expect(heading(page)).to_be_focused()
        # What is drawn anew loses the focus.
        lab.settle(page)
        evidence = page.get_by_role("button", name="Training images, evaluated")
        tab_to(page, evidence)
        if place == 1:
            page.keyboard.press("Enter")
            asked = page.get_by_role("heading", name="Training images, evaluated", level=4)
            expect(asked).to_be_focused()
            expect(asked).to_be_in_viewport()
            expect(page.get_by_text("A right answer gives 9 points")).to_be_visible()
            evidence.focus()
        offered = play.offered(case)
        tab_to(page, page.get_by_role("radio", name=play.ANSWERS[offered[0]], exact=True))
        for _ in range(offered.index(play.right(case))):
            page.keyboard.press("ArrowDown")
        if play.right(case) == offered[0]:
            page.keyboard.press("Space")
        expect(page.get_by_role("radio", name=play.ANSWERS[play.right(case)])).to_be_checked()
        name = page.get_by_role("button", name="Submit")
        expect(name).to_be_enabled()
        tab_to(page, name)
        page.keyboard.press("Enter")
        expect(heading(page)).to_have_text(f"Right: +{9 if place == 1 else 10} points")
        expect(heading(page)).to_be_focused()
        expect(page.get_by_text(CASES[case].look)).to_be_visible()
        following = "See the score" if place == 5 else "Next case"
        tab_to(page, page.get_by_role("button", name=following))
        page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("49 of 50 points")
    expect(heading(page)).to_be_focused()
    expect(page).to_have_url(re.compile("round=2"))
    second_page.goto(page.url)
    expect(heading(second_page)).to_have_text("49 of 50 points")
    second_page.get_by_role("button", name="In the catalogue").first.press("Enter")
    expect(heading(second_page)).to_have_text(CASES[cases[0]].title)
    expect(second_page).to_have_url(re.compile(f"case={cases[0]}"))
    expect(heading(second_page)).to_be_focused()


@pytest.mark.thorough
def test_everybody_can_read_a_case_its_reveal_and_the_catalogue(page: Page, app_url: str) -> None:
    fault = next(id_ for id_ in play.new(1).cases if CASES[id_].fault)
    for link in ("?round=1&played=tcwimnobs", f"?case={fault}", "?show=catalogue"):
        page.set_viewport_size({"width": 1280, "height": 720})
        page.goto(f"{app_url}/broken{link}")
        expect(heading(page)).to_be_visible()
        lab.settle(page)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect_nothing_serious(page)
        expect_to_fit_a_telephone(page)
