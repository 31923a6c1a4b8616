"""Every step of every lesson: in sight, silent before its answer, and readable on a projector."""

import pytest
from playwright.sync_api import Page, expect

from lib.core.lessons.schema import Lesson, Step
from lib.ui import pages
from lib.ui.lessons import registry
from tests.browser import lab, lit, readable

pytestmark = pytest.mark.thorough
LESSONS = [pytest.param(lesson, id=lesson.id) for lesson in registry.shipped().values()]
# As many words one after the other are no accident.
PIECE = 5


def open_step(page: Page, url: str, lesson: Lesson, number: int) -> Step:
    """Open the link of a step, and wait for what it looks at."""
    step = lesson.steps[number - 1]
    query = f"lesson={lesson.id}&step={number}&{step.state}"
    page.goto(f"{url}/{pages.PAGES[step.page].address}?{query}")
    expect(page.locator(".guide .say")).to_have_text(step.say)
    lab.settle(page)
    return step


def pieces(step: Step) -> set[str]:
    """The answer in pieces of some words, without what the bar asks and says before."""
    known = lit.plain(f"{step.say} {step.question} {' '.join(step.answers)}")
    words = lit.plain(step.after).split()
    found = (" ".join(words[at : at + PIECE]) for at in range(len(words) - PIECE + 1))
    return {each for each in found if each not in known}


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_step_shows_what_it_speaks_of_tells_no_answer_and_can_be_read_on_a_projector(
    page: Page, app_url: str, lesson: Lesson
) -> None:
    unreadable = {}
    for number in range(1, len(lesson.steps) + 1):
        step = open_step(page, app_url, lesson, number)
        lit.wait_until_in_sight(page, step)
        if step.question:
            assert not lit.texts(page, step), f"step {number}"
            read = lit.told(page)
            assert not [each for each in pieces(step) if each in read], f"step {number}"

        page.keyboard.press("l")
        expect(page.get_by_role("button", name="For one reader")).to_be_visible()
        lab.settle(page)
        if step.question:
            page.keyboard.press(str(step.right))
        lit.wait_until_in_sight(page, step)
        # What is looked at is fitted to the screen while the page grows.
        page.wait_for_function(readable.FRESH)
        unreadable[number] = lit.unreadable(page)
    assert not any(unreadable.values()), unreadable
