"""Text from outside is shown so that nothing in it deceives."""

import re
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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
        ("x" * 100 + "y" * 100, "x" * 30 + "..." + "y" * 27),
        ("سیب\u200cزمینی", "سیب\u200cزمینی"),
        ("9.00.00\u202fAM", "9.00.00 AM"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
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


# --- Names of classes: none is lost, merged, or changed without a word ----------------------------

# Letters that are close to each other, so that pairs that could merge come up often.
CLOSE = st.text("aA .\u200b\u200c\u0301\u202f\u202e\n/é(2)", max_size=8)
NAMES = st.lists(st.one_of(st.text(max_size=80), CLOSE), max_size=8, unique=True)


def forms(names):
    return {unicodedata.normalize("NFC", name) for name in names}


@given(NAMES)
def test_names_are_distinct_unless_they_are_the_same_text_in_two_unicode_forms(names):
    kept = outside_text.names_of(names)
    assert set(kept) == set(names)
    assert len(set(kept.values())) == len(forms(names))
    for name in kept.values():
        assert 0 < len(name) <= outside_text.MAX_NAME_LENGTH
        assert outside_text.can_be_shown(name)
        assert not set(name) & set("/\\")


@given(NAMES)
def test_names_that_are_kept_stay_what_they_are(names):
    kept = set(outside_text.names_of(names).values())
    assert outside_text.names_of(kept) == {name: name for name in kept}


@given(NAMES)
def test_every_name_that_was_changed_is_told_on_one_line(names):
    kept = outside_text.names_of(names)
    said = outside_text.renamed(kept)
    changed = [name for text, name in kept.items() if forms([text]) != {name}]
    assert len(said) == len(changed)
    for sentence, name in zip(said, changed, strict=True):
        assert f"is called '{name}' here." in sentence
        assert outside_text.can_be_shown(sentence)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Animalia_" * 6 + "Vanessa_atalanta", "Animalia_" * 6 + "Vanessa_cardui"),
        ("cat", "cat."),
        ("a\u202eb", "ab"),
        ("سیب\u200cزمینی", "سیبزمینی"),
        ("C++", "C#"),
        ("<18 yrs", ">18 yrs"),
        ("बिल्ली", "बिल्ला"),
    ],
)
def test_two_classes_stay_two(one, other):
    kept = outside_text.names_of([one, other])
    assert len(set(kept.values())) == 2


def test_the_same_letters_in_two_unicode_forms_are_one_name():
    assert outside_text.names_of(["café", "cafe\u0301"]) == {"café": "café", "cafe\u0301": "café"}


@given(NAMES)
def test_folders_of_classes_are_plain_and_different_on_every_file_system(names):
    folders = outside_text.folder_names(names)
    assert len(folders) == len(names)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        seen = {unicodedata.normalize(form, folder).casefold() for folder in folders}
        assert len(seen) == len(names)
    for folder in folders:
        assert folder == PurePosixPath(folder).name
        assert len(folder.encode()) <= 255
        assert not set(folder) & set('<>:"/\\|?*.\0 ')
        assert not outside_text.RESERVED.fullmatch(folder)


def test_marks_belong_to_the_letters_of_a_folder():
    assert outside_text.folder_names(["बिल्ली", "बिल्ला"]) == ("बिल्ली", "बिल्ला")
    folders = outside_text.folder_names(
        ["C", "C++", "C#", "<18 yrs", ">18 yrs", "NUL", "É", "e\u0301"]
    )
    assert folders == ("C", "C_2", "C_3", "18_yrs", "18_yrs_2", "NUL_", "É", "e\u0301_2")


# --- Where there is little room ---------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=70)


@given(st.lists(TEXTS, min_size=1, max_size=50, unique=True), st.integers(12, 30))
@example(["000000000000.00000"], 17)
def test_short_names_fit_and_are_the_beginning_and_the_end(given_names, longest):
    short = outside_text.short_names(given_names, longest)
    for number, (name, label) in enumerate(zip(given_names, short, strict=True), start=1):
        plain = outside_text.shown(name, 1_000)
        fits = [text for text in (label, label.removeprefix(f"{number}: ")) if is_cut(plain, text)]
        assert any(outside_text.columns(text) <= longest for text in fits)


def is_cut(plain: str, label: str) -> bool:
    """Whether a label is a text, or its beginning and its end; both may have dots of their own."""
    return label == plain or any(
        plain.startswith(label[:at]) and plain.endswith(label[at + 3 :])
        for at in range(len(label))
        if label.startswith("...", at)
    )


@given(st.lists(TEXTS, min_size=2, max_size=50, unique=True))
def test_names_that_read_alike_when_short_are_told_apart(given_names):
    alike = [f"Tomato___Spider_mites_{name}_Two-spotted_spider_mite" for name in given_names]
    short = outside_text.short_names(alike, 14)
    assert len(set(short)) == len(alike)


@given(TEXTS, st.integers(2, 20))
def test_wrapped_lines_are_the_text_and_no_wider_than_asked(text, width):
    lines = outside_text.wrapped(text, width)
    assert "".join(lines) == text
    assert all(outside_text.columns(line) <= width for line in lines)


def test_a_mark_stays_on_its_letter_and_a_wide_character_takes_two_columns():
    assert outside_text.columns("बिल्ली") == 3
    assert outside_text.columns("ab鳥") == 4
    assert outside_text.wrapped("e\u0301e\u0301e\u0301", 2) == ["e\u0301e\u0301", "e\u0301"]
    assert outside_text.shown("e\u0301" * 40, 11) == "e\u0301" * 5 + "..." + "e\u0301" * 3


# --- In Markdown ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["plain", "`tick`", "``two``", "**bold** <b>", ":red[x]", ""])
def test_text_from_outside_is_code_that_it_cannot_end(text: str) -> None:
    said = outside_text.in_markdown(text)
    fence = said[: len(said) - len(said.lstrip("`"))]
    assert said in (f"{fence}{text}{fence}", f"{fence} {text} {fence}")
    assert fence not in text


def test_a_sentence_in_markdown_keeps_its_letters_and_loses_what_they_could_mean() -> None:
    text = "See ![x](//h) *b* :red[r] :material/home: a -> b $e$ www.h.example a@h.example <b> `c`"
    said = outside_text.sentence_in_markdown(text)
    shown = said.replace("\\", "").replace(outside_text.WORD_JOINER, "")
    assert shown == text
    # Every sign of Markdown has lost its meaning, and what Streamlit and GFM look for is parted.
    assert not re.search(r"(?<!\\)[][*_`$<>~#|]", said)
    parted = said.replace("\\", "")
    for meant in (":red", ":material", "->", "www.h", "a@h", "://"):
        assert meant not in parted


def test_a_sentence_of_our_own_needs_no_change() -> None:
    for text in (
        "Could not be stored in /tmp/thaw-1/runs: No space left on device.",
        "Set THAW_HOME to another folder, or use --image-size 128 (at 12:30, 95 % of it).",
        "Use at most 2,000 of batch_size, e.g. 3.5.",
    ):
        assert outside_text.sentence_in_markdown(text).replace(outside_text.WORD_JOINER, "") == text
    assert outside_text.sentence_in_markdown("# x\n- y\n+ z\n1. w") == "\\# x\n\\- y\n\\+ z\n1\\. w"
