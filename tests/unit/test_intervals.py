"""How sure one can be is computed as the literature says, and never beyond what can be."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import intervals
from lib.core.evidence import folds
from tests.speeds import thorough_beyond

# Wilson score intervals, 95 %, by R: prop.test(x, n, correct = FALSE)$conf.int
WILSON = {
    (0, 10): (0.0, 0.2775328),
    (10, 10): (0.7224672, 1.0),
    (37, 40): (0.8013592, 0.9741673),
    (40, 40): (0.9123785, 1.0),
    (320, 400): (0.7580231, 0.8362549),
}
# Images only the first has right, only the second, and all: Tango's score interval of their
# difference is computed once more below, from its definition.
PAIRED = [(150, 86, 1600), (0, 0, 40), (1, 3, 40), (7, 0, 400), (0, 40, 40), (12, 12, 100)]


# --- A share --------------------------------------------------------------------------------------


@pytest.mark.parametrize("given_counts", WILSON)
def test_the_interval_is_wilsons(given_counts):
    assert intervals.wilson_interval(*given_counts) == pytest.approx(WILSON[given_counts], abs=1e-4)


@given(st.integers(1, 100_000), st.data())
def test_the_interval_holds_the_share_and_stays_within_zero_and_one(num_images, data):
    correct = data.draw(st.integers(0, num_images))
    low, high = intervals.wilson_interval(correct, num_images)
    assert 0 <= low <= correct / num_images + 1e-12
    assert correct / num_images - 1e-12 <= high <= 1
    assert low < high


@given(st.integers(1, 1_000), st.integers(2, 50), st.data())
def test_more_images_narrow_the_interval(num_images, times, data):
    correct = data.draw(st.integers(0, num_images))
    low, high = intervals.wilson_interval(correct, num_images)
    narrow_low, narrow_high = intervals.wilson_interval(correct * times, num_images * times)
    assert narrow_high - narrow_low < high - low


@given(st.integers(1, 1_000), st.data())
def test_the_interval_of_the_errors_is_the_mirror_image(num_images, data):
    correct = data.draw(st.integers(0, num_images))
    low, high = intervals.wilson_interval(correct, num_images)
    mirrored = intervals.wilson_interval(num_images - correct, num_images)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize("counts", [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_shares_that_cannot_be_are_refused(counts):
    with pytest.raises(ValueError, match="Expected 0 <= correct <= num_images"):
        intervals.wilson_interval(*counts)


# --- A difference on the same images --------------------------------------------------------------


def likelihood_distance(lost, gained, num_images, difference):
    """Tango's statistic with the most likely probabilities found by search."""
    neither = num_images - lost - gained
    shares = np.linspace(max(0.0, -difference), (1 - difference) / 2, 40_001)[1:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [
            np.where(count > 0, count * np.log(values), 0.0)
            for count, values in (
                (lost, shares),
                (gained, shares + difference),
                (neither, 1 - 2 * shares - difference),
            )
        ]
    best = shares[np.argmax(np.nan_to_num(sum(terms), nan=-np.inf))]
    variance = num_images * (2 * best + difference * (1 - difference))
    return (gained - lost - num_images * difference) / math.sqrt(variance)


@pytest.mark.parametrize(("lost", "gained", "num_images"), PAIRED)
def test_the_ends_of_the_paired_interval_are_196_errors_away(lost, gained, num_images):
    found = intervals.paired_difference(lost, gained, num_images)
    assert found.low <= found.difference <= found.high
    for end, distance in ((found.low, 1.96), (found.high, -1.96)):
        if abs(end) < 1 - 1e-9:
            statistic = likelihood_distance(lost, gained, num_images, end)
            assert statistic == pytest.approx(distance, abs=0.01)


def test_without_a_disagreement_the_interval_still_has_a_width():
    found = intervals.paired_difference(0, 0, 40)
    # From the definition: z^2 / (n + z^2).
    assert found.high == pytest.approx(3.8415 / 43.8415, abs=1e-4)
    assert found.low == -found.high
    assert (found.difference, found.p_value, found.told_apart) == (0.0, 1.0, False)


def test_mcnemars_exact_test_counts_the_tails_of_a_coin():
    assert intervals.paired_difference(1, 9, 100).p_value == pytest.approx(2 * 11 / 1024)
    assert intervals.paired_difference(5, 5, 100).p_value == 1.0
    assert intervals.paired_difference(0, 2_000, 10_000).p_value == 0.0


@given(st.integers(1, 400), st.data())
def test_turning_the_runs_around_turns_the_interval_around(num_images, data):
    lost = data.draw(st.integers(0, num_images))
    gained = data.draw(st.integers(0, num_images - lost))
    found = intervals.paired_difference(lost, gained, num_images)
    mirrored = intervals.paired_difference(gained, lost, num_images)
    assert mirrored.low == pytest.approx(-found.high, abs=1e-9)
    assert mirrored.high == pytest.approx(-found.low, abs=1e-9)
    assert mirrored.p_value == found.p_value
    assert -1 <= found.low <= found.difference <= found.high <= 1


@pytest.mark.parametrize("num_images", thorough_beyond([1, 3, 40], [1, 2, 3, 5, 8, 13, 40, 100]))
def test_an_accuracy_that_is_told_apart_lies_outside_the_interval_of_the_other(num_images):
    for first, second in product(range(num_images + 1), repeat=2):
        shares = first / num_images, second / num_images
        low, high = intervals.paired_interval(*shares, num_images)
        assert -1 <= low <= shares[1] - shares[0] + 1e-9
        assert shares[1] - shares[0] - 1e-9 <= high <= 1
        assert low < high
        if not low <= 0 <= high:
            for share, other in (shares, shares[::-1]):
                ends = intervals.wilson_interval(round(other * num_images), num_images)
                assert not ends[0] <= share <= ends[1]


def test_where_one_accuracy_is_nought_or_one_the_counts_are_known_and_the_interval_is_the_same():
    for first, second in product((0, 3, 10), repeat=2):
        if {first, second} & {0, 10}:
            lost, gained = max(0, first - second), max(0, second - first)
            found = intervals.paired_difference(lost, gained, 10)
            ends = intervals.paired_interval(first / 10, second / 10, 10)
            assert ends == pytest.approx((found.low, found.high), abs=1e-9)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (0, -1, 5), (3, 3, 5), (0, 0, 0)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ValueError, match="Expected counts"):
        intervals.paired_difference(*counts)


def test_the_sentence_says_which_is_better_only_where_the_images_can_tell():
    few = intervals.paired_difference(1, 3, 40)
    assert few.in_words("run A", "run B") == (
        "Run A and run B cannot be told apart with 40 images: run B is 5.0 points ahead, "
        f"95 % interval {few.low * 100:+.1f} to {few.high * 100:+.1f}."
    )
    many = intervals.paired_difference(5, 45, 400)
    assert many.in_words("run A", "run B").startswith(
        "Run B is 10.0 points more accurate than run A, 95 % interval +"
    )
    worse = intervals.paired_difference(45, 5, 400)
    assert worse.in_words("run A", "run B").startswith(
        "Run A is 10.0 points more accurate than run B"
    )


# --- A mean over seeds and images -----------------------------------------------------------------

# Student's t, 97.5 %, from any table of it.
T_TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 10: 2.228, 30: 2.042, 1_000: 1.962}


@pytest.mark.parametrize(("freedom", "expected"), T_TABLE.items())
def test_the_quantile_is_that_of_the_table(freedom, expected):
    assert intervals.t_quantile(freedom) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(("first_only", "second_only"), [(0, 0), (4, 0), (9, 3), (40, 20)])
def test_with_one_seed_it_is_close_to_the_interval_of_the_learning_curves(first_only, second_only):
    right = np.zeros(370)
    right[:first_only] = -1
    right[first_only : first_only + second_only] = 1
    found = intervals.crossed_interval(right[None])
    paired = intervals.paired_difference(first_only, second_only, 370)
    assert found == pytest.approx((paired.low, paired.high), abs=0.012)


def test_few_images_that_differ_are_not_enough_to_tell_two_ways_apart():
    right = np.zeros((3, 40))
    right[:, :4] = 1  # McNemar: 4 against 0, one chance in eight
    assert intervals.crossed_interval(right)[0] < 0
    right[:, :8] = 1
    assert intervals.crossed_interval(right)[0] > 0


def test_seeds_that_disagree_widen_the_interval():
    agree, disagree = np.zeros((3, 400)), np.zeros((3, 400))
    agree[:, :30] = 1
    disagree[0, :90] = 1
    assert agree.mean() == disagree.mean()
    assert intervals.crossed_interval(agree)[0] > 0 > intervals.crossed_interval(disagree)[0]


@pytest.mark.parametrize("num_images", [40, 370])
def test_where_nothing_but_chance_differs_the_interval_holds_zero_nineteen_times_in_twenty(
    num_images,
):
    rng = np.random.default_rng(7)
    missed = 0
    trials = 400
    for _ in range(trials):
        # Two ways that are equally good: images are easy or hard for both, seeds good or bad.
        ease = rng.beta(8, 1.5, num_images)
        luck = rng.normal(0, 0.03, (2, 3, 1))
        right = rng.random((2, 3, num_images)) < np.clip(ease + luck, 0, 1)
        low, high = intervals.crossed_interval(right[0].astype(float) - right[1])
        missed += low > 0 or high < 0
    assert missed / trials <= 0.06


# --- A mean difference over folds -----------------------------------------------------------------


def toy_folds(num_images, num_seeds, rng, *, seed_effect, shift):
    """Differences of two ways on folds: images differ in difficulty, seeds in their luck."""
    labels = np.arange(num_images) % 2
    tested = [folds.tested(labels, seed) for seed in range(num_seeds)]
    difficulty = rng.normal(size=num_images)
    differences = []
    for which in tested:
        luck = rng.normal(size=2) * seed_effect
        first, second = (
            0.8 + difficulty[which] + luck[way] + 0.7 * rng.normal(size=len(which)) + shift * way
            for way in (0, 1)
        )
        differences.append((second > 0).astype(float) - (first > 0))
    return differences, tested


@pytest.mark.parametrize(
    ("num_seeds", "seed_effect"),
    [
        (5, 0.05),
        # The same with more seeds; that seeds which differ widen the interval, is shown below.
        pytest.param(10, 0.05, marks=pytest.mark.thorough),
        pytest.param(10, 0.15, marks=pytest.mark.thorough),
    ],
)
def test_the_interval_over_folds_covers_the_true_difference_in_93_to_97_of_100(
    num_seeds, seed_effect
):
    rng = np.random.default_rng(3)
    shift, repeats = 0.3, 1_500
    # The true difference: the mean over many images and seeds.
    many = [toy_folds(20_000, 5, rng, seed_effect=seed_effect, shift=shift)[0] for _ in range(60)]
    truth = np.mean([np.concatenate(each).mean() for each in many])
    covered = 0
    for _ in range(repeats):
        found = intervals.folded_difference(
            *toy_folds(400, num_seeds, rng, seed_effect=seed_effect, shift=shift)
        )
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / repeats <= 0.97


def test_an_image_that_is_tested_twice_counts_once():
    once = [np.array([1.0, 0, 0, -1, 1, 0, 0, 0, 1, 0] * 10)]
    where = [np.arange(100)]
    one = intervals.folded_difference(once, where)
    # The same answers again say nothing new about these images.
    twice = intervals.folded_difference(once * 2, where * 2)
    assert (twice.mean, twice.num_images, twice.num_seeds) == (one.mean, 100, 2)
    assert twice.high - twice.low == pytest.approx(one.high - one.low, rel=1e-9)


def test_seeds_that_differ_by_more_than_their_images_widen_the_interval():
    steady = [np.array([1.0, 0, 0, 0, 0] * 20) for _ in range(5)]
    shaky = [np.full(100, 0.0)] * 4 + [np.full(100, 1.0)]
    where = [np.arange(100) + 100 * seed for seed in range(5)]
    narrow, wide = (intervals.folded_difference(each, where) for each in (steady, shaky))
    assert narrow.mean == wide.mean == pytest.approx(0.2)
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    assert narrow.told_apart
    assert not wide.told_apart


def test_a_difference_without_a_test_image_is_refused():
    with pytest.raises(ValueError, match="no test images"):
        intervals.folded_difference([np.empty(0)], [np.empty(0, np.int64)])
