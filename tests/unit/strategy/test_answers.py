"""Links and gestures of the strategy page: what they restore, and what nonsense in them does."""

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some

from lib.core import datasets
from lib.core.strategy.rule import Situation
from lib.ui import state
from lib.ui.strategy import answers as strategy_answers
from lib.ui.strategy.answers import MAX_CLASSES, MAX_IMAGES, Answers

KNOWN = datasets.DATASETS
OWN = strategy_answers.of_dataset(datasets.get("elpv"))

SITUATIONS = some.builds(
    Situation,
    num_images=some.integers(1, MAX_IMAGES),
    similarity=some.integers(0, 1000).map(lambda value: value / 1000),
    num_classes=some.integers(2, MAX_CLASSES),
    minutes=some.one_of(some.none(), some.sampled_from([0.5, 1.0, 90.0])),
    phone=some.booleans(),
    noisy=some.booleans(),
)


def restored(link):
    return strategy_answers.from_link(link, KNOWN, OWN)


@given(SITUATIONS)
def test_a_link_restores_every_answer(situation):
    link = strategy_answers.to_link(Answers("elpv", situation), "vgg16")
    chosen, found, ignored = restored(link)
    assert chosen == {"data": "elpv", "backbone": "vgg16"}
    assert found == situation
    assert ignored == ()


def test_what_a_link_does_not_say_the_dataset_answers():
    assert restored({}) == ({}, OWN, ())
    assert restored({"images": "77"})[1].similarity == OWN.similarity


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("data", "imagenet", "There is no dataset `imagenet` here."),
        ("backbone", "alexnet", "There is no backbone `alexnet` here."),
        ("images", "0", "`0` is no number of images: that is 1 to 10,000,000"),
        ("images", "-5", "`-5` is no number of images"),
        ("images", "1.5", "`1.5` is no number of images"),
        ("images", "many", "`many` is no number of images"),
        ("images", "99999999", "`99999999` is no number of images"),
        ("classes", "1", "`1` is no number of classes: that is 2 to 1,000"),
        ("similar", "1.1", "`1.1` is no similarity: that is 0 to 1"),
        ("similar", "nan", "`nan` is no similarity"),
        ("minutes", "0", "`0` is no time in minutes."),
        ("minutes", "inf", "`inf` is no time in minutes."),
        ("phone", "yes", "`phone` in a link is 0 or 1, not `yes`."),
        ("noisy", "<b>", "`noisy` in a link is 0 or 1, not `<b>`."),
        ("images", "`*x*`\n" * 30, "is no number of images"),
    ],
)
def test_nonsense_in_a_link_is_ignored_in_words(name, value, words):
    chosen, found, ignored = restored({name: value})
    assert chosen == {}
    assert found == OWN
    (sentence,) = ignored
    assert words in sentence
    assert "\n" not in sentence
    assert len(sentence) < 160


def test_a_dataset_of_the_app_answers_by_itself():
    assert OWN.num_images == datasets.get("elpv").max_train_images
    assert OWN.num_classes == 2
    assert not OWN.is_similar
    assert strategy_answers.of_dataset(datasets.get("cats_vs_dogs")).is_similar


# --- Gestures -------------------------------------------------------------------------------------

GOOD = {
    "images": 300,
    "classes": 3,
    "similarity": 0.25,
    "minutes": None,
    "phone": True,
    "noisy": False,
    "dataset": "elpv",
    "number": 4,
}


@pytest.fixture
def session(monkeypatch):
    kept = {}
    monkeypatch.setattr(st, "session_state", kept)
    return kept


def test_a_gesture_is_taken_over_whole(session):
    assert strategy_answers.accept(GOOD, "elpv") == 4
    answers = strategy_answers.read(datasets.get("elpv"))
    assert answers == Answers("elpv", Situation(300, 0.25, 3, phone=True))


def test_what_was_said_of_one_dataset_is_not_said_of_another(session):
    strategy_answers.accept(GOOD, "elpv")
    other = datasets.get("openmoji_animals_food")
    assert strategy_answers.read(other).situation == strategy_answers.of_dataset(other)
    # A late gesture of the dataset before changes nothing of this one.
    assert strategy_answers.accept(GOOD | {"number": 9}, other.id) == 9
    assert strategy_answers.read(other).situation == strategy_answers.of_dataset(other)


def test_without_a_number_of_images_the_dataset_answers_again(session):
    strategy_answers.accept(GOOD, "elpv")
    strategy_answers.accept(GOOD | {"images": None, "number": 5}, "elpv")
    assert strategy_answers.read(datasets.get("elpv")).situation == OWN


@pytest.mark.parametrize(
    "nonsense",
    [
        {"images": 0},
        {"images": "300"},
        {"images": MAX_IMAGES + 1},
        {"classes": 1},
        {"classes": 10**9},
        {"similarity": 2},
        {"similarity": float("nan")},
        {"similarity": None},
        {"minutes": -1},
        {"minutes": float("inf")},
        {"minutes": "soon"},
        {"phone": 1},
        {"noisy": None},
    ],
)
def test_a_gesture_of_nonsense_changes_nothing(session, nonsense):
    assert strategy_answers.accept(GOOD | nonsense, "elpv") == 4
    assert strategy_answers.read(datasets.get("elpv")).situation == OWN


@pytest.mark.parametrize("gesture", [None, {}, [], "x", {"number": "4"}, {"images": 300}])
def test_what_is_no_gesture_has_no_number(session, gesture):
    assert strategy_answers.accept(gesture, "elpv") == 0
    assert state.SITUATION not in session
