"""A lecturer's own lesson: made on two pages, kept by the browser and by a file, and played."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from lib.core.lessons import schema
from lib.ui.lessons import own, registry
from tests.browser import lab

AGAIN = "Only the <b>last</b> is trained."
SAID = "Only the <b>head</b> is trained."


def add(page: Page, *, said: str, question: str = "", answers: str = "", right: int = 1) -> None:
    """Add the page on screen as a step."""
    # What the panel says of a press is gone with the next rerun.
    lab.settle(page)
    panel = page.get_by_test_id("stSidebar")
    panel.get_by_text("Your lesson:").click()
    panel.get_by_label("What is said").fill(said)
    panel.get_by_label("Question").fill(question)
    panel.get_by_label("Answers, one on each line").fill(answers)
    panel.get_by_label("The right one").fill(str(right))
    panel.get_by_role("button", name="Add this as a step").click()
    lab.settle(page)


def test_two_steps_are_made_saved_reloaded_and_played(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    panel = page.get_by_test_id("stSidebar")
    page.goto(f"{app_url}/lessons")
    lab.settle(page)
    # Nothing of it is on any page until somebody begins.
    expect(panel.get_by_text("Your lesson:")).to_have_count(0)
    page.get_by_role("button", name="Begin a lesson").click()
    expect(page.get_by_text("It has no step yet.")).to_be_visible()

    # A page as it is set, through the navigation, so that the session goes on.
    panel.get_by_role("link", name="Global average pooling").click()
    page.get_by_role("button", name="Shifted pattern").click()
    expect(page).to_have_url(re.compile("board=shifted"))
    add(page, said=" ")
    expect(panel.get_by_text("A step needs a sentence")).to_be_visible()
    panel.get_by_label("What is said").fill(SAID)
    panel.get_by_role("button", name="Add this as a step").click()
    expect(panel.get_by_text("Your lesson: 1 step")).to_be_visible()
    panel.get_by_role("link", name="Predict").click()
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible()
    lab.settle(page)
    add(page, said="And now?", question="Which?", answers="This one\nThat one", right=2)
    expect(panel.get_by_text("Your lesson: 2 steps")).to_be_visible()

    # The first step again: its words are changed, and what its page shows.
    panel.get_by_role("link", name="Lessons").click()
    # What is said of the lesson as a whole is still there.
    expect(page.get_by_label("Title")).to_have_value("My lesson")
    expect(page.get_by_label("Minutes")).to_have_value("10")
    page.get_by_role("button", name="Change").first.click()
    expect(page).to_have_url(re.compile("global_average_pooling.*board=shifted"))
    said = panel.get_by_label("What is said")
    expect(said).to_have_value(SAID)
    page.get_by_role("button", name="All equal").click()
    expect(page).to_have_url(re.compile("board=equal"))
    lab.settle(page)
    said.fill(AGAIN)
    panel.get_by_role("button", name="Keep the change").click()
    expect(panel.get_by_text("Your lesson: 2 steps")).to_be_visible()

    # The file, as the parser of all lessons reads it.
    panel.get_by_role("link", name="Lessons").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a file").click()
    file = tmp_path / own.FILE
    saved.value.save_as(file)
    lesson = schema.read(file.read_text("utf-8"), own.FILE, registry.words())
    first, second = lesson.steps
    assert (first.page, first.state, first.say) == (
        "global_average_pooling",
        "board=equal",
        AGAIN,
    )
    assert (second.page, second.answers, second.right) == ("predict", ("This one", "That one"), 2)

    # A new session of this browser has it from the browser, and plays it with text as text.
    page.reload()
    # The browser tells the server of it after the page has been drawn.
    expect(page.get_by_role("button", name="Delete the lesson")).to_be_visible()
    lab.settle(page)
    page.get_by_test_id("stMain").get_by_role("link", name="Begin").last.click()
    bar = page.locator("section.guide")
    expect(bar.locator(".say")).to_have_text(AGAIN)
    expect(page).to_have_url(re.compile("lesson=own.*board=equal"))
    expect(bar.locator(".say b")).to_have_count(0)
    page.keyboard.press("PageDown")
    expect(bar.locator(".question")).to_have_text("Which?")
    bar.get_by_role("button", name="That one").click()
    expect(bar.locator(".right")).to_have_text(re.compile("That one.*right"))
    # Also where a link to a step is opened anew.
    page.reload()
    expect(bar.locator(".say")).to_have_text("And now?")

    # Deleted, the browser has it no more; the file brings it back.
    page.goto(f"{app_url}/lessons")
    page.get_by_role("button", name="Delete the lesson").click()
    expect(page.get_by_role("button", name="Begin a lesson")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Begin a lesson")).to_be_visible()
    broken = tmp_path / "broken.toml"
    broken.write_text(file.read_text("utf-8").replace('"predict"', '"cats"'), "utf-8")
    upload = page.locator("input[type=file]")
    upload.set_input_files(broken)
    expect(page.get_by_text("there is no page")).to_be_visible()
    upload.set_input_files(file)
    expect(page.get_by_role("button", name="Save as a file")).to_be_visible()
