"""A lesson as a TOML file, which `schema.read` reads again."""

import json
from collections.abc import Iterable
from dataclasses import fields

from lib.core.lessons.schema import Lesson, Step


def to_toml(lesson: Lesson) -> str:
    """Write a lesson as a file; fields of a step that are empty are left out.

    Args:
        lesson: Its id is the name of the file, so it is not in the text.

    Example:

    >>> print(to_toml(Lesson("mine", "A", 5, "B.", "C.", (Step("data", "Look."),))))
    title = "A"
    minutes = 5
    needs = "B."
    about = "C."
    <BLANKLINE>
    [[step]]
    page = "data"
    say = "Look."
    <BLANKLINE>
    """
    top = tuple((name, getattr(lesson, name)) for name in ("title", "minutes", "needs", "about"))
    tables = ["\n".join(_lines(top))]
    for step in lesson.steps:
        pairs = ((field.name, getattr(step, field.name)) for field in fields(Step))
        tables.append("\n".join(("[[step]]", *_lines((n, v) for n, v in pairs if v))))
    return "\n\n".join(tables) + "\n"


def _lines(pairs: Iterable[tuple[str, object]]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in pairs]


def _value(value: object) -> str:
    """Write a value: a text of JSON is one of TOML, too, and so is a list of them."""
    listed = list(value) if isinstance(value, tuple) else value
    return json.dumps(listed, ensure_ascii=False)
