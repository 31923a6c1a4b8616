"""The handout of each lesson, printed: one page."""

import re

from playwright.sync_api import Page

from lib.code import handout
from lib.ui.lessons import registry

# An object of the file that is a page, not the list of pages.
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def test_every_handout_prints_on_one_page(page: Page) -> None:
    for lesson in registry.shipped().values():
        page.set_content(
            handout.html(lesson, f"http://192.168.0.17:8501/?lesson={lesson.id}&step=1")
        )
        printed = page.pdf(prefer_css_page_size=True)
        assert len(PAGE.findall(printed)) == 1, lesson.id
