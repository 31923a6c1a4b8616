"""The format of a lesson: a TOML file, its fields, and an error that names file, step and field.

    title = "Transfer learning in ten minutes"
    minutes = 10
    needs = "Nothing."
    about = "One sentence."

    [[step]]
    page = "model_summary"                          # key of shell.PAGES
    state = "backbone=efficientnet_lite0&thaw=nothing"  # as in the link of that page
    look = "counts"                                 # a named part (lib/ui/lessons/parts.py)
    say = "One or two sentences."
    notes = "What the lecturer says."               # may have several paragraphs
    question = "How many weights are trained?"      # the part is shown after the answer
    answers = ["All", "None", "Those of the head"]
    right = 3                                       # counted from 1
    after = "What is said after the answer."
    controls = ["backbone"]                         # named parts that stay in lecture mode
    cover = ["code"]                                # parts that wait for the answer like `look`

Only `page` and `say` are required in a step. All text is plain text; nothing in it is markup.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from lib.core.errors import ThawError
from lib.core.files import outside_text

# A lecturer's own file comes from outside.
MAX_FILE_BYTES = 200_000
MAX_STEPS = 40
MAX_MINUTES = 240
# In characters. Two sentences that fit a slim bar; a page of notes.
MAX_TEXT, MAX_NOTES, MAX_ANSWER, MAX_STATE = 400, 4000, 160, 1000
MIN_ANSWERS, MAX_ANSWERS = 2, 5
# Parameters that say where in a lesson the reader is, and what is hidden: no page reads them.
LESSON, STEP, PRESENT, HIDE, NOTES = "lesson", "step", "present", "hide", "notes"
# What the list of lessons reads: the lesson that the reader has just finished.
FINISHED = "finished"
GUIDE_PARAMETERS = (LESSON, STEP, PRESENT, HIDE, NOTES)

_LESSON_FIELDS = ("title", "minutes", "needs", "about", "step")
_STEP_FIELDS = (
    *("page", "state", "look", "say", "notes"),
    *("question", "answers", "right", "after", "controls", "cover"),
)


class LessonError(ThawError):
    """A lesson's file does not have the format."""


@dataclass(frozen=True)
class PageWords:
    """What a step may say of a page.

    Args:
        parameters: The link parameters that the page reads.
        parts: The names of its parts.
    """

    parameters: Collection[str]
    parts: Collection[str]


@dataclass(frozen=True)
class Step:
    """A step of a lesson.

    Args:
        page: Key of shell.PAGES.
        say: One or two sentences, plain text.
        state: The state of the page as in its link, without "?"; empty for the page as it is.
        look: The part of the page that is lit; empty for the whole page.
        notes: What the lecturer says; may have line breaks.
        question: What the reader predicts before the part is shown; empty for no question.
        answers: The answers to choose from; empty without a question.
        right: Number of the right answer, counted from 1; 0 without a question.
        after: What is said after the answer.
        controls: Parts of the page that stay in lecture mode.
        cover: Further parts that tell the answer, and wait for it as what is looked at.
    """

    page: str
    say: str
    state: str = ""
    look: str = ""
    notes: str = ""
    question: str = ""
    answers: tuple[str, ...] = ()
    right: int = 0
    after: str = ""
    controls: tuple[str, ...] = ()
    cover: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        """The state by parameter.

        Example:

        >>> Step("data", "Look.", state="data=elpv&show=Splits").parameters
        {'data': 'elpv', 'show': 'Splits'}
        """
        return dict(parse_qsl(self.state, keep_blank_values=True))


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Args:
        id: In the link, and name of its file.
        title: As in a list of lessons.
        minutes: How long it takes.
        needs: What needs to be known, one sentence.
        about: What it shows, one sentence.
        steps: At least one.
    """

    id: str
    title: str
    minutes: int
    needs: str
    about: str
    steps: tuple[Step, ...]


def read(text: str, name: str, pages: Mapping[str, PageWords]) -> Lesson:
    """Read a lesson and check it.

    Args:
        text: Content of a file.
        name: Of the file, with or without ".toml"; without it, it is the id of the lesson.
        pages: What may be said of each page, by its key.

    Raises:
        LessonError: The file has not the format; it names the file, the step and the field.

    Example:

    >>> pages = {"data": PageWords(("show",), ("dataset",))}
    >>> head = 'title = "A"\\nminutes = 5\\nneeds = "B."\\nabout = "C."\\n'
    >>> read(head + '[[step]]\\npage = "data"\\nsay = "Look."', "mine", pages).steps[0].say
    'Look.'
    >>> read(head + '[[step]]\\npage = "cats"\\nsay = "Look."', "mine.toml", pages)
    Traceback (most recent call last):
        ...
    lib.core.lessons.schema.LessonError: mine.toml, step 1, "page": there is no page 'cats'.
    """
    if len(text.encode("utf-8", "replace")) > MAX_FILE_BYTES:
        raise LessonError(f"{name} is larger than {MAX_FILE_BYTES // 1000} kB, so it is no lesson.")
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LessonError(
            f"{name} is not a TOML file: {outside_text.shown(str(error))}.",
            "The documentation shows a lesson that can be copied.",
        ) from None
    top = _Fields(found, name)
    top.only(_LESSON_FIELDS)
    steps = found.get("step")
    if not isinstance(steps, list) or not steps:
        raise top.error("step", "a lesson has at least one step")
    if len(steps) > MAX_STEPS:
        raise top.error("step", f"a lesson has at most {MAX_STEPS} steps, this one {len(steps)}")
    return Lesson(
        id=name.removesuffix(".toml"),
        title=top.text("title"),
        minutes=top.whole("minutes", 1, MAX_MINUTES),
        needs=top.text("needs"),
        about=top.text("about"),
        steps=tuple(
            _step(_Fields(each, f"{name}, step {number}"), pages)
            for number, each in enumerate(steps, start=1)
        ),
    )


def _step(fields: "_Fields", pages: Mapping[str, PageWords]) -> Step:
    fields.only(_STEP_FIELDS)
    page = fields.text("page")
    if page not in pages:
        raise fields.error("page", f"there is no page {_named(page)}", pages)
    words = pages[page]
    step = Step(
        page=page,
        say=fields.text("say"),
        state=_state(fields, words),
        look=fields.text("look", optional=True),
        notes=fields.text("notes", MAX_NOTES, optional=True, lines=True),
        question=fields.text("question", optional=True),
        answers=fields.texts("answers"),
        right=fields.whole("right", 1, MAX_ANSWERS) if "right" in fields.found else 0,
        after=fields.text("after", optional=True),
        controls=fields.texts("controls"),
        cover=fields.texts("cover"),
    )
    named = {"look": (step.look,), "controls": step.controls, "cover": step.cover}
    for field, names in named.items():
        for each in filter(None, names):
            if each not in words.parts:
                problem = f"the page {page!r} has no part {_named(each)}"
                raise fields.error(field, problem, words.parts)
    _check_question(step, fields)
    return step


def _state(fields: "_Fields", words: PageWords) -> str:
    state = fields.text("state", MAX_STATE, optional=True)
    try:
        pairs = parse_qsl(state, keep_blank_values=True, strict_parsing=True) if state else []
    except ValueError:
        problem = 'it is not as in a link, such as "data=elpv&show=Splits"'
        raise fields.error("state", problem) from None
    for name, _ in pairs:
        if name not in words.parameters:
            problem = f"the page reads no parameter {_named(name)}"
            raise fields.error("state", problem, words.parameters)
    return state


def _check_question(step: Step, fields: "_Fields") -> None:
    if not step.question:
        for field in ("answers", "right", "cover"):
            if field in fields.found:
                raise fields.error(field, "there is no question")
        return
    if not MIN_ANSWERS <= len(step.answers) <= MAX_ANSWERS:
        problem = f"a question has {MIN_ANSWERS} to {MAX_ANSWERS} answers"
        raise fields.error("answers", f"{problem}, this one {len(step.answers)}")
    if not step.right:
        raise fields.error("right", "a question has the number of its right answer, from 1")
    if step.right > len(step.answers):
        raise fields.error("right", f"there are only {len(step.answers)} answers")


def _named(text: str) -> str:
    return repr(outside_text.shown(text, 40))


@dataclass(frozen=True)
class _Fields:
    """The fields of a table, checked one by one.

    Args:
        found: What the file says.
        place: File and step, for errors.
    """

    found: Any
    place: str

    def error(self, field: str, problem: str, known: Collection[str] = ()) -> LessonError:
        """Return the error of a field; `known` are the names that would have been right."""
        listed = f"Known are: {', '.join(known)}." if known else ""
        return LessonError(f'{self.place}, "{field}": {problem}.', listed)

    def only(self, known: Collection[str]) -> None:
        """Refuse what is no table, and fields that are unknown."""
        if not isinstance(self.found, Mapping):
            raise LessonError(f'{self.place}: a step is a table that begins with "[[step]]".')
        for field in self.found:
            if field not in known:
                raise self.error(outside_text.shown(field, 40), "there is no such field", known)

    def text(
        self, field: str, longest: int = MAX_TEXT, *, optional: bool = False, lines: bool = False
    ) -> str:
        """Return a text without spaces at its ends; `lines` keeps its line breaks."""
        if field not in self.found:
            if optional:
                return ""
            raise self.error(field, "it is missing")
        return self._sound(field, self.found[field], longest, optional=optional, lines=lines)

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of texts; an absent one is empty."""
        given = self.found.get(field, [])
        if not isinstance(given, list):
            raise self.error(field, "it is a list of texts")
        if len(given) > MAX_STEPS:
            raise self.error(field, f"it has at most {MAX_STEPS} entries")
        texts = tuple(self._sound(field, each, MAX_ANSWER) for each in given)
        if len(set(texts)) < len(texts):
            raise self.error(field, "two of them are the same")
        return texts

    def whole(self, field: str, least: int, most: int) -> int:
        """Return a whole number."""
        given = self.found.get(field)
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            raise self.error(field, f"it is a whole number from {least} to {most}")
        return given

    def _sound(
        self,
        field: str,
        given: object,
        longest: int,
        *,
        optional: bool = False,
        lines: bool = False,
    ) -> str:
        if not isinstance(given, str):
            raise self.error(field, "it is a text")
        split = [" ".join(line.split()) for line in given.split("\n")]
        text = ("\n" if lines else " ").join(split).strip()
        if not text and not optional:
            raise self.error(field, "it is empty")
        if len(text) > longest:
            raise self.error(field, f"it has at most {longest} characters, here {len(text)}")
        if not all(map(outside_text.can_be_shown, text.split("\n"))):
            raise self.error(field, "it has characters that cannot be shown")
        return text
