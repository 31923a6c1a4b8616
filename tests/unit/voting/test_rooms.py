"""A room that votes: who may enter, answer, see, reveal and close, and how much of it there is."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lib.core.errors import VoteError
from lib.core.voting import rooms as voting
from lib.core.voting import tries
from lib.core.voting.ballot import Ballot, Board, Question
from lib.core.voting.rooms import Rooms

HOST = "hash of the host's key"
QUESTION = Question("tour/3", "How many are trained?", ("none", "1,281", "all"), 2, "The head.")


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(clock: Clock) -> Rooms:
    return Rooms(4, 3, clock=clock)


def asked(rooms: Rooms, *voters: str, question: Question = QUESTION) -> tuple[str, str]:
    """Code and key of a room with a question and participants."""
    key = rooms.open(HOST)
    rooms.ask(key, question)
    code = board(rooms, key).code
    for voter in voters:
        rooms.enter(code, voter)
    return code, key


def board(rooms: Rooms, key: str) -> Board:
    found = rooms.board(key)
    assert found
    return found


def ballot(rooms: Rooms, code: str, voter: str) -> Ballot:
    found = rooms.ballot(code, voter)
    assert found
    return found


def other_codes(code: str) -> Iterator[str]:
    letters = product(voting.ALPHABET, repeat=voting.CODE_LENGTH)
    return (each for each in map("".join, letters) if each != code)


# --- Answers --------------------------------------------------------------------------------------


def test_every_answer_counts_once_and_can_be_changed_until_the_reveal(rooms: Rooms) -> None:
    code, key = asked(rooms, "ann", "bob")
    for place in (1, 3, 2):
        rooms.answer(code, "ann", 1, place)
    rooms.answer(code, "bob", 1, 3)
    assert board(rooms, key).counts == (0, 1, 1)
    assert ballot(rooms, code, "ann").own == 2
    rooms.reveal(key)
    with pytest.raises(VoteError, match="too late: the answers are revealed"):
        rooms.answer(code, "ann", 1, 1)
    assert board(rooms, key).counts == (0, 1, 1)


def test_a_participant_gets_neither_counts_nor_the_truth_before_the_reveal(rooms: Rooms) -> None:
    code, key = asked(rooms, "ann", "bob")
    rooms.answer(code, "ann", 1, 1)
    rooms.answer(code, "bob", 1, 2)
    hidden = ballot(rooms, code, "bob")
    assert hidden == Ballot(1, QUESTION.text, QUESTION.answers, own=2)
    rooms.reveal(key)
    shown = replace(hidden, revealed=True, right=2, after="The head.", counts=(1, 1, 0))
    assert ballot(rooms, code, "bob") == shown


def test_an_answer_to_the_question_before_is_not_one_to_the_next(rooms: Rooms) -> None:
    code, key = asked(rooms, "ann")
    rooms.answer(code, "ann", 1, 1)
    rooms.ask(key, replace(QUESTION, name="tour/4"))
    assert ballot(rooms, code, "ann").own is None
    with pytest.raises(VoteError, match="the next question is open"):
        rooms.answer(code, "ann", 1, 3)
    assert board(rooms, key).num_answers == 0


@pytest.mark.parametrize("place", [0, 4, -1])
def test_there_is_no_answer_beside_those_on_the_screen(rooms: Rooms, place: int) -> None:
    code, key = asked(rooms, "ann")
    with pytest.raises(VoteError, match="no such answer"):
        rooms.answer(code, "ann", 1, place)
    assert board(rooms, key).num_answers == 0


def test_who_has_not_entered_neither_sees_nor_answers(rooms: Rooms) -> None:
    code, _ = asked(rooms)
    assert rooms.ballot(code, "eve") is None
    with pytest.raises(VoteError, match="closed"):
        rooms.answer(code, "eve", 1, 1)


def test_two_keys_of_one_browser_have_one_answer(rooms: Rooms) -> None:
    code, key = asked(rooms, "tab 1", "tab 2")
    rooms.answer(code, "tab 1", 1, 1)
    rooms.answer(code, "tab 2", 1, 3)
    rooms.are_one("tab 2", "tab 1")
    assert board(rooms, key).counts == (1, 0, 0)
    assert board(rooms, key).num_inside == 1
    # Of one who had not answered yet, the answer moves.
    rooms.are_one("tab 1", "key of the cookie")
    assert ballot(rooms, code, "key of the cookie").own == 1
    rooms.are_one(HOST, "the host's other key")
    assert rooms.key_of("the host's other key") == key
    assert rooms.key_of(HOST) == ""


@given(some.lists(some.tuples(some.integers(0, 5), some.integers(1, 3)), max_size=40))
def test_the_counts_are_those_of_the_last_answer_of_each(given_: list[tuple[int, int]]) -> None:
    rooms = Rooms(1, 6)
    code, key = asked(rooms, *(f"voter {number}" for number in range(6)))
    for number, place in given_:
        rooms.answer(code, f"voter {number}", 1, place)
    last = list(dict(given_).values())
    assert board(rooms, key).counts == tuple(last.count(place) for place in (1, 2, 3))


def test_answers_of_many_threads_are_all_counted() -> None:
    heard: list[bool] = []
    rooms = Rooms(1, 60, on_change=lambda code, for_all: heard.append(for_all))
    names = [f"voter {number}" for number in range(60)]
    code, key = asked(rooms, *names)
    heard.clear()
    threads = [
        threading.Thread(target=rooms.answer, args=(code, name, 1, 1 + place % 3))
        for place, name in enumerate(names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert board(rooms, key).counts == (20, 20, 20)
    # The host hears of each; nobody else hears of an answer before the reveal.
    assert heard == [False] * 60
    rooms.reveal(key)
    assert heard[60:] == [True]


# --- The host -------------------------------------------------------------------------------------


def test_only_the_key_of_the_host_asks_reveals_and_closes(rooms: Rooms) -> None:
    code, key = asked(rooms, "ann")
    assert len(key) >= 43
    for wrong in ("", code, "ann", HOST, key[:-1]):
        assert rooms.board(wrong) is None
        for act in (rooms.reveal, rooms.close):
            with pytest.raises(VoteError):
                act(wrong)
        with pytest.raises(VoteError):
            rooms.ask(wrong, QUESTION)
    assert not ballot(rooms, code, "ann").revealed
    assert key not in repr((ballot(rooms, code, "ann"), board(rooms, key)))


def test_a_host_has_one_room_and_finds_it_again(rooms: Rooms) -> None:
    assert rooms.key_of(HOST) == ""
    key = rooms.open(HOST)
    assert rooms.open(HOST) == rooms.key_of(HOST) == key
    assert rooms.key_of("") == rooms.key_of("ann") == ""


def test_what_is_closed_is_gone(rooms: Rooms) -> None:
    code, key = asked(rooms, "ann")
    rooms.close(key)
    assert rooms.board(key) is None
    assert rooms.ballot(code, "ann") is None
    with pytest.raises(VoteError, match="closed"):
        rooms.answer(code, "ann", 1, 1)


@pytest.mark.parametrize("answers", [(), ("one",), tuple("ABCDEFGHI")], ids=len)
def test_a_question_has_two_to_eight_answers(rooms: Rooms, answers: tuple[str, ...]) -> None:
    with pytest.raises(VoteError, match=f"has {len(answers)} answers"):
        rooms.ask(rooms.open(HOST), replace(QUESTION, answers=answers))


# --- Bounds ---------------------------------------------------------------------------------------


def test_rooms_are_bounded_in_number_and_one_address_has_half() -> None:
    rooms = Rooms(4, 3)
    for number in range(2):
        rooms.open(f"mallory {number}", "10.0.0.9")
    with pytest.raises(VoteError, match="no more can be opened"):
        rooms.open("mallory 2", "10.0.0.9")
    rooms.open(HOST, "10.0.0.2")
    # This machine's own address may be that of a proxy, and has no share.
    rooms.open("another host")
    with pytest.raises(VoteError, match="4 rooms vote"):
        rooms.open("one more")


def test_a_room_is_bounded_in_size(rooms: Rooms) -> None:
    code, _ = asked(rooms, "ann", "bob", "cem")
    with pytest.raises(VoteError, match="3 browsers are in this room"):
        rooms.enter(code, "dora")
    assert rooms.enter(code, "ann") == code


@pytest.mark.parametrize(("step_s", "life_s"), [(voting.IDLE_S, voting.IDLE_S), (1_800, 21_600)])
def test_a_room_ends_when_nobody_uses_it_and_in_any_case_after_hours(
    rooms: Rooms, clock: Clock, step_s: float, life_s: float
) -> None:
    code, key = asked(rooms, "ann")
    while clock.now < life_s - step_s:
        clock.now += step_s
        rooms.answer(code, "ann", 1, 1)
    clock.now = life_s - 1
    assert rooms.board(key)
    clock.now = life_s
    assert rooms.board(key) is None
    assert rooms.ballot(code, "ann") is None
    assert rooms.key_of(HOST) == ""


# --- Codes ----------------------------------------------------------------------------------------


def test_a_code_has_four_letters_that_are_told_apart_and_is_typed_as_people_type(
    rooms: Rooms,
) -> None:
    code, _ = asked(rooms)
    assert len(code) == 4
    assert set(code) <= set(voting.ALPHABET)
    assert not set(voting.ALPHABET) & set("AEIOULQ0125")
    assert rooms.enter(f" {code[:2].lower()} {code[2:]} ", "ann") == code


def test_codes_cannot_be_tried_out_by_one_browser(rooms: Rooms, clock: Clock) -> None:
    code, _ = asked(rooms)
    wrong = other_codes(code)
    for guess in islice(wrong, tries.BY_BROWSER):
        with pytest.raises(VoteError, match="no room with this code"):
            rooms.enter(guess, "eve")
    # The right code tells nothing either.
    for guess in (next(wrong), code):
        with pytest.raises(VoteError, match="Too many wrong codes came from here"):
            rooms.enter(guess, "eve")
    assert rooms.enter(code, "ann") == code
    clock.now += tries.WINDOW_S
    assert rooms.enter(code, "eve") == code


def test_codes_cannot_be_tried_out_by_one_address_with_many_browsers(rooms: Rooms) -> None:
    code, _ = asked(rooms)
    for number, guess in enumerate(islice(other_codes(code), tries.BY_ADDRESS)):
        with pytest.raises(VoteError, match="no room with this code"):
            rooms.enter(guess, f"eve {number}", "10.0.0.9")
    with pytest.raises(VoteError, match="Too many wrong codes came from here"):
        rooms.enter(code, "another eve", "10.0.0.9")
    assert rooms.enter(code, "ann", "10.0.0.2") == code


def test_codes_cannot_be_tried_out_by_all_together(rooms: Rooms, clock: Clock) -> None:
    code, _ = asked(rooms, "ann")
    for number, guess in enumerate(islice(other_codes(code), tries.BY_ALL)):
        with pytest.raises(VoteError, match="no room with this code"):
            rooms.enter(guess, f"eve {number}", f"10.0.0.{number}")
    with pytest.raises(VoteError, match="being tried on this server"):
        rooms.enter(code, "bob", "10.0.1.1")
    # Who is inside stays inside.
    assert rooms.enter(code, "ann") == code
    clock.now += tries.WINDOW_S
    assert rooms.enter(code, "bob", "10.0.1.1") == code


def test_phones_that_ask_for_a_room_that_has_ended_try_out_nothing(
    rooms: Rooms, clock: Clock
) -> None:
    code, key = asked(rooms, "ann")
    rooms.close(key)
    for number in range(2 * tries.BY_ALL):
        with pytest.raises(VoteError, match="This room is closed"):
            rooms.enter(code, f"voter {number}")
    new, _ = asked(rooms, "ann")
    assert new != code
    clock.now += voting.LIFE_S
    for number in range(2 * tries.BY_ALL):
        with pytest.raises(VoteError, match="This room is closed"):
            rooms.enter(new, f"voter {number}")


def test_trying_all_codes_takes_days() -> None:
    num_codes = len(voting.ALPHABET) ** voting.CODE_LENGTH
    assert num_codes / tries.BY_ALL * tries.WINDOW_S > 3 * 86_400
