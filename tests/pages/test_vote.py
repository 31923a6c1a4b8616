"""A room that votes: the host's vote on the page of a lesson, and the page of a participant."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from lib.core.errors import VoteError
from lib.core.voting import tries
from lib.core.voting.ballot import Question
from lib.tools.measure_vote import host_page
from lib.ui import cache, live, state
from lib.ui.vote import projector
from tests.speeds import PATIENCE_S

APP = Path(__file__).resolve().parents[2] / "app.py"
QUESTION = Question(
    "tour/3",
    "Is *it* frozen?",
    ("Yes", "No, `all`", "[So](//x)"),
    2,
    "It thaws.",
    "Here is _it_.",
)


@pytest.fixture(autouse=True)
def _no_room_of_another_test() -> Iterator[None]:
    cache.rooms.clear()
    yield
    cache.rooms.clear()


def phone(**link: str) -> AppTest:
    """The page of a participant, in a browser of its own."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    app.query_params.update(link)
    app.switch_page("pages/vote.py").run()
    assert not app.exception
    return app


def room(question: Question = QUESTION) -> tuple[str, str]:
    """Key and code of a room with a question."""
    key = cache.rooms().open("a host")
    cache.rooms().ask(key, question)
    board = cache.rooms().board(key)
    assert board
    return key, board.code


def counts(key: str) -> tuple[int, ...]:
    board = cache.rooms().board(key)
    assert board
    return board.counts


def type_code(app: AppTest, code: str) -> None:
    # In a form, a browser sends what was typed with the press only.
    app.text_input(key=state.VOTE_CODE).input(code)
    press(app, state.VOTE_ENTER)


def answer(app: AppTest, number: int, place: int) -> None:
    app.button(key=f"{state.VOTE_ANSWER}_{number}_{place}").click().run()
    assert not app.exception


def said(app: AppTest) -> str:
    """Everything that a page says in words."""
    parts = [*app.markdown, *app.caption, *app.warning, *app.info]
    return "\n".join(part.value for part in parts)


def boards(app: AppTest) -> list[dict[str, Any]]:
    """What the browser gets to draw of a vote."""
    sent = [json.loads(part.proto.json) for part in app.get("bidi_component") if part.proto.json]
    return [data for data in sent if data and "answered" in data]


# --- On a phone -----------------------------------------------------------------------------------


def test_a_code_leads_in_an_answer_counts_once_and_can_be_changed() -> None:
    key, code = room()
    app = phone()
    (field,) = app.text_input
    assert re.fullmatch("for example [A-Z]{4}", field.placeholder)
    type_code(app, f"{code[:2].lower()} {code[2:]}")
    assert app.query_params[state.LINK_ROOM] == code
    assert [each.label for each in app.button] == [
        "**A** Yes",
        "**B** No, \\`all\\`",
        "**C** \\[So\\](//x)",
    ]
    assert "Here is \\_it\\_." in said(app)
    assert "## Is \\*it\\* frozen?" in said(app)
    answer(app, 1, 1)
    assert counts(key) == (1, 0, 0)
    assert "Your answer: **A**. You can change it until it is revealed." in said(app)
    answer(app, 1, 3)
    assert counts(key) == (0, 0, 1)
    assert "Your answer: **C**. You can" in said(app)


def test_a_phone_learns_the_answers_of_others_and_the_truth_with_the_reveal_only() -> None:
    key, code = room()
    cache.rooms().enter(code, "another")
    cache.rooms().answer(code, "another", 1, 2)
    app = phone(room=code)
    answer(app, 1, 3)
    assert not boards(app)
    assert "It thaws." not in said(app)
    cache.rooms().reveal(key)
    app.run()
    (board,) = boards(app)
    assert [each["count"] for each in board["answers"]] == [0, 1, 1]
    assert [each["right"] for each in board["answers"]] == [False, True, False]
    assert [each["own"] for each in board["answers"]] == [False, False, True]
    assert board["after"] == "It thaws."
    # There is nothing left to press, and a forged press is refused.
    assert not app.button
    with pytest.raises(VoteError):
        cache.rooms().answer(code, "another", 1, 1)


def test_a_phone_follows_the_host_to_the_next_question_and_to_the_end() -> None:
    key, code = room()
    app = phone(room=code)
    answer(app, 1, 1)
    cache.rooms().ask(key, Question("tour/4", "And now?", ("Hot", "Cold")))
    app.run()
    assert "## And now?" in said(app)
    assert [each.label for each in app.button] == ["**A** Hot", "**B** Cold"]
    assert "Choose one." in said(app)
    cache.rooms().close(key)
    app.run()
    assert "This room is closed." in said(app)
    assert app.text_input(key=state.VOTE_CODE).value == ""


def test_a_press_that_comes_too_late_says_so_and_counts_nowhere() -> None:
    key, code = room()
    app = phone(room=code)
    cache.rooms().reveal(key)
    answer(app, 1, 1)
    assert "Your answer came too late: the answers are revealed." in said(app)
    assert "You did not answer." in said(app)
    assert counts(key) == (0, 0, 0)
    # It is nothing to say of the next question.
    cache.rooms().ask(key, QUESTION)
    app.run()
    assert "too late" not in said(app)


def test_wrong_codes_are_refused_and_soon_also_right_ones() -> None:
    _, code = room()
    app = phone(room="AAAA")
    assert state.LINK_ROOM not in app.query_params
    for _ in range(tries.BY_BROWSER - 1):
        type_code(app, "AAAA")
        assert "There is no room with this code." in said(app)
    type_code(app, code)
    assert "Too many wrong codes came from here." in said(app)
    assert not [each for each in app.button if each.label.startswith("**A**")]


def test_a_tab_that_takes_the_key_of_an_earlier_tab_has_one_answer_with_it() -> None:
    key, code = room()
    first, second = phone(room=code), phone(room=code)
    answer(second, 1, 3)
    # The browser's cookie is the first tab's (lib/ui/uploads/reader.py).
    second.session_state[state.READER] = first.session_state[state.READER]
    second.run()
    assert counts(key) == (0, 0, 1)
    first.run()
    assert "Your answer: **C**." in said(first)
    answer(first, 1, 1)
    assert counts(key) == (1, 0, 0)


def test_a_phone_that_comes_before_the_question_waits_for_it() -> None:
    key = cache.rooms().open("a host")
    board = cache.rooms().board(key)
    assert board
    app = phone(room=board.code)
    assert f"You are in the room **{board.code}**." in said(app)
    cache.rooms().ask(key, QUESTION)
    app.run()
    assert app.button[0].label == "**A** Yes"


def test_phone_and_projector_are_told_of_news_and_do_not_have_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    followed: list[tuple[str, bool]] = []

    def follow(code: str, *, as_host: bool = False) -> None:
        followed.append((code, as_host))

    monkeypatch.setattr(live, "follow_room", follow)
    app = host()
    assert not followed
    press(app, state.VOTE_ASK)
    code = boards(app)[0]["door"]["code"]
    phone(room=code)
    assert followed == [(code, True), (code, False)]


# --- On the projector -----------------------------------------------------------------------------


def lesson() -> None:
    """A page with a step of a lesson, as the guide draws it."""
    from dataclasses import dataclass

    import streamlit as st

    from lib.ui.vote import projector

    @dataclass(frozen=True)
    class Step:
        question: str = "Is *it* frozen?"
        answers: tuple[str, ...] = ("Yes", "No, `all`", "[So](//x)")
        right: int = 2
        after: str = "It thaws."
        say: str = "Here is _it_."

    st.text(f"revealed: {projector.offer('tour', 3, Step())}")


def host() -> AppTest:
    app = AppTest.from_function(lesson, default_timeout=PATIENCE_S).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def test_a_host_asks_watches_the_bars_grow_reveals_and_closes() -> None:
    app = host()
    assert [each.label for each in app.button] == ["Ask the room"]
    press(app, state.VOTE_ASK)
    (board,) = boards(app)
    code = board["door"]["code"]
    assert (board["answered"], board["inside"], board["revealed"]) == (0, 0, False)
    assert board["say"] == "Here is _it_."
    other = phone(room=code)
    answer(other, 1, 2)
    app.run()
    (board,) = boards(app)
    assert (board["answered"], board["inside"]) == (1, 1)
    assert [each["count"] for each in board["answers"]] == [0, 1, 0]
    # The truth comes with the reveal.
    assert not any(each["right"] for each in board["answers"])
    assert app.text[0].value == "revealed: False"
    app.toggle(key=state.VOTE_BARS).set_value(False).run()
    assert [each["count"] for each in boards(app)[0]["answers"]] == [None, None, None]
    press(app, state.VOTE_REVEAL)
    (board,) = boards(app)
    assert [each["count"] for each in board["answers"]] == [0, 1, 0]
    assert [each["right"] for each in board["answers"]] == [False, True, False]
    press(app, state.VOTE_SHOW_PAGE)
    assert app.text[0].value == "revealed: True"
    assert not boards(app)
    assert f"Room **{code}**: 1 answer." in said(app)
    press(app, state.VOTE_SHOW)
    press(app, state.VOTE_CLOSE)
    assert [each.label for each in app.button] == ["Ask the room"]
    other.run()
    assert "This room is closed." in said(other)


@pytest.mark.parametrize(
    ("more", "asks"),
    [({"present": "1"}, True), ({}, False), ({"present": "1", "notes": "1"}, False)],
    ids=["on a projector", "for one reader", "in the window of the notes"],
)
def test_a_step_with_a_question_offers_to_ask_the_room(more: dict[str, str], asks: bool) -> None:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    address, link = host_page()
    app.query_params.update(dict(parse_qsl(link)))
    if "present" not in more:
        del app.query_params["present"]
    app.query_params.update(more)
    app.switch_page(f"pages/{address}.py").run()
    assert not app.exception
    assert ("Ask the room" in [each.label for each in app.button]) is asks


def test_a_participant_has_neither_the_buttons_nor_the_key_of_the_host() -> None:
    app = host()
    press(app, state.VOTE_ASK)
    (board,) = boards(app)
    stranger = host()
    assert [each.label for each in stranger.button] == ["Ask the room"]
    other = phone(room=board["door"]["code"])
    assert {each.key.rpartition("_")[0] for each in other.button} == {f"{state.VOTE_ANSWER}_1"}
    # The key of the host is in nothing that any browser gets or keeps.
    key = cache.rooms().key_of(str(app.session_state[state.VOTER]))
    assert key
    for each in (app, other):
        sent = [part.proto for kind in ("bidi_component", "button") for part in each.get(kind)]
        assert "KEY" not in str(sent).replace(key, "KEY")
        assert "KEY" not in str(each.session_state).replace(key, "KEY")


def test_a_server_that_listens_here_only_says_how_to_open_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projector.address, "of_this_machine", lambda: "192.168.1.7")
    app = host()
    press(app, state.VOTE_ASK)
    door = boards(app)[0]["door"]
    assert (door["address"], door["modules"]) == ("", [])
    assert door["closed"][0].startswith("Phones cannot come in yet")
    assert door["command"] == "streamlit run app.py --server.address 0.0.0.0"
    assert door["closed"][1] == "Phones then find it at http://192.168.1.7:8501/vote."
    monkeypatch.setattr(projector.address, "of_this_machine", lambda: "")
    app.run()
    (why,) = boards(app)[0]["door"]["closed"]
    assert "this machine is in no network" in why


def test_a_server_in_the_network_of_the_room_shows_a_qr_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projector.address, "of_this_machine", lambda: "192.168.1.7")
    options = {"server.address": "0.0.0.0", "browser.serverAddress": "localhost"}
    monkeypatch.setattr(projector.st, "get_option", options.get)
    app = host()
    press(app, state.VOTE_ASK)
    (board,) = boards(app)
    door = board["door"]
    assert door["address"] == "192.168.1.7:8501/vote"
    # Version 3 of a QR code, which takes the link at the medium level of correction.
    assert {len(row) for row in door["modules"]} == {len(door["modules"])} == {29}
    assert door["modules"][0].startswith("1111111")
    assert door["closed"] == []
