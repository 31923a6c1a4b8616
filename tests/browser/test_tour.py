"""The tour from Home to its last step by keyboard alone, and a step on a projector."""

import re

import pytest
from playwright.sync_api import Page, expect

from lib.core.lessons.schema import Lesson, Step
from lib.ui import pages
from lib.ui.lessons import registry
from tests.browser import lab, lit, readable

TOUR = registry.shipped()["tour"]
# Streamlit scrolls a box of its own.
FITS = """
() => {
  const main = document.querySelector("[data-testid=stMain]")
  return main.scrollHeight <= main.clientHeight
}
"""


def bar(page: Page, lesson: Lesson, number: int) -> None:
    """Wait until the bar and the page are at a step."""
    step = lesson.steps[number - 1]
    title = pages.PAGES[step.page].title
    expect(page.locator(".guide .where")).to_have_text(
        f"{number} of {len(lesson.steps)}, {lesson.title}"
    )
    expect(page.locator(".guide .say")).to_have_text(step.say)
    # In lecture mode the heading is there and hidden.
    expect(page.get_by_role("heading", name=title, level=1, include_hidden=True)).to_be_attached()
    lab.settle(page)


def in_state(page: Page, step: Step) -> None:
    """Wait until the address says of a step's parameters what the step says, or leaves them out.

    What holds without being said is left out; tests/pages/test_guide.py looks at each of those.
    """
    for name, value in step.parameters.items():
        said = re.escape(value).replace(",", "(,|%2C)")
        expect(page).to_have_url(re.compile(rf"^(?!.*[?&]{name}=(?!{said}(&|$)))"))


def play(page: Page, url: str) -> None:
    """Go from Home to the last step with the keyboard, and answer the questions on the way."""
    page.goto(url)
    door = page.get_by_role("link", name="Learn it step by step")
    expect(door).to_be_visible()
    door.focus()
    page.keyboard.press("Enter")
    for number, step in enumerate(TOUR.steps, start=1):
        bar(page, TOUR, number)
        if number == 2:
            # It speaks of the head, which the line below the strip names, and of what is trained.
            for named in (".count", ".strip", ".under"):
                expect(page.locator(f".teach {named}")).to_have_css("opacity", "1")
        in_state(page, step)
        lit.wait_until_in_sight(page, step)
        if step.question:
            assert not lit.texts(page, step)
            wrong = 1 if step.right != 1 else 2
            page.keyboard.press(str(wrong))
            answers = page.locator(".guide .answers button")
            expect(answers.nth(wrong - 1)).to_contain_text("your answer")
            expect(answers.nth(step.right - 1)).to_contain_text("right")
            expect(page.locator(".guide .after")).to_have_text(step.after)
        if number < len(TOUR.steps):
            page.keyboard.press(("ArrowRight", "PageDown")[number % 2])


def test_the_tour_is_played_by_keyboard_alone(page: Page, app_url: str) -> None:
    play(page, app_url)
    # Back, and the answer still stands beside the truth.
    page.keyboard.press("PageUp")
    bar(page, TOUR, len(TOUR.steps) - 1)
    page.keyboard.press("PageDown")
    bar(page, TOUR, len(TOUR.steps))
    expect(page.locator(".guide .answers .yours")).to_have_count(int(bool(TOUR.steps[-1].question)))
    # What is looked at is lit, the rest steps back, and nothing of it is lost.
    expect(page.locator(".st-key-predict_after")).to_have_css("opacity", "1")
    expect(page.locator(".st-key-predict_picker")).to_be_visible()
    readable.expect_to_fit_a_telephone(page)
    # The last step leads to the list of lessons.
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Lessons", level=1)).to_be_visible()
    expect(page.locator(".guide")).to_be_hidden()
    # It says what is finished, leads on, and keeps in this browser what it marks.
    expect(page.get_by_text("You have finished: Transfer learning in ten minutes.")).to_be_visible()
    expect(page.get_by_role("link", name="Next: Freeze and count")).to_be_visible()
    expect(page.locator(".st-key-lesson_done_tour")).to_be_visible()
    expect(page.locator(".st-key-lesson_done_freeze_and_count")).to_be_hidden()
    # The lesson to begin with looks unlike the others.
    grounds = page.get_by_test_id("stMain").get_by_role("link", name="Begin")
    expect(grounds.first).to_have_css("background-color", "rgb(22, 32, 44)")
    expect(grounds.nth(1)).not_to_have_css("background-color", "rgb(22, 32, 44)")


@pytest.mark.thorough
def test_the_tour_is_played_on_a_telephone(page: Page, app_url: str) -> None:
    page.set_viewport_size(readable.NARROW)
    play(page, app_url)


@pytest.mark.thorough
def test_a_question_covers_its_picture_and_the_reader_comes_back_to_the_step(
    page: Page, app_url: str
) -> None:
    number, step = next((at, each) for at, each in enumerate(TOUR.steps, 1) if each.question)
    assert step.page == "model_summary"
    page.goto(f"{app_url}/model_summary?lesson=tour&step={number}&{step.state}")
    bar(page, TOUR, number)
    count = page.locator(".meters .now strong").first
    expect(count).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(count).to_be_visible()
    expect(count).to_have_text("1,281")
    bar(page, TOUR, number)
    # An arrow belongs to the slider that has the focus, and Page Up goes back even from there.
    knob = page.get_by_role("slider", name="First thawed layer")
    knob.focus()
    # The last layers are an activation, which has no parameters, and a frozen BatchNormalization.
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(count).not_to_have_text("1,281")
    expect(page).not_to_have_url(re.compile("thaw=nothing"))
    # What the server says of the last of these steps is in the address, too.
    expect(page.locator(".instrument:not([data-pending])")).to_be_attached()
    bar(page, TOUR, number)
    page.keyboard.press("s")
    expect(count).to_have_text("1,281")
    expect(page).to_have_url(re.compile("thaw=nothing"))
    knob.focus()
    page.keyboard.press("PageUp")
    bar(page, TOUR, number - 1)


def test_a_lecture_shows_a_step_alone_and_its_notes_follow_in_a_second_window(
    page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/?lesson=tour&step=2&present=1")
    bar(page, TOUR, 2)
    expect(page.locator(".st-key-teach_board")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.locator(".st-key-doors")).to_be_hidden()
    expect(page.locator(".teach .strip")).to_have_css("opacity", "1")
    expect(page.locator(".teach .lesson")).not_to_have_css("opacity", "1")
    page.wait_for_function(FITS)
    page.keyboard.press("h")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    expect(page.locator(".st-key-doors")).to_be_visible()
    page.keyboard.press("h")
    expect(page.locator(".st-key-doors")).to_be_hidden()
    with page.expect_popup() as opening:
        page.keyboard.press("n")
    notes = opening.value
    words = notes.locator(".guide .words")
    expect(words).to_contain_text(TOUR.steps[1].notes.split("\n")[0])
    page.keyboard.press("ArrowRight")
    bar(page, TOUR, 3)
    expect(words).to_contain_text(TOUR.steps[2].notes.split("\n")[0])
    # A presenter may have the second window in focus.
    notes.keyboard.press("PageUp")
    bar(page, TOUR, 2)
    expect(words).to_contain_text(TOUR.steps[1].notes.split("\n")[0])
    notes.close()


@pytest.mark.thorough
def test_a_panel_makes_a_link_that_hides_parts_also_inside_of_a_component(
    page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/model_summary?backbone=vgg16")
    expect(page.locator(".meters .now strong").first).to_be_visible()
    lab.settle(page)
    panel = page.get_by_role("button", name="Link for a lecture")
    link = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    for name in ("table", "strategy"):
        lab.choose(page, "Parts to hide", name, panel)
        expect(link).to_contain_text(name)
        # A panel that a reader, or a rerun, closes in between keeps what was chosen. The first key
        # closes the list.
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()
        lab.settle(page)
    lab.open_panel(panel, link)
    expect(link).to_have_text(f"{app_url}/model_summary?backbone=vgg16&hide=table,strategy")
    page.goto(link.inner_text().strip())
    expect(page.locator(".meters .now strong").first).to_be_visible()
    expect(page.locator(".instrument .table")).to_be_hidden()
    expect(page.locator(".st-key-strategy")).to_be_hidden()
    expect(page.locator(".st-key-backbone")).to_be_visible()
    expect(page.locator(".guide")).to_be_hidden()
