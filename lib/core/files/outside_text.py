"""Text from outside, as Thaw shows and keeps it: names of files, pieces of links, error messages.

A line break or a control character could imitate a line that Thaw wrote itself, a direction mark
turns a name around, and a character of no width makes two names look the same: none of them is
shown. Letters of every script stay, with the marks that belong to them, and so do the two joiners
that Persian and emoji need. Every other space is shown as a plain one.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

LONGEST_SHOWN = 80
MAX_NAME_LENGTH = 60
# What a class is called whose name has nothing that can be shown.
NAMELESS = "unnamed"
# "Zero width non-joiner" and "zero width joiner".
JOINERS = "\u200c\u200d"
WORD_JOINER = "\u2060"
# Signs of Markdown, anywhere or at the beginning of a line; "_" within a word is none.
MARKDOWN = re.compile(
    r"[\\`*\[\]<>$~&|#^={}]|(?<![^\W_])_|_(?![^\W_])|^ *[+-]|(?<=\d)[.)](?<=^\d[.)])", re.MULTILINE
)
# Where what Streamlit and GitHub's Markdown find in text has to be parted.
MEANT = re.compile(
    r"(?<=:)(?=//|[\w+-]+[:\[/])|(?<=[<>~=-])(?=[<>=-])|(?<=\w@)(?=\w)|(?<=www)(?=\.)"
)
# Windows keeps these names for devices.
RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)


def can_be_shown(text: str) -> bool:
    """True where nothing in a text deceives.

    Example:

    >>> can_be_shown("سیب\u200cزمینی"), can_be_shown("two\\nlines")
    (True, False)
    """
    return all(each.isprintable() or each in JOINERS for each in text)


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text from outside, to be read in a sentence: on one line and not too long.

    Args:
        longest: In columns, of which a Chinese, Japanese or Korean character takes two and a mark
            on a letter none; of a longer text, the beginning and the end are shown.

    Example:

    >>> shown("a\\tb\\n")
    'a?b?'
    >>> shown("0123456789" * 10, longest=11)
    '01234...789'
    >>> shown("鳥の写真と花の写真", longest=11)
    '鳥の...真'
    """
    letters = _letters(
        "".join(
            each if can_be_shown(each) else " " if unicodedata.category(each) == "Zs" else "?"
            for each in text
        )
    )
    if sum(map(columns, letters)) <= longest:
        return "".join(letters)
    first, last = 0, len(letters)
    while columns("".join(letters[: first + 1])) <= longest // 2:
        first += 1
    while columns("".join(letters[last - 1 :])) <= longest - 3 - longest // 2:
        last -= 1
    return f"{''.join(letters[:first])}...{''.join(letters[last:])}"


def in_markdown(text: str) -> str:
    """A name from outside within Markdown: as inline code, which is never interpreted.

    Example:

    >>> in_markdown("![x](//host)"), in_markdown("a`b")
    ('`![x](//host)`', '`` a`b ``')
    """
    # The text cannot end the code span: the fence is longer than any run of backticks in it.
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    # One space on either side belongs to the fence.
    space = " " if "`" in text or text != text.strip() or not text else ""
    return f"{fence}{space}{text}{space}{fence}"


def sentence_in_markdown(text: str) -> str:
    """A sentence that may have names from outside in it, as Markdown that reads as it stands.

    A backslash takes its meaning from a sign. What Streamlit and GitHub's Markdown look for after
    that (`:icon:`, `->`, addresses) is parted by a sign that has no width.

    Example:

    >>> sentence_in_markdown("No *b*. Ask again.")
    'No \\\\*b\\\\*. Ask again.'
    """
    return MARKDOWN.sub(r"\\\g<0>", MEANT.sub(WORD_JOINER, text.strip()))


def short_names(names: Sequence[str], longest: int) -> list[str]:
    """Names as labels where there is little room: short, and still different from each other.

    Args:
        names: All that are shown together.
        longest: In columns, without the number that tells apart what would read alike.

    Example:

    >>> short_names(["cat", "a name of the first", "a name of our first"], 12)
    ['cat', '2: a name...rst', '3: a name...rst']
    """
    short = [shown(name, longest) for name in names]
    return [
        label if short.count(label) == 1 else f"{number}: {label}"
        for number, label in enumerate(short, start=1)
    ]


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of so many columns, cut between letters.

    Example:

    >>> wrapped("Tomato___Early_blight", 12)
    ['Tomato___Ear', 'ly_blight']
    """
    lines = [""]
    for letter in _letters(text):
        if columns(lines[-1] + letter) > width:
            lines.append("")
        lines[-1] += letter
    return lines


def columns(text: str) -> int:
    """How wide a text is: a wide character takes two columns, and a mark on a letter none."""
    return sum(
        1 + (unicodedata.east_asian_width(each) in "WF") for each in text if not _is_mark(each)
    )


def _letters(text: str) -> list[str]:
    """Each letter with the marks on it."""
    letters: list[str] = []
    for each in text:
        if letters and _is_mark(each):
            letters[-1] += each
        else:
            letters.append(each)
    return letters


def _is_mark(character: str) -> bool:
    # A joiner has no width either.
    return unicodedata.category(character)[0] == "M" or unicodedata.category(character) == "Cf"


def name_of(text: str) -> str:
    """A name from outside, in any script, as it is kept and shown; "" where nothing is left.

    One line of what can be shown, without what a path is made of, in one of its Unicode forms. Of a
    longer one than MAX_NAME_LENGTH, the beginning and the end are kept.

    Example:

    >>> name_of("  ../Кошки\\n")
    'Кошки'
    """
    one_line = " ".join(text.split())
    plain = "".join(each for each in one_line if can_be_shown(each) and each not in "/\\")
    # A dot in front would hide its folder; one at the end Windows leaves out.
    plain = " ".join(unicodedata.normalize("NFC", plain).strip(". ").split())
    return shown(plain, MAX_NAME_LENGTH)


def names_of(texts: Iterable[str]) -> dict[str, str]:
    """The names of the classes of a dataset, as they are kept and shown.

    Here it is decided when two classes are one: texts that are equal in Unicode's form NFC are one
    name, because macOS writes the same letters in another form than Linux and Windows do. All
    others stay distinct, also to the eye: where `name_of` would merge them, a number is added.

    Args:
        texts: Names from outside, such as those of folders.

    Returns:
        Each text with its name. The name of a name is that name.

    Example:

    >>> names_of(["cat", "cat.", "c\\u200bat"])
    {'cat': 'cat', 'cat.': 'cat (2)', 'c\\u200bat': 'cat (3)'}
    """
    forms = {text: unicodedata.normalize("NFC", text) for text in texts}
    names: dict[str, str] = {}
    taken: set[str] = set()
    # Those that need no change first, so that none of them gets a number.
    for form in sorted(set(forms.values()), key=lambda form: (name_of(form) != form, form)):
        plain = name = name_of(form) or NAMELESS
        count = 1
        while (seen := name.translate(dict.fromkeys(map(ord, JOINERS)))) in taken:
            count += 1
            number = f" ({count})"
            name = plain[: MAX_NAME_LENGTH - len(number)].rstrip(". ") + number
        taken.add(seen)
        names[form] = name
    return {text: names[form] for text, form in forms.items()}


def renamed(names: Mapping[str, str]) -> tuple[str, ...]:
    """What to say of the names that are not what they were, a sentence each.

    Args:
        names: From `names_of`.

    Example:

    >>> renamed({"cat": "cat", "two\\nlines": "two lines"})
    ("The class 'two\\\\nlines' is called 'two lines' here.",)
    """
    return tuple(
        f"The class '{shown(_escaped(text), 3 * LONGEST_SHOWN)}' is called '{name}' here."
        for text, name in names.items()
        if unicodedata.normalize("NFC", text) != name
    )


def _escaped(text: str) -> str:
    """A text with escapes for what cannot be told from something else when it is read."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def folder_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names for the folders of classes that every file system takes, all different on each.

    Args:
        names: Of the classes.

    Example:

    >>> folder_names(["animal", "food/drink", "food drink", "C", "C++", "aux"])
    ('animal', 'food_drink', 'food_drink_2', 'C', 'C_2', 'aux_')
    """
    folders: list[str] = []
    taken: set[str] = set()
    for name in names:
        letters = "".join(each if _in_folder_name(each) else "/" for each in name)
        plain = re.sub("/+", "_", letters).strip("_")[:MAX_NAME_LENGTH] or "class"
        if RESERVED.fullmatch(plain):
            plain += "_"
        count, folder = 1, plain
        # Some file systems do not tell capitals apart, or forms of the same letter.
        while (seen := unicodedata.normalize("NFKD", folder.upper()).casefold()) in taken:
            count += 1
            folder = f"{plain}_{count}"
        taken.add(seen)
        folders.append(folder)
    return tuple(folders)


def _in_folder_name(letter: str) -> bool:
    """True for letters, the marks that belong to them, digits, "_" and "-"."""
    return letter.isalnum() or letter in "_-" or unicodedata.category(letter).startswith("M")


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
