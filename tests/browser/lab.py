"""What a reader does in the training lab, in words."""

import re
from contextlib import suppress

from playwright.sync_api import Locator, Page, TimeoutError, expect

# A first run starts the engine, imports TensorFlow, draws the images and traces two phases.
RUN_LIMIT_MS = 240_000
# A list that shows no option by then was closed by a rerun. A click on one that is only slow closes
# it, and the next click opens it again.
CLOSED_MS, TRIES = 8_000, 15
SCROLLED = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
"""
SETTLED = "[data-testid='stApp'][data-test-script-state='notRunning']"
# The lab starts with the recommended settings; these runs are quick, or long, epoch by epoch.
BY_EPOCHS = {
    "Image size, pixels": "96",
    "Head is trained": "Epoch by epoch",
    "Early stopping, epochs": "0",
}
FEW = {"Training images": "20"} | BY_EPOCHS | {"Head epochs": "3", "Fine-tuning epochs": "2"}
# Long enough for every test, should nobody end it: a third of an hour.
MANY = {"Training images": "160"} | BY_EPOCHS | {"Head epochs": "2", "Fine-tuning epochs": "198"}
# The settings of FEW as the link of the lab has them.
FEW_LINK = "num_images=20&image_size=96&early_stopping=0"
FEW_LINK += "&head_solver=steps&head_epochs=3&fine_tune_epochs=2"
FURTHER = ("Early stopping, epochs",)


def open_lab(page: Page, url: str, run: str = "") -> None:
    """Open the training lab, at a run where one is given."""
    page.goto(f"{url}/training_lab" + (f"?run={run}" if run else ""))
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    settle(page)


def open_few(page: Page, url: str, seed: str) -> str:
    """Open the lab by the link of a quick run and fill in a seed; returns the link of all of it.

    What is filled in by hand is drawn, and prepared by the engine, setting by setting.
    """
    page.goto(f"{url}/training_lab?{FEW_LINK}")
    expect(page.get_by_role("heading", name="Training lab", level=1)).to_be_visible()
    set_up(page, Seed=seed)
    for setting in (f"seed={seed}", *FEW_LINK.split("&")):
        expect(page).to_have_url(re.compile(rf"[?&]{setting}(&|$)"))
    return page.url


def settle(page: Page) -> None:
    """Wait until the server has nothing more to draw."""
    page.locator(SETTLED).wait_for()


def set_up(page: Page, **settings: str) -> None:
    """Fill in settings behind "More settings", by their labels; the panel is closed again."""
    open_panel(
        page.get_by_role("button", name="More settings"), page.get_by_role("tab", name="Usual")
    )
    for label, value in settings.items():
        page.get_by_role("tab", name="Further" if label in FURTHER else "Usual").click()
        chosen = page.get_by_role("combobox", name=label)
        if chosen.count():
            if chosen.input_value() != value:
                choose(page, label, value)
            expect(chosen).to_have_value(value)
            continue
        field = page.get_by_role("spinbutton", name=label)
        # A setting that nobody has touched follows others, and may do so while this one is typed.
        while field.input_value() != value:
            field.fill(value)
            field.press("Enter")
            settle(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("spinbutton", name=next(iter(settings)))).to_be_hidden()


def open_panel(button: Locator, inside: Locator) -> None:
    """Open a panel; a rerun may close it once more before anything is done inside."""
    for _ in range(TRIES):
        button.click()
        with suppress(TimeoutError):
            inside.wait_for(timeout=CLOSED_MS)
            return
    raise AssertionError("The panel does not stay open")


def choose(page: Page, label: str, option: str, panel: Locator | None = None) -> None:
    """Choose from a list, where given in the panel that a button opens."""
    # A rerun closes a list that is open, or its panel, and so does a page that scrolls to it.
    settle(page)
    field, wanted = (
        page.get_by_role("combobox", name=label),
        page.get_by_role("option", name=option, exact=True),
    )
    for _ in range(TRIES):
        if panel and field.is_hidden():
            open_panel(panel, field)
        with suppress(TimeoutError):
            field.scroll_into_view_if_needed(timeout=CLOSED_MS)
            page.evaluate(SCROLLED)
            field.click(timeout=CLOSED_MS)
            if panel:
                # A list that scrolls below the pointer turns a click into one beside it, which
                # closes a panel.
                field.fill(option)
            wanted.click(timeout=CLOSED_MS)
            break
    else:
        raise AssertionError(f"{label} offers no {option}")
    settle(page)


def start(page: Page) -> str:
    """Start the run and wait for its link; returns the run's id."""
    before = page.url
    start_button(page).click()
    page.wait_for_url(lambda url: "run=" in url and url != before)
    # Until then the page still has the example, which is a finished run; a slow browser draws the
    # run some time after it has the link.
    settle(page)
    expect(page.get_by_role("heading", name=re.compile("^Example "))).to_have_count(0)
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
