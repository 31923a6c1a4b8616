"""What a participant of a vote could do to it: try codes, answer twice, look early, end it."""

import json
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

from lib.core.voting import rooms, tries
from lib.tools.attack.registry import attack, hold
from lib.tools.attack.target import Target
from lib.tools.attack.visitor import Visitor, new_reader
from lib.tools.measure_vote import host_page
from lib.ui import state

VOTE = "vote"
NUM_SESSIONS = 2 * tries.BY_ALL


@attack()
def answers_that_are_not_ones_own(target: Target) -> str:
    """A participant answers twice, looks early, forges the host's buttons and comes late."""
    lecturer, reader = new_reader(), new_reader()
    with Visitor(target, *host_page(), reader=lecturer).open() as host:
        host.click(state.VOTE_ASK)
        buttons = {key: host.widget(key)[1].id for key in (state.VOTE_REVEAL, state.VOTE_CLOSE)}
    link = f"{state.LINK_ROOM}={_board(target, lecturer)['door']['code']}"
    with (
        Visitor(target, VOTE, link, reader=new_reader()).open() as anna,
        Visitor(target, VOTE, link, reader=reader).open() as mallory,
        Visitor(target, VOTE, link, reader=reader).open() as second_tab,
        Visitor(target, *host_page(), reader=reader).open() as stranger,
    ):
        anna.click(_key(2))
        ids = [mallory.widget(_key(place))[1].id for place in (1, 2)]
        # Both at once, and another one from a second tab of the same browser.
        mallory.run(*map(_press, ids))
        second_tab.click(_key(1))
        answered = _board(target, lecturer)["answered"]
        hold(answered == 2, f"{answered} answers of two participants.")
        # The buttons of the host by their ids, on a participant's page and on the host's own page.
        for id_ in buttons.values():
            mallory.run(_press(id_))
            stranger.run(_press(id_))
        before = _board(target, lecturer)
        hold(not before["revealed"], "A participant has revealed the answers.")
        early = any(map(_tells, (mallory, second_tab, stranger)))
        hold(not early, "A participant gets the answers before the reveal.")
        with Visitor(target, *host_page(), reader=lecturer).open() as host:
            host.click(state.VOTE_REVEAL)
            hold(_tells(host), "The host does not get them.")
        # The first one may end with what the server tells of the reveal.
        for _ in range(2):
            mallory.run(_press(ids[1]))
        hold(_counts(_board(target, lecturer)) == _counts(before), "An answer comes too late.")
        with Visitor(target, *host_page(), reader=lecturer).open() as host:
            host.click(state.VOTE_CLOSE)
    return f"{_counts(before)} of two participants, revealed and closed by the host alone"


@attack(alone=True)
def codes_of_rooms_in_bulk(target: Target) -> str:
    """Sessions with a new cookie each try codes, one after the other."""
    told = 0
    for number in range(NUM_SESSIONS):
        code = "".join(
            rooms.ALPHABET[number // len(rooms.ALPHABET) ** place % len(rooms.ALPHABET)]
            for place in range(rooms.CODE_LENGTH)
        )
        link = f"{state.LINK_ROOM}={code}"
        with Visitor(target, VOTE, link, reader=new_reader()).open() as page:
            refused = "Too many wrong codes are being tried" in page.text()
            hold(refused or "no room with this code" in page.text(), "The page says neither.")
            told += not refused
    # A slow machine may take longer than a minute for all sessions.
    hold(told < NUM_SESSIONS, f"{told} codes could be tried.")
    return f"{told} of {NUM_SESSIONS} tries told whether there is a room"


def _key(place: int) -> str:
    """Of the button of an answer to the first question."""
    return f"{state.VOTE_ANSWER}_1_{place}"


def _press(id_: str) -> WidgetState:
    return WidgetState(id=id_, trigger_value=True)


def _tells(tab: Visitor) -> bool:
    """True if a tab was sent how many gave which answer."""
    sent = (message.delta.new_element.bidi_component.json for message in tab.raw)
    return any('"answered"' in each for each in sent)


def _board(target: Target, lecturer: str) -> dict[str, Any]:
    """What a new tab of the host gets to draw; an open one is told of news in between."""
    with Visitor(target, *host_page(), reader=lecturer).open() as host:
        for kind, element in host.elements.values():
            if kind == "bidi_component" and '"answered"' in element.json:
                return dict(json.loads(element.json))
    raise LookupError("There is no vote on the page.")


def _counts(board: dict[str, Any]) -> list[int]:
    return [each["count"] for each in board["answers"]]
