"""What a comparison found, in sentences, at both sides of each threshold."""

import numpy as np
import pytest

from lib.core.intervals import paired_difference
from lib.core.reading.evaluation import Evaluation, compare, on_common_images
from lib.core.strategy import evidence, outcome
from lib.core.strategy.learning_curve import Point
from lib.core.strategy.outcome import Judged

NUM_IMAGES = 40


def answers(correct: int, num_images: int = NUM_IMAGES, first: int = 0) -> Evaluation:
    """Answers to some images, the first ones right."""
    label = np.arange(num_images) % 2
    right = np.arange(num_images) < correct
    predicted = np.where(right, label, 1 - label)
    index = np.arange(first, first + num_images)
    return Evaluation(index, label, np.eye(2)[predicted], ("cat", "dog"))


def judged(correct: int, size: int = 224) -> Judged:
    return Judged(size, answers(correct))


def test_the_head_is_enough_where_no_other_is_better_by_more_than_chance() -> None:
    found = {"head": judged(37), "top": judged(39), "everything": judged(36)}
    assert outcome.winner(found) == "head"
    assert outcome.finding(found) == (
        "The head alone at 224 pixels gets 37 of 40 right (32 to 39); thawing more is not better "
        "by more than chance."
    )


@pytest.mark.parametrize("way", [way for way in evidence.WAYS if way != "head"])
def test_a_way_that_is_better_by_more_than_chance_has_a_sentence_of_its_own(way: str) -> None:
    found = {"head": judged(25), way: judged(39, 160)}
    assert outcome.winner(found) == way
    sentence = outcome.finding(found)
    assert "at 160 pixels gets 39 of 40 right (35 to 40)" in sentence
    assert sentence.endswith("more than the head alone by more than chance.")
    assert sentence == outcome.BETTER[way].format(size=160, right=39, total=40, low=35, high=40)


def test_the_border_is_the_interval_of_the_difference() -> None:
    head = 30
    sides = [compare(answers(head), answers(more)).low > 0 for more in range(head, NUM_IMAGES + 1)]
    first = head + sides.index(True)
    assert outcome.winner({"head": judged(head), "top": judged(first - 1)}) == "head"
    assert outcome.winner({"head": judged(head), "top": judged(first)}) == "top"


def test_of_several_better_ways_the_most_accurate_wins() -> None:
    assert outcome.winner({"head": judged(10), "top": judged(30), "middle": judged(38)}) == "middle"


def test_without_a_finished_head_nothing_is_compared() -> None:
    assert outcome.finding({}) == outcome.NOTHING
    assert outcome.finding({"top": judged(39)}) == outcome.NO_HEAD
    assert outcome.winner({"top": judged(39)}) is None
    assert "no other strategy has finished" in outcome.finding({"head": judged(39)})


def test_a_cross_validated_head_is_compared_on_the_images_of_both() -> None:
    head = Judged(224, answers(30))  # an answer to every image, the last ten wrong
    on_right = Judged(224, answers(10, 10, first=20))
    on_wrong = Judged(224, answers(10, 10, first=30))
    assert outcome.winner({"head": head, "top": on_right}) == "head"
    assert outcome.winner({"head": head, "top": on_wrong}) == "top"
    elsewhere = Judged(224, answers(10, 10, first=90))
    assert outcome.winner({"head": head, "top": elsewhere}) == "head"


def test_only_the_images_that_both_have_seen_are_kept() -> None:
    first, second = on_common_images(answers(40), answers(3, 20, first=30))
    assert first.index.tolist() == second.index.tolist() == list(range(30, 40))
    with pytest.raises(ValueError, match="different images"):
        on_common_images(answers(40), answers(3, 20, first=40))


def test_the_next_step_says_what_more_images_would_bring() -> None:
    assert outcome.next_step() == outcome.TAKE_HOME
    then = Point(80, 0.96, 0.93, 1.0)
    assert outcome.next_step(0.95, then, num_images=40) == (
        "Take it home, or bring more images: with twice as many expect .96 (.93 to 1.00)."
    )
    assert outcome.next_step(0.955, then, num_images=40) == (
        "Take it home: with twice as many images expect .96 (.93 to 1.00), hardly more."
    )
    # A learning curve of other images than those of the run names its number.
    assert outcome.next_step(0.8, then, num_images=20) == (
        "Take it home, or bring more images: with 80 expect .96 (.93 to 1.00)."
    )
    assert outcome.next_step(0.96, then, num_images=20) == (
        "Take it home: with 80 images expect .96 (.93 to 1.00), hardly more."
    )


def test_each_choice_is_compared_with_the_head_on_the_images_of_both() -> None:
    found = outcome.choices({"everything": judged(20), "top": judged(39), "head": judged(30)})
    assert [(each.way, each.difference.difference) for each in found] == [
        ("top", 9 / NUM_IMAGES),
        ("everything", -10 / NUM_IMAGES),
    ]
    elsewhere = {"head": judged(30), "top": Judged(224, answers(10, 10, first=90))}
    assert not outcome.choices(elsewhere)
    assert not outcome.choices({"top": judged(39)})


@pytest.mark.parametrize(
    ("top", "everything", "words"),
    [
        (39, 20, "*Top layers* is better than the head alone by 22 points and *Everything* worse"),
        (39, 30, "no choice is worse by more than chance"),
        (31, 20, "*Everything* is worse than the head alone by 25 points; no choice is better"),
        (31, 30, "40 test images cannot tell them apart"),
    ],
)
def test_a_sentence_says_what_can_be_told(top: int, everything: int, words: str) -> None:
    found = {"head": judged(30), "top": judged(top), "everything": judged(everything)}
    assert words in outcome.in_words(outcome.choices(found))


def test_a_smaller_gain_that_is_told_apart_is_named_before_a_larger_one_that_is_not() -> None:
    sure = outcome.Choice("top", paired_difference(0, 8, NUM_IMAGES))
    noisy = outcome.Choice("everything", paired_difference(14, 23, NUM_IMAGES))
    assert noisy.difference.difference > sure.difference.difference
    assert outcome.in_words((sure, noisy)).startswith("*Top layers* is better")
