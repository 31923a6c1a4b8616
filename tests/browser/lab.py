"""What a reader does in the training lab, in words."""

import re

from playwright.sync_api import Locator, Page, expect

# A first run starts the engine, imports TensorFlow, draws the images and traces two phases.
RUN_LIMIT_MS = 240_000
SETTLED = "[data-testid='stApp'][data-test-script-state='notRunning']"
FEW = {"Training images": "20", "Head epochs": "3", "Fine-tuning epochs": "2"}
# Long enough for every test, should nobody end it: a third of an hour.
MANY = {"Training images": "160", "Head epochs": "2", "Fine-tuning epochs": "198"}


def open_lab(page: Page, url: str, run: str = "") -> None:
    """Open the training lab, at a run where one is given."""
    page.goto(f"{url}/training_lab" + (f"?run={run}" if run else ""))
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the server has nothing more to draw."""
    page.locator(SETTLED).wait_for()


def set_up(page: Page, **settings: str) -> None:
    """Fill in settings behind "More settings", by their labels; the panel is closed again."""
    panel = page.get_by_role("button", name="More settings")
    panel.click()
    for label, value in settings.items():
        field = page.get_by_role("spinbutton", name=label)
        if field.input_value() != value:
            field.fill(value)
            field.press("Enter")
            settle(page)
        expect(field).to_have_value(value)
    page.keyboard.press("Escape")
    expect(page.get_by_role("spinbutton", name=next(iter(settings)))).to_be_hidden()


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def start(page: Page) -> str:
    """Start the run and wait for its link; returns the run's id."""
    before = page.url
    start_button(page).click()
    page.wait_for_url(lambda url: "run=" in url and url != before)
    return run_id(page)


def start_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Start run")


def main_button(page: Page) -> Locator:
    """Starts the run that the controls describe, or opens it where it is stored."""
    return page.get_by_role(
        "button", name=re.compile("Start run|Open stored run|Run with the next seed")
    )


def cancel_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Cancel run")


def run_id(page: Page) -> str:
    found = re.search(r"run=([0-9a-f]{16})", page.url)
    assert found, f"No run in {page.url}"
    return found[1]


def progress(page: Page) -> Locator:
    """The bar of a run that goes on; its words are beside it."""
    return page.get_by_test_id("stProgress")


def expect_epochs(page: Page) -> None:
    """Wait until epochs end one after the other."""
    expect(progress(page)).to_contain_text(re.compile(r"Epoch \d+ of \d+"), timeout=RUN_LIMIT_MS)
    # The first one has ended once the curves have a point.
    ended = page.get_by_role("figure", name="Learning curves over")
    expect(ended).to_be_visible(timeout=RUN_LIMIT_MS)


def curves(page: Page) -> Locator:
    return page.get_by_role("figure", name="Learning curves")


def expect_finished(page: Page) -> None:
    expect(page.get_by_text("Test accuracy", exact=True)).to_be_visible(timeout=RUN_LIMIT_MS)
    expect(progress(page)).to_have_count(0)
