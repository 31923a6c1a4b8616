"""Text from outside is shown so that nothing in it deceives."""

import pytest

from lib.core.files import outside_text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cats", "cats"),
        ("Кошки и собаки", "Кошки и собаки"),
        ("猫", "猫"),
        ("قطط", "قطط"),
        ("cafe\u0301", "café"),
        ("a/b\\c", "abc"),
        ("..", ""),
        (".hidden.", "hidden"),
        ("a\u202eb\x00\x1b[0m", "ab[0m"),
        ("  two \n lines ", "two lines"),
        ("<b>**x**</b>", "<b>**x**<b>"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_name_in_any_script_stays_and_what_paths_are_made_of_does_not(text, name):
    assert outside_text.name_of(text) == name


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[0m", "a\u202eb", "a\u200bb", "a\udcffb", "a\x00b"])
def test_what_cannot_be_shown_is_a_question_mark(text):
    assert outside_text.shown(text) == "a?" + text[2:]


def test_a_long_text_is_shown_with_its_beginning_and_its_end():
    assert outside_text.shown("a" * 80) == "a" * 80
    assert outside_text.shown("a" * 60 + "b" * 60) == "a" * 40 + "..." + "b" * 37
    assert outside_text.shown("a" * 60 + "b" * 60, 11) == "aaaaa...bbb"
