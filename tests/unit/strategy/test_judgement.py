"""The image size is changed only for more than chance, and a forecast never promises less."""

from statistics import NormalDist

import numpy as np
import pytest

from lib.core.reading.evaluation import Evaluation
from lib.core.strategy import judgement, learning_curve
from lib.core.strategy.judgement import Judgement

RNG = np.random.default_rng(0)
LOSSES = RNG.gamma(1, 0.2, 40)
RIGHT = LOSSES < 0.6


def score(size, losses):
    published = RIGHT, LOSSES
    right = losses < 0.6
    return judgement.score(
        size, correct=right, losses=losses, published=published, l2=0.01, seconds=1.0
    )


def test_the_published_size_stays_unless_another_is_better_by_more_than_chance():
    by_chance = LOSSES + RNG.normal(-0.01, 0.2, 40)
    better = LOSSES * 0.5
    published = score(224, LOSSES)
    assert judgement.best_size([score(160, by_chance), published]) == 224
    assert judgement.best_size([score(160, better), published]) == 160
    assert judgement.best_size([score(128, LOSSES * 0.4), score(160, better), published]) == 128


def test_a_score_counts_the_images_that_only_one_size_gets_right():
    losses = LOSSES.copy()
    losses[np.flatnonzero(~RIGHT)[0]] = 0.1
    losses[np.flatnonzero(RIGHT)[:2]] = 0.9
    found = score(160, losses)
    assert (found.better, found.worse) == (1, 2)
    assert found.num_correct == RIGHT.sum() - 1
    assert found.difference.difference == pytest.approx(-1 / 40)


def test_a_learning_curve_that_rises_is_extended_and_one_that_is_flat_is_not():
    def curve(accuracies):
        rows = [np.arange(40) < 40 * accuracy for accuracy in accuracies]
        return learning_curve.learning_curve((4, 8, 16, 32), np.array(rows, float), 40)

    points, forecast = curve((0.6, 0.7, 0.8, 0.9))
    assert [point.num_images for point in points] == [4, 8, 16, 32]
    assert forecast.num_images == 80
    assert 0.9 < forecast.accuracy < 1.0
    assert forecast.low < forecast.accuracy < forecast.high
    _, flat = curve((0.9, 0.9, 0.9, 0.9))
    assert flat.accuracy == pytest.approx(0.9)
    _, falling = curve((0.95, 0.95, 0.9, 0.9))
    assert falling.accuracy == pytest.approx(0.9)


def forecast_of(rng, num_images, errors, repeats=4):
    """The forecast from heads that err as often as said, mostly on the same, hard images."""
    hard = 0.9 * rng.normal(size=num_images)
    luck = np.sqrt(1 - 0.9**2) * rng.normal(size=(repeats, len(errors), num_images))
    below = np.array([[NormalDist().inv_cdf(error)] for error in errors])
    right = (hard + luck >= below).mean(axis=0)
    # Heads of a cross-validation in five folds are fitted to four fifths of the images.
    fitted = [round(0.8 * share * num_images) for share in learning_curve.SHARES]
    return learning_curve.learning_curve(fitted, right, num_images)[1]


@pytest.mark.parametrize(
    ("num_images", "scale", "exponent"), [(40, 0.6, 0.6), (40, 0.3, 0.0), (100, 1.0, 0.5)]
)
def test_the_interval_of_a_forecast_covers_the_truth_in_93_percent_of_cases_or_more(
    num_images, scale, exponent
):
    def error(fitted):
        return scale * fitted**-exponent

    rng = np.random.default_rng(0)
    errors = [error(0.8 * share * num_images) for share in learning_curve.SHARES]
    found = [forecast_of(rng, num_images, errors) for _ in range(150)]
    truth = 1 - error(learning_curve.FORECAST_FACTOR * num_images)
    # The uncertainties of the accuracy now and of the exponent are added, so it is rather too wide.
    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.93
    assert np.mean([each.high - each.low for each in found]) < 0.3
    assert np.mean([each.accuracy for each in found]) == pytest.approx(truth, abs=0.02)


def test_a_judgement_survives_the_way_from_a_worker():
    answers = Evaluation(np.arange(2), np.array([0, 1]), np.eye(2), ("cat", "dog"))
    points, forecast = learning_curve.learning_curve((1, 2), np.ones((2, 40)), 2)
    sizes = (score(224, LOSSES),)
    found = Judgement(
        "images-0", "f", "vgg16", True, 224, sizes, answers, 5, 5, points, forecast, 9.0
    )
    again = judgement.from_dict(judgement.to_dict(found))
    assert judgement.to_dict(again).keys() == judgement.to_dict(found).keys()
    assert (again.sizes, again.curve, again.forecast) == (sizes, points, forecast)
    assert again.accuracy == sizes[0].accuracy
