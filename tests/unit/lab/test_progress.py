"""Events fold into one picture, whatever order, repetition or loss they come with."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core.lab import progress
from lib.core.lab.progress import Progress
from lib.core.runs import EpochRecord


def epoch(number, phase="feature_extraction"):
    return EpochRecord(number, phase, 0.5, 0.75, 0.6, 0.7, 1e-3, 0.1)


def epoch_event(number, **more):
    return {"state": "training", "done": 0, "total": 5, "epoch": vars(epoch(number)), **more}


def fold(*events):
    picture = Progress()
    for event in events:
        picture = progress.apply(picture, event)
    return picture


STORY = (
    {"state": "queued", "position": 2},
    {"state": "starting", "done": 0, "total": 0, "num_epochs": 2},
    {"state": "loading_data", "done": 3, "total": 240},
    {"state": "loading_model", "done": 0, "total": 0},
    {"state": "computing_features", "done": 32, "total": 160},
    {"state": "training", "done": 1, "total": 5},
    epoch_event(1, seconds_left=4.5),
    {"state": "training", "done": 5, "total": 5},
    epoch_event(2, seconds_left=0.0),
    {"state": "evaluating", "done": 0, "total": 0},
    {"state": "storing", "done": 0, "total": 0},
    {"state": "finished"},
)


def test_a_run_is_told_in_words_from_the_queue_to_its_end():
    words, picture = [], Progress()
    for event in STORY:
        picture = progress.apply(picture, event)
        words.append(picture.words)
    assert words == [
        "Queued, 1 before it",
        "Starting",
        "Loading the images",
        "Loading the backbone",
        "Computing the features of the frozen layers, once: 32 of 160 images",
        "Epoch 1 of 2",
        "Epoch 2 of 2",
        "Epoch 2 of 2",
        "Epoch 2 of 2",
        "Evaluating on the test images",
        "Storing the run",
        "Finished",
    ]
    assert picture.ended
    assert [record.epoch for record in picture.history] == [1, 2]


def test_every_state_has_words_and_the_four_ends_are_among_them():
    assert {"finished", "cancelled", "failed", "interrupted"} == progress.ENDED
    assert set(progress.STATES) >= progress.ENDED
    for state in progress.STATES:
        assert Progress(state).words


def test_the_share_grows_and_reaches_one():
    picture, shares = Progress(), []
    for event in STORY:
        picture = progress.apply(picture, event)
        shares.append(picture.share)
    assert shares == sorted(shares)
    assert shares[5:9] == [0.1, 0.5, 1.0, 1.0]
    assert shares[-1] == 1.0


def test_the_first_in_the_queue_is_not_told_of_others():
    assert fold({"state": "queued", "position": 1}).words == "Queued, next in turn"
    assert fold({"state": "queued", "position": 3}).words == "Queued, 2 before it"


def test_an_epoch_that_repeats_or_skips_changes_nothing():
    once = fold(STORY[1], epoch_event(1, seconds_left=4.5))
    assert progress.apply(once, epoch_event(1, seconds_left=99.0)) == once
    assert progress.apply(once, epoch_event(3, seconds_left=99.0)) == once


@pytest.mark.parametrize("end", sorted(progress.ENDED))
def test_nothing_comes_after_the_end(end):
    ended = fold(STORY[1], {"state": end, "message": "Why.", "next_step": "What now."})
    assert ended.ended
    for event in (*STORY, epoch_event(1)):
        assert progress.apply(ended, event) == ended
    assert (ended.message, ended.next_step) == ("Why.", "What now.")


def test_what_was_finished_stays_when_a_run_fails():
    picture = fold(STORY[1], epoch_event(1), {"state": "failed", "message": "The loss became nan."})
    assert len(picture.history) == 1
    assert picture.share == 0.5
    assert picture.message == "The loss became nan."


def test_a_state_nobody_knows_changes_nothing():
    assert fold({"state": "dreaming"}) == Progress()
    assert fold({}) == Progress()


@given(st.lists(st.sampled_from(STORY), max_size=30))
def test_any_order_of_events_gives_a_picture_that_can_be_shown(events):
    picture = Progress()
    for event in events:
        after = progress.apply(picture, event)
        assert len(after.history) >= len(picture.history)
        picture = after
    assert 0 <= picture.share <= 1
    assert picture.words
    assert [record.epoch for record in picture.history] == list(range(1, len(picture.history) + 1))


@given(st.data())
def test_a_late_reader_who_gets_everything_twice_sees_the_same(data):
    cut = data.draw(st.integers(0, len(STORY)))
    assert fold(*STORY) == fold(*STORY[:cut], *STORY) == fold(*STORY, *STORY[cut:])


def test_a_picture_is_a_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Progress().state = "training"
