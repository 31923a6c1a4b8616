"""A lesson's file: what is read from it, and what each error says."""

import pytest

from lib.core.lessons import schema
from lib.core.lessons.schema import LessonError, PageWords, Step
from lib.ui import pages
from lib.ui.lessons import parts, registry

PAGES = {"data": PageWords(("data", "show"), ("dataset", "leak"))}
TOP = 'title = "T"\nminutes = 10\nneeds = "N."\nabout = "A."\n'
STEP = '[[step]]\npage = "data"\nsay = "Look."\n'
ASKED = STEP + 'question = "Which?"\nanswers = ["one", "two"]\nright = 2\n'


def test_a_lesson_is_what_its_file_says() -> None:
    lesson = schema.read(
        TOP
        + '[[step]]\npage = "data"\nstate = "data=elpv&show=Splits"\nlook = "leak"\n'
        + 'say = """One sentence\n  over two lines."""\nnotes = "First.\\n\\nSecond."\n'
        + 'question = "Which?"\nanswers = ["one", "two"]\nright = 2\nafter = "Two."\n'
        + 'controls = ["dataset"]\ncover = ["dataset"]\n'
        + STEP,
        "mine.toml",
        PAGES,
    )
    assert (lesson.id, lesson.title, lesson.minutes) == ("mine", "T", 10)
    assert (lesson.needs, lesson.about) == ("N.", "A.")
    first, second = lesson.steps
    assert first.parameters == {"data": "elpv", "show": "Splits"}
    assert first.say == "One sentence over two lines."
    assert first.notes == "First.\n\nSecond."
    assert (first.answers, first.right, first.after) == (("one", "two"), 2, "Two.")
    assert (first.look, first.controls, first.cover) == ("leak", ("dataset",), ("dataset",))
    assert second == Step("data", "Look.")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title = ", "mine.toml is not a TOML file"),
        (TOP, 'mine.toml, "step": a lesson has at least one step.'),
        (TOP + STEP * 41, 'mine.toml, "step": a lesson has at most 40 steps, this one 41.'),
        (TOP.replace("10", "0") + STEP, '"minutes": it is a whole number from 1 to 240.'),
        (TOP.replace("10", "true") + STEP, '"minutes": it is a whole number from 1 to 240.'),
        (TOP.replace('"T"', '""') + STEP, 'mine.toml, "title": it is empty.'),
        (TOP.replace("needs", "knows") + STEP, 'mine.toml, "knows": there is no such field.'),
        (TOP + "step = [1]", "mine.toml, step 1: a step is a table"),
        (TOP + '[[step]]\nsay = "L."', 'mine.toml, step 1, "page": it is missing.'),
        (TOP + STEP.replace("data", "cats"), "step 1, \"page\": there is no page 'cats'."),
        (TOP + STEP + '[[step]]\npage = "data"', 'mine.toml, step 2, "say": it is missing.'),
        (TOP + STEP + "text = 1", 'step 1, "text": there is no such field.'),
        (TOP + STEP + "look = 1", 'step 1, "look": it is a text.'),
        (TOP + STEP + 'look = "cat"', "step 1, \"look\": the page 'data' has no part 'cat'."),
        (TOP + ASKED + 'cover = ["cat"]', "\"cover\": the page 'data' has no part 'cat'."),
        (TOP + STEP + 'cover = ["leak"]', '"cover": there is no question.'),
        (TOP + STEP + 'controls = ["cat"]', "\"controls\": the page 'data' has no part"),
        (TOP + STEP + 'controls = "leak"', 'step 1, "controls": it is a list of texts.'),
        (TOP + STEP + 'state = "elpv"', 'step 1, "state": it is not as in a link'),
        (TOP + STEP + 'state = "run=1"', "\"state\": the page reads no parameter 'run'."),
        (TOP + STEP + 'state = "lesson=a"', "\"state\": the page reads no parameter 'lesson'."),
        (TOP + STEP + f'notes = "{"n" * 4001}"', '"notes": it has at most 4000 characters'),
        (TOP + STEP.replace("Look", "\\u202e"), 'step 1, "say": it has characters that cannot be'),
        (TOP + STEP + 'answers = ["a", "b"]', 'step 1, "answers": there is no question.'),
        (TOP + STEP + "right = 1", 'step 1, "right": there is no question.'),
        (TOP + STEP + 'question = "Q?"', '"answers": a question has 2 to 5 answers, this one 0.'),
        (TOP + ASKED.replace("right = 2\n", ""), '"right": a question has the number of its right'),
        (TOP + ASKED.replace("= 2", "= 3"), 'step 1, "right": there are only 2 answers.'),
        (TOP + ASKED.replace("= 2", "= 0"), '"right": it is a whole number from 1 to 5.'),
        (TOP + ASKED.replace('"one"', '"two"'), '"answers": two of them are the same.'),
        ("#" + " " * schema.MAX_FILE_BYTES, "mine.toml is larger than 200 kB"),
        ("a = " + "[" * 5000, "mine.toml is not a TOML file"),
    ],
)
def test_an_error_names_the_file_the_step_and_the_field(text: str, problem: str) -> None:
    with pytest.raises(LessonError) as error:
        schema.read(text, "mine.toml", PAGES)
    assert problem in error.value.message
    assert error.value.message.startswith("mine.toml")


def test_an_error_says_which_names_would_have_been_right() -> None:
    with pytest.raises(LessonError) as error:
        schema.read(TOP + STEP + 'look = "cat"', "mine.toml", PAGES)
    assert error.value.next_step == "Known are: dataset, leak."


def test_no_page_reads_a_parameter_of_the_guide() -> None:
    read = {name for page in pages.PAGES.values() for name in page.parameters}
    assert not read & set(schema.GUIDE_PARAMETERS)


def test_the_named_parts_are_those_of_pages_and_stand_in_the_list_of_names() -> None:
    assert set(parts.PARTS) <= set(pages.PAGES)
    said = " ".join((parts.__doc__ or "").split())
    for page, names in parts.PARTS.items():
        assert f"- {page}: {', '.join(names)}" in said


def test_the_course_has_every_lesson_that_ships() -> None:
    assert {f"{id_}.toml" for id_ in registry.COURSE} == {
        path.name for path in registry.SHIPPED.iterdir()
    }
    assert list(registry.shipped()) == list(registry.COURSE)


@pytest.mark.parametrize("id_", registry.COURSE)
def test_each_step_of_a_lesson_that_ships_has_a_part_to_look_at_and_notes(id_: str) -> None:
    lesson = registry.shipped()[id_]
    assert 5 <= len(lesson.steps) <= 9
    for number, step in enumerate(lesson.steps, start=1):
        assert step.look, f"{id_}, step {number}"
        assert step.notes, f"{id_}, step {number}"
