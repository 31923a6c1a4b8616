"""A room votes, on a projector and on a phone of two browsers that share nothing."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lib.tools.measure_vote import host_page
from tests.browser import readable

SCROLLS = (
    "panel => panel.scrollHeight > panel.clientHeight || panel.scrollWidth > panel.clientWidth"
)


def button(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).click()


def bar(page: Page, place: int) -> str:
    """Width of the bar of an answer, as the browser was told."""
    return str(page.locator(".vote-board .bar i").nth(place - 1).evaluate("bar => bar.style.width"))


@pytest.mark.thorough
def test_a_phone_answers_and_the_projector_shows_it_and_reveals_the_truth_to_both(
    new_context: Callable[..., BrowserContext], app_url: str
) -> None:
    projector = new_context().new_page()
    projector.goto("{}/{}?{}".format(app_url, *host_page()))
    button(projector, "Ask the room")
    panel = projector.locator(".st-key-vote_panel")
    code = panel.locator(".code").inner_text()
    # The server of the tests listens on this machine only.
    expect(panel).to_contain_text("streamlit run app.py --server.address 0.0.0.0")

    phone = new_context(color_scheme="dark").new_page()
    phone.set_viewport_size(readable.NARROW)
    phone.goto(f"{app_url}/vote")
    phone.get_by_label("Code on the projector").fill(code.lower())
    button(phone, "Enter")
    button(phone, re.compile("^A "))
    expect(phone.get_by_text("Your answer: A.")).to_be_visible()
    expect(panel).to_contain_text("1 answer. 1 browser is in the room.")
    button(phone, re.compile("^B "))
    expect(phone.get_by_text("Your answer: B.")).to_be_visible()
    expect(panel.locator(".count").nth(1)).to_have_text("1")
    assert (bar(projector, 1), bar(projector, 2)) == ("0%", "100%")
    # A phone that loads the page anew is the same participant, and so is its second tab.
    for tab in (phone, phone.context.new_page()):
        tab.goto(f"{app_url}/vote?room={code}")
        expect(tab.get_by_text("Your answer: B.")).to_be_visible()
    expect(panel).to_contain_text("1 answer. 1 browser is in the room.")
    # Neither shows the truth yet.
    for page in (projector, phone):
        expect(page.locator(".is-right")).to_have_count(0)
    assert not panel.evaluate(SCROLLS)
    readable.expect_nothing_serious(phone)
    readable.expect_to_fit_a_telephone(phone)

    # A presenter's remote has one key for what comes next.
    projector.keyboard.press("PageDown")
    for page in (projector, phone):
        expect(page.locator(".is-right")).to_have_count(1)
    expect(phone.locator(".own")).to_have_text("your answer")
    expect(phone.get_by_role("button", name=re.compile("^A "))).to_have_count(0)
    assert not panel.evaluate(SCROLLS)
    for page in (projector, phone):
        readable.expect_nothing_serious(page)
    readable.expect_to_fit_a_telephone(phone)

    projector.keyboard.press("PageDown")
    expect(panel).to_have_count(0)
    # What the room has seen, the step of the lesson does not hide any more.
    expect(projector.locator(".guide .answers .right")).to_be_visible()
    button(projector, "Show the vote")
    button(projector, "Close the room")
    expect(phone.get_by_text("The room is closed.")).to_be_visible()
    expect(projector.get_by_role("button", name="Ask the room")).to_be_visible()
