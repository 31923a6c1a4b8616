"""Templates that read as the Python they become, and the one way a value gets into them.

`{{ value }}` writes a Python literal, whatever the value is: a class name with quotes in it stays a
string. A template cannot insert text as it is; words in comments and names of modules go through
filters that let nothing else pass.
"""

import json
import re
from pathlib import Path
from typing import Any

import jinja2

from lib.core.errors import ConfigError

LINE_LENGTH = 92
# So that the name it is assigned to fits on the same line.
LIST_LENGTH = 78


class Code(str):
    """Python that stands in lib.code itself, so it is inserted as it is."""


def literal(value: object) -> str:
    """A value as Python: a list on several lines where it is long, a tuple as arguments of a call.

    Raises:
        TypeError: If it is neither of them, nor a string, a number, a truth value or None.

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
    # What a template asks for and is not given comes here too, and says so itself.
    raise TypeError(f"{value} cannot be written as Python.")


def _wrapped(items: list[str]) -> str:
    """Items on lines, as many as fit on each, and none in two."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= LINE_LENGTH:
            lines[-1] += f" {item},"
        else:
            lines.append(f"    {item},")
    return "\n".join(lines)


def words(value: str | float, allowed: str = r"[\w .,:()/'+-]*") -> Code:
    """Text for a comment, or inside double quotes: nothing in it could end one of them.

    Raises:
        ConfigError: If it holds anything but letters, digits and the simplest punctuation.
    """
    text = value if isinstance(value, str) else f"{value:g}"
    if not re.fullmatch(allowed, text):
        raise ConfigError(f"{text!r} cannot stand in code.")
    return Code(text)


def name(value: str) -> Code:
    """A name of Python, with dots or without; anything else is refused as in `words`."""
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
    """The text of a file of lib/code/templates with these values.

    Raises:
        ConfigError: If a value that goes into a comment or a name does not fit there.
    """
    return _ENVIRONMENT.get_template(template).render(values)
