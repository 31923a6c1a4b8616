"""The handout of a lesson: what it has, and that nothing in it is markup of somebody else."""

import pytest

from lib.code import handout
from lib.core.lessons.schema import Lesson, Step
from lib.ui.lessons import registry

LINK = "http://10.0.0.7:8501/?lesson=tour&step=1"


@pytest.mark.parametrize("id_", registry.COURSE)
def test_a_handout_has_every_sentence_question_and_answer(id_: str) -> None:
    lesson = registry.shipped()[id_]
    page = handout.html(lesson, "")
    found = " ".join(page.replace("&#34;", '"').replace("&#39;", "'").split())
    for step in lesson.steps:
        for text in (step.say, step.question, *step.answers, step.after):
            assert text in found
    assert lesson.needs in found
    # The notes are the speaker's.
    assert all(note not in found for step in lesson.steps for note in step.notes.split("\n"))


def test_a_handout_runs_nothing_and_loads_nothing() -> None:
    bad = '<script>alert(1)</script><img src="http://evil.example/x">'
    step = Step("data", bad, question=bad, answers=(bad, "no"), right=1, after=bad)
    page = handout.html(Lesson("mine", bad, 5, bad, bad, (step,)), LINK + '"><b>mine')
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>mine" not in page
    assert page.count("&lt;script&gt;") == 9


def test_without_an_address_a_handout_has_no_link() -> None:
    lesson = registry.shipped()["tour"]
    assert LINK.replace("&", "&amp;") in handout.html(lesson, LINK)
    assert "href" not in handout.html(lesson, "")
