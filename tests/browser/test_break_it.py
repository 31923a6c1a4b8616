"""Break it on purpose: a fault is trained by the engine, beside the same run without it."""

import re

import pytest
from playwright.sync_api import Page, expect

from lib.core.broken.faults import FAULTS
from tests.browser import lab

FAULT = FAULTS["labels_shuffled"]


@pytest.mark.thorough
def test_a_fault_is_trained_and_compared_with_the_same_run_without_it(
    page: Page, app_url: str
) -> None:
    lab.open_lab(page, app_url)
    # The two links stand there until both runs have ended: long enough to be seen.
    lab.set_up(page, **lab.FEW | {"Fine-tuning epochs": "40"}, Seed="31")
    page.get_by_text("Break it on purpose", exact=True).click()
    lab.choose(page, "Fault", FAULT.name)
    train = page.get_by_role("button", name="Train it broken and mended")
    train.click()
    expect(
        page.get_by_role("button", name=re.compile("Watch the (broken|mended) run"))
    ).to_have_count(2)
    expect(train).to_have_count(0)
    both = page.get_by_role("link", name="Compare the two")
    expect(both).to_be_visible(timeout=lab.RUN_LIMIT_MS)
    # The button would train nothing more: both are stored.
    expect(train).to_have_count(0)
    both.click()
    expect(page).to_have_url(re.compile("learning_curves.*runs=[0-9a-f]{16}(,|%2C)[0-9a-f]{16}"))
    # Two runs, and the one with the fault says so.
    expect(page.get_by_text(re.compile("2 runs, with different settings: "))).to_be_visible()
    mark = re.compile(rf"^Broken on purpose \({FAULT.short}\)")
    expect(page.get_by_text(mark).first).to_be_visible()
