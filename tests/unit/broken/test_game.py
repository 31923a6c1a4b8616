"""The diagnosis game: rounds that are the same for everybody, points, and the link."""

from itertools import combinations

import pytest

from lib.core.broken import game
from lib.core.broken.game import EVIDENCE, NOTHING, Game, Turn

CASES = [f"case_{number}" for number in range(17)]
FAULTS = [f"fault_{number}" for number in range(14)]
RIGHT = {case: FAULTS[number % 14] for number, case in enumerate(CASES)}


def played(*turns: str) -> Game:
    """A round in which each turn is the letters of its evidence, a dash and an answer."""
    found = game.from_text(game.new(3, CASES), ".".join(turns), {*FAULTS, NOTHING})
    assert found is not None
    return found


def test_a_round_is_the_same_for_everybody_with_its_seed_and_another_with_another() -> None:
    assert game.new(7, CASES) == game.new(7, CASES[::-1])
    assert len(set(game.new(7, CASES).cases)) == game.CASES_A_ROUND
    assert game.new(7, CASES).cases != game.new(8, CASES).cases


def test_every_case_is_in_some_round_and_a_new_case_leaves_the_order_of_the_others() -> None:
    assert {case for seed in range(40) for case in game.new(seed, CASES).cases} == set(CASES)
    without = [each for each in game.in_order(5, [*CASES, "new"]) if each != "new"]
    assert without == game.in_order(5, CASES)


def test_few_cases_make_a_short_round_and_none_makes_none() -> None:
    assert game.new(1, CASES[:2]).cases == tuple(game.in_order(1, CASES[:2]))
    with pytest.raises(ValueError, match="at least one case"):
        game.new(1, [])


def test_evidence_costs_a_point_once_and_only_before_the_answer() -> None:
    first = game.ask(game.new(1, CASES), "train")
    assert first.turn.left == 9
    assert game.ask(first, "train") == first
    assert game.ask(first, "horoscope") == first
    answered = game.answer(first, FAULTS[0])
    assert game.ask(answered, "moved") == answered


def test_the_first_answer_counts() -> None:
    first = game.answer(game.new(1, CASES), FAULTS[0])
    assert game.answer(first, FAULTS[1]) == first


def test_looking_at_everything_is_better_than_guessing() -> None:
    everything = Turn(tuple(EVIDENCE), "a").points("a")
    guessed = [Turn((), "a").points(right) for right in ["a", *"bcdefg"]]
    assert len(guessed) == game.NUM_ANSWERS
    assert everything > 0 > sum(guessed)


def test_a_right_answer_gives_points_and_a_wrong_one_costs_some() -> None:
    assert Turn((), "a").points("a") == 10
    assert Turn(("train", "moved"), "a").points("a") == 8
    assert Turn(("train", "moved"), "a").points("b") == -5
    assert Turn(("train", "moved")).points("a") == 0


def test_the_score_is_the_sum_over_the_round() -> None:
    cases = game.new(3, CASES).cases
    one = played(f"tc-{RIGHT[cases[0]]}", f"-{NOTHING}", "m")
    assert one.score(RIGHT) == 8 - 3
    assert one.place == 2
    assert one.case == cases[2]


def test_the_next_case_opens_after_the_answer_and_the_score_after_the_last_one() -> None:
    now = game.new(1, CASES)
    assert game.go_on(now) == now
    for place in range(5):
        assert now.place == place
        assert not now.over
        now = game.go_on(game.answer(now, NOTHING))
    assert now.over
    assert now.place == 4


@pytest.mark.parametrize("case", CASES)
def test_a_case_offers_its_fault_look_alikes_and_that_nothing_is_wrong(case: str) -> None:
    alike = {"fault_1", "fault_8", RIGHT[case]}
    offered = game.answers(case, RIGHT[case], FAULTS, alike)
    assert len(set(offered)) == len(offered) == game.NUM_ANSWERS
    assert alike <= set(offered)
    # The order gives nothing away.
    assert list(offered) == [each for each in FAULTS if each in offered] + [NOTHING]
    assert offered == game.answers(case, RIGHT[case], FAULTS, alike)


def test_a_sound_case_offers_as_many_answers() -> None:
    offered = game.answers("calm", NOTHING, FAULTS, ["fault_3"])
    assert (len(offered), offered[-1]) == (game.NUM_ANSWERS, NOTHING)
    assert "fault_3" in offered


@pytest.mark.parametrize(
    "turns",
    [
        ("",),
        ("tcw",),
        ("s-fault_2",),
        ("s-fault_2", ""),
        ("-nothing", "o-fault_3", "b-fault_1", "i-fault_0", "n-fault_2"),
        ("-nothing", "o-fault_3", "b-fault_1", "i-fault_0", "n-fault_2", ""),
    ],
)
def test_the_link_restores_what_was_played(turns: tuple[str, ...]) -> None:
    assert game.to_text(played(*turns)) == ".".join(turns)
    assert played(*turns).over == (len(turns) == 6)


@pytest.mark.parametrize(
    "text",
    [
        "x",  # no evidence
        "tt",  # paid twice
        "-fault_99",
        "t-",
        "t.c",  # the first case was left without an answer
        "-nothing." * 7,
        ".".join(["-nothing"] * 4 + ["t", ""]),  # a score before the last answer
    ],
)
def test_a_link_that_no_game_could_have_written_is_refused(text: str) -> None:
    assert game.from_text(game.new(3, CASES), text, {*FAULTS, NOTHING}) is None


def test_the_letters_of_the_evidence_differ() -> None:
    assert all(a.letter != b.letter for a, b in combinations(EVIDENCE.values(), 2))
