"""Rendering of the code templates, and safe insertion of values into them.

`{{ value }}` always writes a Python literal, so a class name that contains quotes stays a string.
A template cannot insert raw text: text in comments and names of modules pass filters that reject
everything else.
"""

import json
import re
from pathlib import Path
from typing import Any

import jinja2

from lib.core.errors import ConfigError

LINE_LENGTH = 92
# Shorter than a line, so that `name = [...]` fits on one line.
LIST_LENGTH = 78


class Code(str):
    """Trusted Python code that is inserted unchanged."""


def literal(value: object) -> str:
    """Write a value as Python code; long lists get several lines, tuples become call arguments.

    Raises:
        TypeError: If it is not a list, tuple, string, number, boolean or None.

    Example:

    >>> print(literal('a "b"'), literal(1e-05), literal(["a", 2]), literal(("a", None)))
    "a \\"b\\"" 1e-05 ["a", 2] "a", None
    """
    if isinstance(value, Code):
        return value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return ", ".join(map(literal, value))
    if isinstance(value, list):
        short = f"[{literal(tuple(value))}]"
        return short if len(short) <= LIST_LENGTH else f"[\n{_wrapped([*map(literal, value)])}\n]"
    if value is None or isinstance(value, int | float):
        return repr(value)
    # A missing template variable also arrives here; its text names the variable.
    raise TypeError(f"{value} cannot be written as Python.")


def _wrapped(items: list[str]) -> str:
    """Wrap items into lines without splitting an item."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= LINE_LENGTH:
            lines[-1] += f" {item},"
        else:
            lines.append(f"    {item},")
    return "\n".join(lines)


def words(value: str | float, allowed: str = r"[\w .,:()/'+-]*") -> Code:
    """Text that is safe in a comment or inside double quotes.

    Raises:
        ConfigError: If it contains anything other than letters, digits and simple punctuation.
    """
    text = value if isinstance(value, str) else f"{value:g}"
    if not re.fullmatch(allowed, text):
        raise ConfigError(f"{text!r} cannot stand in code.")
    return Code(text)


def name(value: str) -> Code:
    """A Python name, possibly dotted; anything else raises ConfigError, as in `words`."""
    return words(value, r"[A-Za-z_][\w.]*")


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=jinja2.StrictUndefined,
    finalize=literal,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {"words": words, "name": name}


def render(template: str, **values: Any) -> str:
    """Render a file of lib/code/templates with these values.

    Raises:
        ConfigError: If a value is not allowed in a comment or a name.
    """
    return _ENVIRONMENT.get_template(template).render(values)
