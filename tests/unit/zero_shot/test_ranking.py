"""A described class, its rivals, and every animal left out in turn."""

import numpy as np
import pytest

from lib.core.zero_shot import animals, classifier, ranking, ridge
from lib.ui.zero_shot.description import Asked

# With the shipped weights and features: of 76 animals, first and among the first five.
DESCRIBED, TRAINED, PHOTOGRAPHS, UNDESCRIBED = (14, 52), (0, 33), (27, 52), (0, 3)


def names(found: ranking.Ranking, count: int) -> list[str]:
    every = list(animals.ANIMALS)
    return [every[place] for place in found.order[:count]]


def test_the_described_zebra_wins_the_photograph_of_the_zebra_and_no_other() -> None:
    found = Asked.of_table("zebra").rank()
    assert names(found, 2) == ["zebra", "horse"]
    assert found.places[0] == 1
    assert (found.places[1:] > 1).all()
    assert found.leads[0] == pytest.approx(0.33, abs=0.005)


def test_a_horse_with_stripes_alone_is_taken_for_a_tiger() -> None:
    ticks = animals.ANIMALS["horse"].attributes | {"stripes"}
    assert names(Asked("zebra", ticks).rank(), 1) == ["tiger"]


def test_without_a_tick_the_zebra_is_not_first() -> None:
    found = Asked("zebra", frozenset()).rank()
    assert "zebra" not in names(found, 20)
    assert not (found.places == 1).any()


def test_the_description_of_a_known_animal_ties_with_its_own_class() -> None:
    horse = animals.ANIMALS["horse"].attributes
    found = Asked("zebra", horse).rank()
    assert names(found, 1) == ["horse"]
    assert (found.leads[1], found.places[1]) == (0, 1)


def test_the_leave_one_out_figures_are_those_of_weights_that_are_fitted_anew() -> None:
    """Recomputed from weights and features, one regression an animal, without core.ranking."""
    own, table = classifier.trained(), animals.descriptions()
    weights = np.hstack([own.kernel, own.bias[:, np.newaxis]])
    photographs = np.hstack([own.features, np.ones((len(table), 1))])
    described, trained = [], []
    for out in range(len(table)):
        known = np.delete(np.arange(len(table)), out)
        said = photographs[out] @ ridge.fit(table[known], weights[known]).at(table).T
        described.append(1 + (said > said[out]).sum())
        trained.append(1 + (photographs[out] @ weights[known].T > said[out]).sum())
    found = ranking.leave_one_out()
    assert found.described.tolist() == described
    assert found.trained.tolist() == trained


def test_the_leave_one_out_figures_are_these() -> None:
    found = ranking.leave_one_out()
    for places, expected in (
        (found.described, DESCRIBED),
        (found.trained, TRAINED),
        (found.photographs, PHOTOGRAPHS),
        (found.undescribed, UNDESCRIBED),
    ):
        assert (ranking.top(places, 1), ranking.top(places, 5)) == expected


def test_a_constant_trades_trained_animals_for_left_out_ones() -> None:
    found = ranking.leave_one_out()
    both = np.array([found.accuracies(each) for each in ranking.constants()])
    assert (np.diff(both[:, 0]) >= 0).all()
    assert (np.diff(both[:, 1]) <= 0).all()
    assert both[0, 0] == 0
    assert both[0, 1] == pytest.approx(0.92, abs=0.005)
    assert both[-1, 0] == 1
    assert both[-1, 1] < 0.2


@pytest.mark.parametrize("constant", [0.0, 1.25, 1.5, 6.0])
def test_both_accuracies_are_those_of_the_rankings_with_that_constant(constant: float) -> None:
    every = range(len(animals.ANIMALS))
    won, kept = [], []
    for out in every:
        found = ranking.shipped_fold(out).ask(
            animals.descriptions()[out], against_trained=True, constant=constant
        )
        won.append(found.places[out] == 1)
        kept += [
            found.places[each] > 1 and found.rivals[each] == each for each in every if each != out
        ]
    assert ranking.leave_one_out().accuracies(constant) == pytest.approx(
        (np.mean(won), np.mean(kept))
    )


def test_places_are_shared_by_a_tie_and_ordered_by_lead() -> None:
    scores = np.array([1.0, 1.0, 0.0])
    others = np.array([[1.0, 0.0], [3.0, 2.0], [2.5, -1.0]])
    found = ranking.rank(scores, others, np.array([4, 7]))
    assert found.places.tolist() == [1, 3, 2]
    assert found.leads.tolist() == [0, -2, -2.5]
    assert found.rivals.tolist() == [4, 4, 4]
    assert found.order.tolist() == [0, 2, 1]


def test_a_readers_photograph_comes_after_the_shipped_ones_and_changes_none() -> None:
    shipped = ranking.shipped_fold(0).ask(animals.descriptions()[0])
    more = ranking.fold(0, np.vstack([classifier.logits(), classifier.logits()[0]]))
    found = more.ask(animals.descriptions()[0])
    np.testing.assert_allclose(found.leads[:-1], shipped.leads)
    assert found.places[-1] == found.places[0]
