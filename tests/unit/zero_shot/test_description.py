"""What a link and a gesture may ask, and what the browser is sent."""

import json

import pytest

from lib.core.zero_shot import animals, ranking
from lib.ui import state
from lib.ui.parts.description import component
from lib.ui.zero_shot import description
from lib.ui.zero_shot.description import FIRST, Asked


@pytest.mark.parametrize(
    "asked",
    [
        FIRST,
        Asked.of_table("tiger"),
        Asked("zebra", frozenset(["stripes", "horns"]), True, 5.75),
        Asked("lion", frozenset()),
        Asked("horse", frozenset(animals.ATTRIBUTES), False, 12.0),
    ],
)
def test_a_link_restores_what_was_asked(asked: Asked) -> None:
    assert description.from_link(description.to_link(asked)) == (asked, ())


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({state.LINK_LEFT_OUT: "unicorn"}, "There is no animal `unicorn` here."),
        ({state.LINK_TICKS: "stripes.wheels"}, "There is no attribute `wheels` here."),
        ({state.LINK_AGAINST: "cats"}, "`against` in a link is `trained`, not `cats`."),
        ({state.LINK_CONSTANT: "nan"}, "`nan` is no constant: that is 0 to 12 in steps of 0.25."),
        ({state.LINK_CONSTANT: "0.3"}, "`0.3` is no constant: that is 0 to 12 in steps of 0.25."),
        ({state.LINK_CONSTANT: "x" * 900}, "is no constant"),
    ],
)
def test_what_a_link_cannot_mean_is_one_sentence_and_changes_nothing_else(
    link: dict[str, str], words: str
) -> None:
    asked, ignored = description.from_link(link)
    assert len(ignored) == 1
    assert words in ignored[0]
    assert (asked.left_out, asked.constant, asked.against_trained) == ("zebra", 0.0, False)


def test_the_attributes_that_a_link_has_besides_an_unknown_one_are_ticked() -> None:
    asked, _ = description.from_link({state.LINK_TICKS: "stripes.wheels.hooves"})
    assert asked.ticks == {"stripes", "hooves"}


@pytest.mark.parametrize(
    "changes",
    [
        {"leftOut": "unicorn"},
        {"ticks": ["wheels"]},
        {"ticks": [["stripes"]]},
        {"ticks": "stripes"},
        {"trained": 1},
        {"constant": 0.1},
        {"constant": float("nan")},
        {"constant": "1"},
    ],
)
def test_a_gesture_that_is_no_description_is_none(changes: dict[str, object]) -> None:
    said = {"leftOut": "zebra", "ticks": ["stripes"], "trained": False, "constant": 0}
    assert description._asked(said) == Asked("zebra", frozenset(["stripes"]))
    assert description._asked(said | changes) is None


def test_the_browser_gets_the_ranking_that_the_server_has_and_both_accuracies() -> None:
    asked = Asked("tiger", frozenset(["stripes"]), True, 0.5)
    sent = component.payload(asked, None, 7)
    fixed = json.loads(sent["fixed"])
    assert sent["ranking"]["places"] == asked.rank().places.tolist()
    assert sent["asked"] == {
        "leftOut": "tiger",
        "ticks": ["stripes"],
        "trained": True,
        "constant": 0.5,
    }
    step = fixed["constant"]["step"]
    assert fixed["accuracies"][round(0.5 / step)] == list(ranking.leave_one_out().accuracies(0.5))
    assert len(fixed["known"]["logits"]) == len(fixed["animals"]) == len(animals.ANIMALS)
