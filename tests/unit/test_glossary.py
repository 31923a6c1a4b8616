"""The glossary: each term says what it means in two sentences and a picture."""

import re
from xml.etree import ElementTree

import pytest

from lib.ui import glossary

# Classes that lib/ui/parts/frame/style.css gives a colour.
COLOURED = {
    *("frozen", "trainable", "ink", "soft", "heat", "edge", "outline"),
    *("line", "thick", "strong", "statistics-line"),
}


@pytest.mark.parametrize("id_", glossary.TERMS)
def test_a_term_has_two_sentences_and_a_picture(id_: str) -> None:
    each = glossary.TERMS[id_]
    assert len(re.findall(r"[.](?:\s|$)", each.text)) == 2
    drawn = ElementTree.fromstring(f"<svg>{each.picture}</svg>")
    classes = {word for part in drawn for word in part.get("class", "").split()}
    assert len(drawn) >= 2
    assert classes <= COLOURED


@pytest.mark.parametrize("id_", glossary.TERMS)
def test_a_term_is_found_by_its_words_and_not_within_others(id_: str) -> None:
    each = glossary.TERMS[id_]
    first = re.sub(r"\(\?:([^|)]*)[^)]*\)\??|.\?", r"\1", each.words[0])
    assert each.is_in(f"Here is {first}.")
    assert not each.is_in(f"Here is un{first}ish.")


def test_a_page_that_uses_a_term_without_offering_it_is_found() -> None:
    said = "The backbone is frozen, and the head is trained for ten epochs."
    assert glossary.unexplained(said, []) == ["backbone", "head", "frozen", "epoch"]
    assert glossary.unexplained(said, ["backbone", "head", "frozen"]) == ["epoch"]


def test_an_offered_word_that_no_term_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        glossary.term("gradient descent")
