"""Whoever knows the key of the server looks after all runs; nobody else does."""

import re

import pytest

from lib.core.lab.lecturer import Lecturer


def test_a_key_has_eighty_random_bits_and_can_be_read_aloud():
    keys = {Lecturer().key for _ in range(100)}
    assert len(keys) == 100
    assert all(
        re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}", key) for key in keys
    )


def test_a_reader_who_gives_the_key_is_a_lecturer_and_no_other_reader_is():
    lecturer = Lecturer()
    assert lecturer.welcome(f"  {lecturer.key.upper()}\n", "anna")
    assert lecturer.is_one("anna")
    assert not lecturer.is_one("bert")
    assert not lecturer.is_one("")


@pytest.mark.parametrize("text", ["", " ", "0000-0000-0000-0000", "é" * 19, "x" * 10_000])
def test_another_text_makes_nobody_a_lecturer(text):
    lecturer = Lecturer()
    assert not lecturer.welcome(text, "anna")
    assert not lecturer.is_one("anna")


def test_a_reader_without_a_key_of_their_own_is_never_a_lecturer():
    lecturer = Lecturer()
    assert not lecturer.welcome(lecturer.key, "")
    assert not lecturer.is_one("")


def test_the_key_of_another_start_is_of_no_use():
    assert not Lecturer().welcome(Lecturer().key, "anna")
