"""The words of the field: what each means in two sentences and a picture, read from glossary.toml.

A page offers a term with `term`, where it first uses the word. The explanation opens under the
pointer, a tap or the keyboard's focus (lib/ui/parts/frame).
"""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# What the address of an offered word begins with, in Markdown and in components.
ANCHOR = "#term-"


@dataclass(frozen=True)
class Term:
    """A word of the field.

    Args:
        title: The word as a heading.
        words: Regular expressions of the words by which a page says it.
        text: What it means, two sentences.
        picture: Content of an SVG of 200 x 64 units.
    """

    title: str
    words: tuple[str, ...]
    text: str
    picture: str

    def is_in(self, said: str) -> bool:
        """Return True if a text uses the word.

        Example:

        >>> TERMS["head"].is_in("a new head"), TERMS["head"].is_in("ahead")
        (True, False)
        """
        return any(re.search(rf"(?<![\w-]){word}(?![\w-])", said) for word in self.words)


def _read() -> dict[str, Term]:
    found = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {
        id_: Term(each["title"], tuple(each["words"]), each["text"], each["picture"])
        for id_, each in found.items()
    }


# id -> term, in the order of learning them.
TERMS = _read()


def term(id_: str, words: str | None = None) -> str:
    """Return a word in Markdown that explains itself.

    Args:
        id_: Key of TERMS.
        words: The words in the sentence; its title if None, in small letters where it is no name.

    Raises:
        KeyError: If there is no such term.

    Example:

    >>> term("cut"), term("frozen", "freezes"), term("imagenet")
    ('[cut](#term-cut)', '[freezes](#term-frozen)', '[ImageNet](#term-imagenet)')
    """
    title = TERMS[id_].title
    is_name = title[1:] != title[1:].lower()
    return f"[{words or (title if is_name else title.lower())}]({ANCHOR}{id_})"


def offered(said: str, *ids: str) -> str:
    """Return a text in which terms explain themselves, each where the text first uses it.

    It is for sentences that come from elsewhere, such as those of a rule.

    Args:
        said: The text, in Markdown.
        ids: Keys of TERMS; a term that the text does not use is left out.

    Example:

    >>> offered("Train the head, and only the head.", "head", "cut")
    'Train the [head](#term-head), and only the head.'
    """
    for id_ in ids:
        word = "|".join(TERMS[id_].words)
        link = rf"[\g<0>]({ANCHOR}{id_})"
        said = re.sub(rf"(?<![\w-])(?:{word})(?![\w-])", link, said, count=1)
    return said


def words(said: str, below: str) -> str:
    """Offer the terms of labels and buttons, which cannot explain their words themselves.

    Args:
        said: What the labels say.
        below: A text that stands near them; the terms that it offers are left out.

    Returns:
        A sentence to put behind it; "" if nothing is left.

    Example:

    >>> words("Which seeds? From which split?", "Of one [seed](#term-seed).")
    'Words: [splits](#term-split).'
    """
    known = [id_ for id_ in TERMS if f"({ANCHOR}{id_})" in below]
    left = ", ".join(map(term, unexplained(said, known)))
    return f"Words: {left}." if left else ""


def unexplained(said: str, offered: Collection[str]) -> list[str]:
    """Return the terms that a page uses and does not offer.

    Args:
        said: The text of the page.
        offered: Ids of the terms that it offers.

    Example:

    >>> unexplained("The head has 1,281 parameters.", ["head"])
    ['parameter']
    """
    return [id_ for id_, each in TERMS.items() if id_ not in offered and each.is_in(said)]
