"""A lesson written as a file is read back as it was, whatever its texts hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.files import outside_text
from lib.core.lessons import schema, writing
from lib.core.lessons.schema import Lesson, PageWords, Step
from lib.ui.lessons import registry

PAGES = {"data": PageWords(("data", "show"), ("dataset", "leak"))}


def as_read(text: str) -> str:
    """A text as the parser leaves it: one line, nothing that cannot be shown."""
    return " ".join("".join(filter(outside_text.can_be_shown, text)).split())


TEXT = st.text(max_size=60).map(as_read)
SAID = TEXT.filter(bool)
STEP = st.builds(
    Step,
    page=st.just("data"),
    say=SAID,
    state=st.sampled_from(("", "data=elpv&show=Your%20own%20images")),
    look=st.sampled_from(("", "leak")),
    notes=st.lists(SAID, max_size=3).map("\n".join),
    after=TEXT,
)
ASKED = st.builds(
    lambda step, question, answers: Step(
        **(vars(step) | {"question": question, "answers": tuple(answers), "right": len(answers)})
    ),
    STEP,
    SAID,
    st.lists(SAID, min_size=2, max_size=5, unique=True),
)


@given(
    st.builds(
        Lesson,
        id=st.just("own"),
        title=SAID,
        minutes=st.integers(1, schema.MAX_MINUTES),
        needs=SAID,
        about=SAID,
        steps=st.lists(STEP | ASKED, min_size=1, max_size=3).map(tuple),
    )
)
def test_a_lesson_is_read_back_as_it_was_written(lesson: Lesson) -> None:
    assert schema.read(writing.to_toml(lesson), "own.toml", PAGES) == lesson


@pytest.mark.parametrize("id_", registry.COURSE)
def test_a_lesson_that_ships_is_read_back_too(id_: str) -> None:
    lesson = registry.shipped()[id_]
    assert schema.read(writing.to_toml(lesson), id_, registry.words()) == lesson


def test_quotes_and_markup_stay_text_within_their_field() -> None:
    bad = '"""\n[[step]]\npage = "data" \\u0022 <b>'
    step = Step("data", as_read(bad), notes="One.\n\nTwo.")
    again = schema.read(writing.to_toml(Lesson("own", "A", 5, "B.", "C.", (step,))), "own", PAGES)
    assert again.steps == (step,)
