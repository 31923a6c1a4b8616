"""What the recorded runs say: once more by hand, and at the thresholds of each sentence."""

import base64
import json
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from lib.core.evidence import choosing, findings, folds, gains, grid, verdicts
from lib.core.evidence.grid import EVERYTHING, HEAD, RATES, SCRATCH, TOP
from lib.figures.strategy import gains as figures
from lib.figures.strategy.gains import Placed, Row, Series
from tests.unit.toy_grid import SEEDS, field_of, line, toy

# --- By hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", sorted(grid.FOLDER.glob(f"{grid.BACKBONE}/*.jsonl")), ids=lambda p: p.stem
)
def test_every_gain_of_thawing_is_what_the_file_says(path):
    first, *others = map(json.loads, path.read_text().splitlines())
    labels = base64.b64decode(first["labels"])
    tested = {
        seed: [
            i
            for i, fold in enumerate(folds.fold_of(np.frombuffer(labels, np.uint8), seed))
            if fold == seed % 5
        ]
        for seed in grid.SEEDS
    }

    def right(run):
        said = base64.b64decode(run["answers"])
        return [label == labels[i] for label, i in zip(said, tested[run["seed"]], strict=True)]

    recorded = grid.read_file(path)
    for point in gains.gain_of_thawing(recorded):
        here = [
            run
            for run in others
            if run["num_images"] == point.num_images and run["image_size"] == grid.THAWED_SIZE
        ]
        heads = {run["seed"]: run for run in here if run["way"] == HEAD}
        tried = {}
        for run in here:
            if run["way"] in (TOP, EVERYTHING):
                tried.setdefault((run["seed"], run["way"]), []).append(run)
        thawed = {}
        for (seed, _), rates in sorted(tried.items(), key=lambda item: item[0][1] != TOP):
            best = min(rates, key=lambda run: run["val_loss"])
            if len(rates) > 1 and (
                seed not in thawed or best["val_loss"] < thawed[seed]["val_loss"]
            ):
                thawed[seed] = best
        pairs = [
            int(a) - int(b)
            for seed in sorted(set(heads) & set(thawed))
            for a, b in zip(right(thawed[seed]), right(heads[seed]), strict=True)
        ]
        assert point.difference.mean == pytest.approx(fmean(pairs))
        assert point.difference.low <= point.difference.mean <= point.difference.high


# --- Gains ----------------------------------------------------------------------------------------


def test_a_gain_is_the_thawed_run_minus_the_head_on_the_same_images():
    (point,) = gains.gain_of_thawing(field_of(0.8, 0.9, 0.85, losses=(0.5, 0.2, 0.4)))
    assert point.num_images == 200
    assert point.difference.mean == pytest.approx(0.1, abs=0.005)
    assert point.difference.told_apart
    assert (point.difference.num_images, point.difference.num_seeds) == (1_600, 5)
    assert (point.first, point.second) == pytest.approx((0.9, 0.8), abs=0.005)


def test_thawing_is_the_way_that_the_validation_images_prefer():
    (point,) = gains.gain_of_thawing(field_of(0.8, 0.9, 0.85, losses=(0.5, 0.4, 0.2)))
    assert point.difference.mean == pytest.approx(0.05, abs=0.005)


def test_one_seed_is_no_comparison():
    lines = [line(HEAD, 200, 0, 0.8)]
    lines += [line(TOP, 200, 0, 0.9, rate=rate) for rate in (1e-3, 1e-4)]
    assert gains.gain_of_thawing(toy(lines)) == ()


def test_only_seeds_that_both_ways_have_are_compared():
    lines = [line(HEAD, 200, seed, 0.8) for seed in range(10)]
    lines += [line(TOP, 200, seed, 0.9, rate=rate) for seed in (0, 1, 2) for rate in RATES]
    (point,) = gains.gain_of_thawing(toy(lines))
    assert point.difference.num_seeds == 3


# --- Sentences ------------------------------------------------------------------------------------


def test_the_sentence_on_thawing_counts_the_kinds_of_images():
    better = field_of(0.8, 0.9, 0.9)
    level = field_of(0.9, 0.9, 0.9, dataset="digits")
    worse = field_of(0.9, 0.8, 0.8, dataset="openmoji_themes")
    assert findings.of_thawing([better]).startswith("Thawing is better than the head alone by more")
    assert "on 1 of 2 kinds of images" in findings.of_thawing([better, level])
    assert "Solar cells: +10.0 points with 200 images" in findings.of_thawing([better, level])
    assert findings.of_thawing([level]).startswith("On none of the 1 kinds")
    assert "It can lose too: -10.0 points on OpenMoji by theme" in findings.of_thawing(
        [better, worse]
    )
    assert findings.of_thawing([]) == findings.NOTHING


@pytest.mark.parametrize(
    ("from_scratch", "said"),
    [
        ((0.5, 0.7), "is 10 to 30 points better than training from scratch."),
        ((0.5, 0.9), "is up to 30 points better than training from scratch, and up to 10.0 points"),
        ((0.85, 0.9), "is up to 10.0 points worse than training from scratch."),
    ],
)
def test_a_head_may_be_better_or_worse_than_training_from_scratch(from_scratch, said):
    fields = zip((50, 200), from_scratch, strict=True)
    lines = [
        made
        for number, share in fields
        for seed in SEEDS
        for made in (
            line(HEAD, number, seed, 0.8),
            line(SCRATCH, number, seed, share, rate=1e-3),
        )
    ]
    assert said in findings.of_pretraining([toy(lines)])


def test_from_scratch_is_worth_so_many_images():
    lines = [line(HEAD, number, seed, 0.8) for number in (50, 200) for seed in SEEDS]
    lines += [
        line(SCRATCH, number, seed, share, rate=1e-3)
        for number, share in ((50, 0.5), (200, 0.7), (1_000, 0.9))
        for seed in SEEDS
    ]
    recorded = toy(lines)
    assert "30 points better" in findings.of_pretraining([recorded])
    many = gains.worth_in_images(gains.by_images(recorded, SCRATCH), 0.8)
    assert many == (pytest.approx(np.sqrt(200 * 1_000), rel=0.05), True)
    assert "as good as training from scratch with about 44" in findings.in_images(recorded)
    fewer = toy([each for each in lines if each.way == HEAD or each.num_images < 1_000])
    assert "from scratch with 200 images does not reach the head" in findings.in_images(fewer)


def test_the_worst_choice_loses_and_the_best_one_nothing():
    of = choosing.fields([field_of(0.8, 0.9, 0.6, losses=(0.4, 0.2, 0.9))])
    (field,) = of
    assert (field.preferred, field.worst, field.ranking) == (
        TOP,
        EVERYTHING,
        (TOP, HEAD, EVERYTHING),
    )
    found = {each.id: each for each in findings.policies(of, {("elpv", 200): TOP})}
    assert found["rule"].lost == found["rule"].low == found["rule"].high == 0
    assert found["head"].lost == pytest.approx(0.1, abs=0.005)
    assert found["worst"].lost == found["everything"].lost == pytest.approx(0.3, abs=0.005)
    assert found["worst"].low > 0
    words = findings.of_choices(list(found.values()))
    assert "and what looks worst on the validation images 30.0" in words


@pytest.mark.parametrize(
    ("way", "head", "top", "begins", "contradicts"),
    [
        (HEAD, 0.9, 0.9, "On Solar cells with 200 images the head alone was as good", False),
        (HEAD, 0.8, 0.9, "The recorded runs contradict the textbook here: on", True),
        (TOP, 0.8, 0.9, "On Solar cells with 200 images thawing was better", False),
        (TOP, 0.9, 0.8, "The recorded runs contradict the textbook here: on", True),
        (TOP, 0.9, 0.9, "On Solar cells with 200 images thawing made a difference", False),
    ],
)
def test_a_field_that_contradicts_the_textbook_says_so_first(way, head, top, begins, contradicts):
    (field,) = choosing.fields([field_of(head, top, top)])
    said = verdicts.of_field(field, way)
    assert said.words.startswith(begins)
    assert said.contradicts is contradicts


def test_the_closing_sentence_says_what_to_do_first_and_what_it_costs():
    level = [field_of(0.9, 0.9, 0.9, dataset=each) for each in ("elpv", "digits")]
    words = verdicts.closing(level, choosing.fields(level))
    assert "train the head alone first" in words
    assert "in 2 of 2 fields and takes about 2% of the time" in words
    better = field_of(0.8, 0.9, 0.9, losses=(0.5, 0.2, 0.3))
    words = verdicts.closing([*level, better], choosing.fields([*level, better]))
    assert "in 2 of 3 fields" in words
    assert "the largest gain was +10.0 points" in words
    words = verdicts.closing([better], choosing.fields([better]))
    assert "solve the head, which takes seconds, and then thaw" in words
    assert verdicts.closing([], ()) == ""


def test_the_rate_of_the_head_costs_what_the_best_rate_gains_over_it():
    lines = [line(HEAD, 200, seed, 0.8) for seed in SEEDS]
    lines += [
        line(EVERYTHING, 200, seed, share, rate=rate, val_loss=1 - share)
        for rate, share in zip(RATES, (0.6, 0.9, 0.82), strict=True)
        for seed in SEEDS
    ]
    recorded = toy(lines)
    assert recorded.rate(EVERYTHING, 200, 0) == RATES[1]
    assert "loses 30.0 points" in findings.of_rates([recorded])
    assert findings.of_rates([toy(lines[:10])]) == findings.NOTHING


def test_larger_images_are_compared_with_thawing_smaller_ones():
    wide = [line(HEAD, 200, seed, 0.95, image_size=224) for seed in SEEDS]
    small = field_of(0.8, 0.9, 0.9)
    recorded = replace(small, lines=(*small.lines, *wide))
    size, thawing = findings.resolution_and_thawing(recorded)
    assert (size.difference.mean, thawing.difference.mean) == pytest.approx((0.15, 0.1), abs=0.01)
    assert "on 1 of 1 kinds of images" in findings.of_resolution([recorded])
    assert findings.of_resolution([small]) == findings.NOTHING


def test_similarity_predicts_only_what_is_ranked_by_it():
    (gain,) = gains.gain_of_thawing(field_of(0.8, 0.9, 0.9))
    (none,) = gains.gain_of_thawing(field_of(0.9, 0.9, 0.9))
    falling = [("a", 0.1, gain), ("b", 0.5, none), ("c", 0.9, none)]
    assert findings.of_similarity(falling).startswith("The less similar")
    assert findings.of_similarity([("a", 0.9, gain), *falling[1:]]).startswith(
        "Similarity, as measured, does not"
    )
    assert findings.of_similarity(falling[:2]) == findings.NOTHING


# --- Figures --------------------------------------------------------------------------------------


def test_a_line_has_a_band_and_hollow_marks_where_it_may_be_chance():
    points = gains.gain_of_thawing(field_of(0.8, 0.9, 0.9))
    level = gains.gain_of_thawing(field_of(0.9, 0.9, 0.9))
    series = [
        Series("A", (200.0,), ("200 images",), (points[0].difference,)),
        Series("B", (200.0,), ("200 images",), (level[0].difference,)),
    ]
    for dark in (False, True):
        drawn = figures.lines(series, "x", "y", ticks=[(200.0, "200")], logarithmic=True, dark=dark)
        low, high, marks = drawn.data[:3]
        found = points[0].difference
        assert (low.y[0], marks.y[0], high.y[0]) == pytest.approx(
            (100 * found.low, 100 * found.mean, 100 * found.high)
        )
        assert not marks.marker.symbol[0].endswith("-open")
        assert drawn.data[5].marker.symbol[0].endswith("-open")
    assert "A: 200 images +10" in figures.lines_alt(series)


def test_rows_and_points_say_what_they_show():
    rows = [Row("Always", 0.02, 0.01, 0.03), Row("Never", 0.0, -0.01, 0.01)]
    drawn = figures.rows(rows, "points")
    assert [each.marker.symbol for each in drawn.data[1::2]] == ["circle", "circle-open"]
    assert "Always +2.0 (+1.0 to +3.0)" in figures.rows_alt(rows)
    (point,) = gains.gain_of_thawing(field_of(0.8, 0.9, 0.9))
    named = [Placed("Solar cells", 0.3, 0.2, 0.45, point.difference)]
    (drawn,) = figures.over_similarity(named).data
    assert drawn.text == ("Solar cells",)
    assert drawn.error_x.array[0] == pytest.approx(0.15)
    assert drawn.error_x.arrayminus[0] == pytest.approx(0.1)
    assert "Solar cells, similarity 0.30 (0.20 to 0.45): +10" in figures.over_similarity_alt(named)
