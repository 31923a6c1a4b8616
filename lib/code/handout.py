"""The handout of a lesson: one page to print, with room for the answers of who was there."""

from pathlib import Path

import jinja2

from lib.core.lessons.schema import Lesson

# A lecturer's own lesson comes from outside, so every text is escaped.
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(lesson: Lesson, link: str) -> str:
    """Return the handout as a page of its own, without scripts and without anything to load.

    It has what is said, the questions with a line for the reason, and the answers upside down.

    Args:
        lesson: The lesson.
        link: Address of its first step; empty if it is not known.

    Example:

    >>> from lib.core.lessons.schema import Step
    >>> "&lt;b&gt;" in html(Lesson("mine", "<b>", 5, "N.", "A.", (Step("data", "Look."),)), "")
    True
    """
    return _ENVIRONMENT.get_template("handout.html.j2").render(lesson=lesson, link=link)
