"""LogME: the closed form is the evidence, and the iteration finds where it is largest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from lib.core.strategy.logme import logme

SHAPES = [(40, 5), (25, 40), (30, 30)]


def direct(features, y, log_alpha, log_beta):
    """Log density of y under a normal distribution with the covariance that w and noise give it."""
    alpha, beta = np.exp(np.clip((log_alpha, log_beta), -40, 40))
    covariance = np.eye(len(y)) / beta + features @ features.T / alpha
    sign, log_det = np.linalg.slogdet(covariance)
    assert sign > 0
    return -(len(y) * np.log(2 * np.pi) + log_det + y @ np.linalg.solve(covariance, y)) / 2


def by_another_way(features, labels):
    """The largest evidence by a general optimiser, from several starts, without a shortcut."""
    found = []
    for label in np.unique(labels):
        y = (labels == label).astype(float)

        def loss(at, y=y):
            return -direct(features, y, *at)

        starts = [(0.0, 0.0), (4.0, 2.0)]
        options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4_000}
        ends = [minimize(loss, start, method="Nelder-Mead", options=options) for start in starts]
        found.append(-min(end.fun for end in ends) / len(y))
    return np.mean(found)


def drawn(num_images, channels, num_classes=3, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(num_images) % num_classes
    features = rng.normal(size=(num_images, channels))
    features[:, 0] += signal * labels
    return features, labels


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(2))
def test_it_is_the_largest_evidence_that_an_independent_optimiser_finds(shape, seed):
    features, labels = drawn(*shape, seed=seed)
    assert logme(features, labels) == pytest.approx(by_another_way(features, labels), abs=1e-6)


@given(
    shape=st.sampled_from(SHAPES),
    seed=st.integers(0, 50),
    log_alpha=st.floats(-6, 6),
    log_beta=st.floats(-6, 6),
)
def test_no_other_choice_of_the_precisions_gives_more_evidence(shape, seed, log_alpha, log_beta):
    features, labels = drawn(*shape, num_classes=2, seed=seed)
    classes = [(labels == label).astype(float) for label in (0, 1)]
    other = np.mean([direct(features, y, log_alpha, log_beta) / len(y) for y in classes])
    assert logme(features, labels) >= other - 1e-6


def test_it_rises_with_what_the_features_say():
    found = [logme(*drawn(60, 8, signal=signal)) for signal in (0.0, 0.5, 1.0, 3.0)]
    assert found == sorted(found)
    assert found[-1] - found[0] > 0.1


def test_channels_that_say_nothing_do_not_raise_it():
    features, labels = drawn(60, 4)
    padded = np.hstack([features, np.random.default_rng(9).normal(size=(60, 200))])
    assert logme(padded, labels) < logme(features, labels)


@given(unit=st.floats(1e-3, 1e3))
def test_the_unit_of_the_features_does_not_matter(unit):
    features, labels = drawn(30, 6)
    assert logme(features * unit, labels) == pytest.approx(logme(features, labels), abs=1e-8)


def test_the_names_of_the_classes_do_not_matter():
    features, labels = drawn(30, 6)
    assert logme(features, 10 - 3 * labels) == pytest.approx(logme(features, labels), abs=1e-12)


@pytest.mark.parametrize(
    "features",
    [np.zeros((12, 3)), np.ones((12, 3)), np.eye(12), np.eye(12)[:, :1], np.full((12, 3), 1e200)],
    ids=["nothing", "constant", "one channel an image", "one image stands out", "huge"],
)
@pytest.mark.parametrize("num_classes", [1, 2, 12])
def test_it_is_finite_for_odd_features_and_labels(features, num_classes):
    assert np.isfinite(logme(features, np.arange(12) % num_classes))


def test_features_that_fit_exactly_beat_all_others():
    labels = np.arange(12) % 2
    exact = logme(np.eye(2)[labels], labels)
    assert np.isfinite(exact)
    assert exact > logme(*drawn(12, 2, num_classes=2))


@pytest.mark.parametrize(
    ("features", "labels", "words"),
    [
        (np.zeros(3), np.zeros(3), r"got \(3,\) and \(3,\)"),
        (np.zeros((3, 2)), np.zeros(4), r"got \(3, 2\) and \(4,\)"),
        (np.zeros((0, 2)), np.zeros(0), r"got \(0, 2\)"),
        (np.full((3, 2), np.nan), np.arange(3), "finite"),
        (np.full((3, 2), np.inf), np.arange(3), "finite"),
    ],
)
def test_what_is_no_features_is_refused_in_words(features, labels, words):
    with pytest.raises(ValueError, match=words):
        logme(features, labels)
