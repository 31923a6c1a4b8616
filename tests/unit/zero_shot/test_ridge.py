"""The regression is the one of the textbook, and may be done on weights or on logits."""

import numpy as np
import pytest

from lib.core.zero_shot import animals, classifier, ridge


def test_the_slopes_are_those_of_the_closed_form_with_a_mean_that_is_not_penalised() -> None:
    rng = np.random.default_rng(0)
    rows, targets = rng.integers(0, 2, (9, 4)).astype(float), rng.normal(size=(9, 3))
    # The textbook's form: a column of ones without a penalty.
    ones = np.hstack([np.ones((9, 1)), rows])
    penalty = np.diag([0.0, 2.0, 2.0, 2.0, 2.0])
    expected = ones @ np.linalg.solve(ones.T @ ones + penalty, ones.T @ targets)
    np.testing.assert_allclose(ridge.fit(rows, targets, 2.0).at(rows), expected)


def test_a_larger_strength_pulls_every_prediction_towards_the_mean() -> None:
    rows, targets = np.array([[0.0], [1.0]]), np.array([[-1.0], [1.0]])
    said = [abs(ridge.fit(rows, targets, each).at(rows)).max() for each in (0.1, 1, 10)]
    assert said == sorted(said, reverse=True)
    assert said[0] < 1


def test_the_weights_of_a_described_zebra_give_the_logits_that_the_browser_computes() -> None:
    own, table = classifier.trained(), animals.descriptions()
    weights = np.hstack([own.kernel, own.bias[:, np.newaxis]])
    described = ridge.fit(table[1:], weights[1:]).at(table[0])
    by_weights = own.features @ described[:-1] + described[-1]
    by_logits = ridge.fit(table[1:], classifier.logits()[:, 1:].T).at(table[0])
    np.testing.assert_allclose(by_weights, by_logits, atol=10.0**-classifier.DECIMALS)


@pytest.mark.parametrize(
    ("targets", "strength", "words"),
    [
        (np.ones((2, 1)), 0.0, "Expected a strength greater than 0; got 0.0"),
        (np.ones((3, 1)), 1.0, "Expected 2 targets, at least one; got 3"),
    ],
)
def test_what_has_no_solution_is_refused(
    targets: ridge.FloatArray, strength: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ridge.fit(np.eye(2), targets, strength)
