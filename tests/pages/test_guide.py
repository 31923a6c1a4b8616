"""Every step of every lesson opens its page in the state that the step says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.core.lessons.schema import Lesson, Step
from lib.jobs.client import Client
from lib.jobs.questions import Question
from lib.ui import pages
from lib.ui.lessons import guide, parts, registry
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
STEPS = [
    pytest.param(lesson, number, id=f"{lesson.id}-{number}")
    for lesson in registry.shipped().values()
    for number in range(1, len(lesson.steps) + 1)
]


@pytest.fixture(autouse=True)
def _questions_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Client, "ask", lambda self, task, owner="", **_: Question(task, owner, state="working")
    )


def opened(page: str, **parameters: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    for name, value in parameters.items():
        app.query_params[name] = value
    app.switch_page(pages.PAGES[page].path).run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in app.query_params.items()
    }


def of_guide(app: AppTest) -> dict[str, Any] | None:
    """What the browser gets of the step; None where no bar is drawn."""
    sent = [json.loads(part.proto.json) for part in app.get("bidi_component")]
    return next((data for data in sent if data and "steps" in data and "lessons" in data), None)


def sent_to_components(app: AppTest) -> list[str]:
    return [part.proto.json for part in app.get("bidi_component")]


def chosen(app: AppTest) -> list[object]:
    """What every list to choose from says."""
    return [each.value for each in [*app.selectbox, *app.button_group, *app.radio]]


def styles(app: AppTest) -> str:
    return "".join(each.proto.body for each in app.get("html"))


def keys(node: Any) -> set[str]:
    """The keys of everything that is drawn: what the selectors of parts are made of."""
    name = str(getattr(getattr(node, "proto", None), "id", "") or "")
    found = {name.rpartition("-")[2]} if name else set()
    for child in getattr(node, "children", {}).values():
        found |= keys(child)
    return found


def is_drawn(app: AppTest, step: Step) -> bool:
    """Whether the part that a step looks at stands on the page."""
    outer, _ = parts.split(parts.of(step.page)[step.look])
    wanted = outer.removeprefix(".st-key-").removeprefix('[class*="st-key-').removesuffix('"]')
    return any(key.startswith(wanted) for key in keys(app._tree[0]))


@pytest.mark.parametrize(("lesson", "number"), STEPS)
def test_each_step_finds_its_page_in_the_state_that_it_says(lesson: Lesson, number: int) -> None:
    step = lesson.steps[number - 1]
    app = opened(step.page, lesson=lesson.id, step=str(number), **step.parameters)
    assert [title.value for title in app.title] == [pages.PAGES[step.page].title]
    assert [each.value for each in app.warning] == []
    # What a page cannot open, it drops from its link or writes as something else; it also drops
    # what holds without being said.
    kept = {name: value for name, value in address(app).items() if name in step.parameters}
    assert kept.items() <= step.parameters.items()
    if kept != step.parameters:
        bare = opened(step.page, lesson=lesson.id, step=str(number), **kept)
        assert sent_to_components(bare) == sent_to_components(app)
        assert chosen(bare) == chosen(app)
    bar = of_guide(app)
    assert bar
    assert (bar["lesson"], bar["number"]) == (lesson.id, number)
    assert bar["steps"][number - 1]["say"] == step.say
    assert is_drawn(app, step), f"{step.look} is not on the page"


def test_a_page_without_a_lesson_in_its_link_draws_nothing_of_the_guide() -> None:
    app = opened("data")
    assert of_guide(app) is None
    assert "data-guide" not in styles(app)
    assert not keys(app._tree[0]) & {"guide", "guide_box"}


def test_an_unknown_lesson_is_said_and_the_page_opens() -> None:
    app = opened("data", lesson="no*such*lesson", step="1")
    assert [each.value for each in app.warning] == ["There is no lesson `no*such*lesson`."]
    assert of_guide(app) is None


@pytest.mark.parametrize(("said", "number"), [("0", 1), ("x", 1), ("99", 8), ("-1", 1)])
def test_a_step_that_the_lesson_does_not_have_opens_the_nearest(said: str, number: int) -> None:
    lesson = registry.shipped()["tour"]
    app = opened(lesson.steps[number - 1].page, lesson="tour", step=said)
    bar = of_guide(app)
    assert bar
    assert bar["number"] == min(number, len(lesson.steps))


def test_a_question_covers_its_picture_until_the_browser_opens_it() -> None:
    lesson = registry.shipped()["tour"]
    number, step = next(
        (number, step) for number, step in enumerate(lesson.steps, 1) if step.question
    )
    outer, _ = parts.split(parts.of(step.page)[step.look])
    rules = guide.rules(lesson, number, present=False)
    assert f'html:not([data-guide-open="tour.{number}"]' in rules
    rule = next(rule for rule in rules.split("\n") if "visibility" in rule)
    waits, covered = rule.split(", html")
    assert waits.endswith(f":is({outer})")
    # Streamlit makes texts visible by themselves, so what they are in does not cover them.
    assert covered.endswith(f":is({outer}) * {{ visibility: hidden !important }}")
    assert not lesson.steps[0].question
    assert "visibility" not in guide.rules(lesson, 1, present=False)


def test_a_lecture_leaves_what_the_step_looks_at_and_the_controls_that_it_names() -> None:
    lesson = registry.shipped()["tour"]
    number, step = next(
        (number, step) for number, step in enumerate(lesson.steps, 1) if step.controls == ("start",)
    )
    rules = guide.rules(lesson, number, present=True)
    assert "[data-testid=stSidebar]" in rules
    hidden = next(rule for rule in rules.split("\n") if "display: none" in rule)
    for name in (step.look, *step.controls):
        assert parts.of(step.page)[name] in hidden
    assert "display: none" not in guide.rules(lesson, number, present=False)


def test_a_link_hides_the_parts_that_it_names_and_says_which_there_are() -> None:
    app = opened("model_summary", hide="strategy,code,cats")
    hidden = next(each.proto.body for each in app.get("html") if "display: none" in each.proto.body)
    assert ".st-key-strategy, .st-key-model_code" in hidden
    (warning,) = [each.value for each in app.warning]
    assert "`cats`: no part of this page. Its parts are heading, backbone, strategy" in warning


def test_a_link_hides_what_is_inside_of_a_component() -> None:
    app = opened("model_summary", hide="table")
    sent = [json.loads(part.proto.json) for part in app.get("bidi_component")]
    assert {"hidden": [[".st-key-layer_strip", ".table"]]} in sent


def test_the_second_window_has_the_notes_and_nothing_of_the_page() -> None:
    app = opened("home", lesson="tour", step="2", notes="1")
    bar = of_guide(app)
    assert bar
    assert bar["notes"] is True
    assert bar["steps"][1]["notes"] == registry.shipped()["tour"].steps[1].notes
    assert not app.title


def test_the_list_of_lessons_says_of_each_how_long_it_takes_and_what_it_needs() -> None:
    app = opened("lessons")
    said = " ".join(each.value for each in app.markdown)
    # Without what explains the terms in it.
    words = re.sub(r"\[([^][]*)\]\(#[^)]*\)", r"\1", said)
    for lesson in registry.shipped().values():
        assert f"**{lesson.title}**" in words
        assert f"It takes {lesson.minutes} minutes. What needs to be known: {lesson.needs}" in words
    begin = [each for each in app.get("page_link") if "Begin" in each.proto.label]
    assert len(begin) == len(registry.shipped())
    # The shell draws the first of them dark.
    assert "begin_first" in keys(app._tree[0])


def test_the_list_of_lessons_says_what_is_finished_and_leads_to_the_next() -> None:
    first, second, *_, last = (registry.shipped()[id_] for id_ in registry.COURSE)
    app = opened("lessons", finished=first.id)
    assert any(f"You have finished: **{first.title}**." in each.value for each in app.markdown)
    (following,) = [each for each in app.get("page_link") if each.proto.label.startswith("Next")]
    assert following.proto.label == f"Next: {second.title}"
    assert f"lesson={second.id}" in following.proto.query_string
    assert "Start here" in " ".join(each.value for each in app.markdown)
    assert {f"lesson_done_{id_}" for id_ in registry.COURSE} <= keys(app._tree[0])
    app = opened("lessons", finished=last.id)
    assert any("the last lesson of the course" in each.value for each in app.markdown)
    app = opened("lessons", finished="no_such_lesson")
    assert "finished:" not in " ".join(each.value for each in app.markdown)


def test_the_state_of_a_step_on_another_page_is_decoded_once() -> None:
    assert guide._pairs("show=Your%20own%20images&data=") == {
        "show": "Your own images",
        "data": "",
    }


def test_what_a_step_does_not_speak_of_is_grey_and_its_quiet_text_is_ink() -> None:
    lesson = registry.shipped()["tour"]
    faint, ink, *_ = guide.rules(lesson, 2, present=False).splitlines()
    assert "filter: grayscale(1)" in faint
    # Ink (#0c131b) at this opacity on white, and its counterpart in the dark theme, reach 4.5:1.
    (opacity,) = re.findall(r"opacity: ([\d.]+)", faint)
    for text, paper in (("0c131b", "ffffff"), ("eef2f6", "0e151c")):
        assert contrast(blended(text, paper, float(opacity)), channels(paper)) >= 4.5
    assert "stCaptionContainer" in ink
    # Streamlit writes captions in ink at three fifths.
    assert "color: inherit !important; opacity: 1 }" in ink


def channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))


def blended(text: str, paper: str, opacity: float) -> tuple[float, ...]:
    both = zip(channels(text), channels(paper), strict=True)
    return tuple(opacity * over + (1 - opacity) * under for over, under in both)


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    linear = [
        [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour]
        for colour in (one, other)
    ]
    darker, lighter = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (lighter + 0.05) / (darker + 0.05)
