"""Text from outside, as Thaw shows and keeps it: names of files, pieces of links, error messages.

A character that `str.isprintable` refuses is never shown. A line break or a control character could
imitate a line that Thaw wrote itself, a direction mark turns a name around, and a character of no
width makes two names look the same. Letters of every script stay.
"""

import unicodedata

LONGEST_SHOWN = 80
MAX_NAME_LENGTH = 60


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text from outside, to be read in a sentence: on one line and not too long.

    Args:
        longest: In characters; of a longer text, the beginning and the end are shown.

    Example:

    >>> shown("a\\tb\\n")
    'a?b?'
    >>> shown("0123456789" * 10, longest=11)
    '01234...789'
    """
    one_line = "".join(each if each.isprintable() else "?" for each in text)
    if len(one_line) <= longest:
        return one_line
    first = longest // 2
    return f"{one_line[:first]}...{one_line[first + 3 - longest :]}"


def name_of(text: str) -> str:
    """A name from outside, in any script, as it is kept and shown; "" where nothing is left.

    One line of what can be shown, without what a path is made of, in one of its Unicode forms.

    Example:

    >>> name_of("  ../Кошки\\n")
    'Кошки'
    """
    one_line = " ".join(unicodedata.normalize("NFC", text).split())
    plain = "".join(each for each in one_line if each.isprintable() and each not in "/\\")
    # A dot in front would hide its folder; one at the end Windows leaves out.
    return plain.strip(". ")[:MAX_NAME_LENGTH].strip(". ")


def first_line(error: Exception) -> str:
    """What an error of a library says, without what follows its first line and its full stop.

    Example:

    >>> first_line(OSError("No space.\\nTraceback"))
    'No space'
    >>> first_line(KeyError())
    'KeyError'
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
