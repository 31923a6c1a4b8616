"""The page Broken on purpose without a browser: the game, its link, and the catalogue."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.core import datasets
from lib.core.broken import faults, game, store
from lib.core.broken.cases import CASES, SYMPTOMS
from lib.core.broken.faults import FAULTS
from lib.core.broken.game import EVIDENCE, NOTHING
from lib.ui import state
from lib.ui.broken import catalogue, play
from tests.speeds import PATIENCE_S

APP = Path(__file__).parents[2] / "app.py"
ROUND = play.new(1)
RIGHT = {case: play.right(case) for case in play.cases()}


def open_page(**link: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=PATIENCE_S).run()
    for name, value in link.items():
        page.query_params[name] = value
    page.switch_page("pages/broken.py").run()
    assert not page.exception
    return page


def headings(page: AppTest) -> list[str]:
    return [each.value for each in page.subheader]


def text(page: AppTest) -> str:
    return "\n".join(each.value for each in (*page.markdown, *page.caption))


def in_link(page: AppTest, name: str) -> str:
    value = page.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


def ask(page: AppTest, key: str) -> AppTest:
    return page.button(key=f"{state.BROKEN_EVIDENCE}_{key}").click().run()


def opened(page: AppTest) -> list[str]:
    """The titles of the pieces of evidence on the page."""
    return [each.value[5:] for each in page.markdown if each.value.startswith("#### ")]


def name(page: AppTest, fault: str) -> AppTest:
    place = int(headings(page)[0].split()[1]) - 1
    key = f"{state.BROKEN_ANSWER}_{ROUND.seed}_{ROUND.cases[place]}"
    page.radio(key=key).set_value(fault).run()
    page.button(key=state.BROKEN_NAME).click().run()
    assert not page.exception
    return page


def wrong(case: str) -> str:
    return next(each for each in play.offered(case) if each != play.right(case))


def test_it_opens_with_curves_answers_and_nothing_that_tells_the_answer() -> None:
    page = open_page()
    case = CASES[ROUND.cases[0]]
    assert headings(page) == ["Case 1 of 5"]
    assert page.button(key=state.BROKEN_NAME).disabled
    assert len(page.get("plotly_chart")) == 1
    assert not page.table
    for told in (case.title, case.look, FAULTS[case.fault].does if case.fault else "Framed"):
        assert told not in text(page)
    # The rates are evidence, also in the figure.
    assert "rate" not in page.get("plotly_chart")[0].proto.spec


def test_a_case_says_what_was_learned_and_asks_for_evidence_before_the_answer() -> None:
    page = open_page()
    spec = datasets.get(CASES[ROUND.cases[0]].config.dataset)
    assert f"the {spec.num_classes} classes of **{spec.title}**" in text(page)
    steps = [each.value for each in page.markdown if each.value.startswith(("**1", "**2"))]
    assert steps == ["**1 Ask for evidence**", "**2 Name the fault**"]


def test_evidence_costs_a_point_and_is_in_the_link() -> None:
    page = ask(ask(open_page(), "train"), "settings")
    assert "A right answer gives 8 points" in text(page)
    assert in_link(page, state.LINK_PLAYED) == "ts"
    # The newest first.
    assert opened(page) == [EVIDENCE[key].title for key in ("settings", "train")]
    # What was paid for is shown again for nothing.
    assert "A right answer gives 8 points" in text(ask(page, "train"))
    assert opened(page) == [EVIDENCE[key].title for key in ("train", "settings")]


def test_a_round_is_played_from_the_first_case_to_the_score() -> None:
    page = open_page()
    for place, case in enumerate(ROUND.cases):
        assert headings(page) == [f"Case {place + 1} of 5"]
        ask(page, "moved")
        name(page, wrong(case) if place == 1 else RIGHT[case])
        assert headings(page) == [
            "It was something else: −4 points" if place == 1 else "Right: +9 points"
        ]
        assert CASES[case].look in text(page)
        page.button(key=state.BROKEN_NEXT).click().run()
    assert headings(page) == [f"{4 * 9 - 4} of 50 points"]
    assert text(page).count("Evidence: Which weights changed") == 5
    assert text(page).count("You said: ~~") == 1
    page.button(key=state.BROKEN_NEW).click().run()
    assert (headings(page), in_link(page, state.LINK_ROUND)) == (["Case 1 of 5"], "2")


def test_the_link_of_a_round_opens_the_same_cases_and_what_was_played() -> None:
    played = f"tm-{RIGHT[ROUND.cases[0]]}.o"
    page = open_page(round="1", played=played)
    assert headings(page) == ["Case 2 of 5"]
    assert "gives 9 points" in text(page)
    assert "You have 8." in text(page)
    assert not page.warning


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"round": "one"}, "`one` is no number of a round."),
        ({"round": "99999999"}, "is no number of a round."),
        ({"played": "??"}, "`??` cannot have been played in this round."),
        ({"case": "horoscope"}, "`horoscope` is no case of the catalogue."),
    ],
)
def test_nonsense_in_the_link_is_named_and_the_page_opens(link: dict[str, str], words: str) -> None:
    page = open_page(**link)
    assert words in page.warning[0].value
    assert len(headings(page)) == 1


def check_entry(case: str, evidence: list[str]) -> None:
    page = open_page(case=case)
    assert headings(page) == [CASES[case].title]
    assert CASES[case].look in text(page)
    if CASES[case].fault:
        fault = FAULTS[CASES[case].fault]
        assert page.code[0].value == f"- {fault.broken}\n+ {fault.mended}"
    for key in evidence:
        page.radio(key=f"{state.BROKEN_EVIDENCE}_of_case").set_value(key).run()
        assert not page.exception
        assert opened(page) == [EVIDENCE[key].title]
    assert in_link(page, state.LINK_CASE) == case


def test_a_case_has_an_entry_with_each_piece_of_evidence() -> None:
    check_entry(play.cases()[0], list(EVIDENCE))


# Short of it: that the other cases are drawn as the first one is.
@pytest.mark.thorough
@pytest.mark.parametrize("case", play.cases()[1:])
def test_every_case_has_an_entry_with_each_piece_of_evidence(case: str) -> None:
    check_entry(case, list(EVIDENCE))


def test_the_gallery_has_every_case_by_symptom_and_by_cause_and_a_card_opens_it() -> None:
    for order in catalogue.ORDERS:
        groups = catalogue.groups(order)
        assert sorted(id_ for ids in groups.values() for id_ in ids) == sorted(play.cases())
        page = open_page(show="catalogue", cases_by=order)
        sent = [json.loads(each.proto.json) for each in page.get("bidi_component")]
        cards = [card["id"] for part in sent for card in part.get("cards", ())]
        assert sorted(cards) == sorted(play.cases())
    assert set(catalogue.groups("symptom")) <= set(SYMPTOMS.values())


def test_the_catalogue_leaves_the_round_as_it_was() -> None:
    page = ask(open_page(), "overlap")
    page.segmented_control(key=state.BROKEN_PART).set_value(play.CATALOGUE).run()
    assert in_link(page, state.SHOW) == play.CATALOGUE
    assert not in_link(page, state.LINK_PLAYED)
    page.segmented_control(key=state.BROKEN_PART).set_value(play.PLAY).run()
    assert "A right answer gives 9 points" in text(page)


def test_what_is_offered_as_evidence_never_names_the_fault() -> None:
    from lib.ui.broken import evidence

    for case in play.cases():
        recorded = store.load(case)
        assert recorded
        words = [label for label, _ in evidence.settings(recorded.case, recorded.shown.config)]
        assert "Broken on purpose" not in words


@pytest.mark.parametrize("case", play.cases())
def test_every_answer_that_a_case_offers_is_a_fault_that_its_run_can_have(case: str) -> None:
    offered = play.offered(case)
    assert len(offered) == game.NUM_ANSWERS
    assert play.right(case) in offered
    settings = vars(CASES[case].config)
    assert not [each for each in offered[:-1] if faults.refusal(each, settings)]


def test_a_sound_case_can_be_answered() -> None:
    sound = [case for case in play.cases() if not CASES[case].fault]
    assert all(play.offered(case)[-1] == NOTHING for case in play.cases())
    assert all(play.right(case) == NOTHING for case in sound)
    assert game.NUM_ANSWERS >= 6
