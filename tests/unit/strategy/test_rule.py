"""The rule answers every situation, and never freezes more for more data or less similarity."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lib.core import backbones, freezing, runs, strategies
from lib.core.errors import ConfigError
from lib.core.strategy import evidence, rule
from lib.core.strategy.prose import REGIONS
from lib.core.strategy.rule import (
    HEAD_ONLY_MINUTES,
    LARGE_NUM_IMAGES,
    LARGE_PER_CLASS,
    MAX_PHONE_PARAMS,
    NEAR_FACTOR,
    NEAR_SIMILARITY,
    NOISY_FACTOR,
    SIMILAR,
    Situation,
    recommend,
)

SOURCES = (Path(__file__).parents[3] / "docs/sources.md").read_text("utf-8")
# EfficientNet-Lite0, 96 px, validation accuracy after head only, top layers, everything: what
# was measured before the first line was written. Each row: images, similarity, winner.
SMALL_AND_SIMILAR = Situation(180, similarity=0.7)  # .917 .917 .883
LARGE_AND_DISSIMILAR = Situation(1_000, similarity=0.1)  # .737 .800 .823

SITUATIONS = st.builds(
    Situation,
    num_images=st.one_of(st.integers(1, 10**9), st.integers(500, 3_000)),
    similarity=st.floats(0, 1),
    num_classes=st.one_of(st.integers(2, 1_000), st.integers(2, 20)),
    minutes=st.one_of(st.none(), st.floats(0.01, 1e6)),
    phone=st.booleans(),
    noisy=st.booleans(),
)
BACKBONES = st.sampled_from(list(backbones.BACKBONES))


def thawed(situation: Situation, backbone: str) -> tuple[int, int]:
    """The first thawed layer of the recommendation, and how many parameters it lets learn."""
    layers, advice = backbones.load_layer_table(backbone), recommend(situation, backbone)
    counts = freezing.count_params(layers, rule.plan(advice, layers))
    return rule.first_thawed(advice, layers), counts.trainable


def first_thawed(situation: Situation, backbone: str) -> int:
    layers = backbones.load_layer_table(backbone)
    return rule.first_thawed(recommend(situation, backbone), layers)


# --- Total, and monotone --------------------------------------------------------------------------


@given(SITUATIONS, BACKBONES)
@example(Situation(1, 0.0, noisy=True), "efficientnet_lite0")
def test_every_situation_gets_a_run_that_can_be_made_with_reason_caveat_and_sources(
    situation, backbone
):
    advice = recommend(situation, backbone)
    assert strategies.get(advice.strategy).pretrained
    assert advice.region in REGIONS
    assert advice.way in evidence.WAYS
    for words in (advice.reason, advice.caveat, advice.watch_for, *advice.notes):
        assert words.endswith(".")
    assert advice.settings
    for key in (*advice.sources, *(setting.source for setting in advice.settings)):
        assert re.search(rf"^\| `{key}` \|", SOURCES, re.MULTILINE), key
    config = runs.make_config(
        backbone=backbone,
        strategy=advice.strategy,
        thaw_from=advice.thaw_from or None,
        num_images=100,
        head_epochs=advice.head_epochs,
        fine_tune_epochs=advice.fine_tune_epochs,
        head_learning_rate=advice.head_learning_rate,
        fine_tune_learning_rate=advice.fine_tune_learning_rate or 1e-4,
        batch_size=advice.batch_size or 32,
        batch_norm=advice.batch_norm,
        dropout=advice.dropout,
        early_stopping=advice.early_stopping,
        augmentation=advice.augmentation,
    )
    assert config.thaw_from == advice.thaw_from
    assert bool(config.fine_tune_epochs) == strategies.get(advice.strategy).fine_tunes


@settings(max_examples=200)
@given(SITUATIONS, st.integers(1, 10**9), BACKBONES)
def test_more_data_never_freezes_more(situation, more, backbone):
    larger = replace(situation, num_images=situation.num_images + more)
    (first, trained), (of_larger, more_trained) = (
        thawed(each, backbone) for each in (situation, larger)
    )
    assert of_larger <= first
    assert more_trained >= trained


@settings(max_examples=200)
@given(SITUATIONS, st.floats(0, 1), BACKBONES)
def test_less_similarity_never_freezes_more(situation, share, backbone):
    further = replace(situation, similarity=situation.similarity * share)
    (first, trained), (of_further, more_trained) = (
        thawed(each, backbone) for each in (situation, further)
    )
    assert of_further <= first
    assert more_trained >= trained


def test_the_four_corners_thaw_nothing_the_top_the_middle_and_everything():
    for backbone, spec in backbones.BACKBONES.items():
        layers = backbones.load_layer_table(backbone)
        corners = [
            first_thawed(Situation(num_images, similarity), backbone)
            for num_images, similarity in ((10, 1.0), (10**6, 1.0), (10, 0.0), (10**6, 0.0))
        ]
        head, top, middle, everything = corners
        assert head == len(layers)
        assert top == backbones.layer_index(layers, spec.thaw_from)
        assert everything == 0 < middle < top < head


# --- Thresholds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_images", "similarity", "strategy"),
    [
        (LARGE_NUM_IMAGES, SIMILAR, "partial_fine_tuning"),
        (LARGE_NUM_IMAGES, SIMILAR - 0.01, "full_fine_tuning"),
        (LARGE_NUM_IMAGES - 1, SIMILAR, "feature_extraction"),
        (LARGE_NUM_IMAGES - 1, SIMILAR - 0.01, "partial_fine_tuning"),
        (1, 0.0, "partial_fine_tuning"),
        (10**7, 1.0, "partial_fine_tuning"),
    ],
)
def test_both_sides_of_the_borders_of_size_and_similarity(num_images, similarity, strategy):
    assert recommend(Situation(num_images, similarity)).strategy == strategy


def test_both_sides_of_the_number_of_classes_from_which_each_class_counts():
    last = LARGE_NUM_IMAGES // LARGE_PER_CLASS
    assert Situation(1, 1.0, last).large_from == LARGE_NUM_IMAGES
    assert Situation(1, 1.0, last + 1).large_from == LARGE_NUM_IMAGES + LARGE_PER_CLASS
    border = 37 * LARGE_PER_CLASS
    assert recommend(Situation(border, 1.0, 37)).way == "top"
    assert recommend(Situation(border - 1, 1.0, 37)).way == "head"


def test_wrong_labels_move_the_border_and_ask_for_larger_batches_and_an_early_end():
    border = NOISY_FACTOR * LARGE_NUM_IMAGES
    assert recommend(Situation(border - 1, 1.0, noisy=True)).way == "head"
    advice = recommend(Situation(border, 1.0, noisy=True))
    clean = recommend(Situation(border, 1.0))
    assert advice.way == clean.way == "top"
    assert advice.batch_size > clean.batch_size
    assert advice.early_stopping
    assert advice.restore_best_weights
    # A solved head would fit the wrong labels too.
    assert (advice.head_solver, clean.head_solver) == ("steps", "solved")
    assert advice.dropout
    assert not clean.dropout
    assert any("Wrong labels" in note for note in advice.notes)


def test_both_sides_of_the_time_below_which_only_the_head_learns():
    for num_images in (10, 10**6):
        for similarity in (0.0, 1.0):
            situation = Situation(num_images, similarity, minutes=HEAD_ONLY_MINUTES)
            assert recommend(situation).way == REGIONS[recommend(situation).region].way
            hurried = recommend(replace(situation, minutes=HEAD_ONLY_MINUTES - 0.01))
            assert hurried.way == "head"
            for_now = recommend(situation).way != "head"
            assert hurried.title == "Train the head only" + ", for now" * for_now
            assert ("With more time the rule says" in hurried.caveat) == for_now


def test_a_phone_changes_the_words_about_the_backbone_and_not_the_plan():
    situation = Situation(100, 1.0, phone=True)
    for backbone in backbones.BACKBONES:
        advice = recommend(situation, backbone)
        assert advice.way == recommend(replace(situation, phone=False), backbone).way
        (note,) = advice.notes
        layers = backbones.load_layer_table(backbone)
        params = freezing.count_params(layers, freezing.FreezePlan.none()).total
        assert ("which fits" in note) == (params <= MAX_PHONE_PARAMS)
    assert "too many" in recommend(situation, "vgg16").notes[0]
    assert "which fits" in recommend(situation, "mobilenet_v2").notes[0]


# --- Near a border --------------------------------------------------------------------------------


def test_near_a_border_the_neighbour_beyond_it_is_named():
    def neighbours(num_images, similarity):
        return [each.region for each in recommend(Situation(num_images, similarity)).neighbours]

    inside = int(LARGE_NUM_IMAGES * NEAR_FACTOR)
    assert neighbours(inside, 1.0) == ["small_similar"]
    assert neighbours(inside + 1, 1.0) == []
    few = int(LARGE_NUM_IMAGES / NEAR_FACTOR) + 1
    assert neighbours(few, 1.0) == ["large_similar"]
    assert neighbours(few - 1, 1.0) == []
    assert neighbours(10, SIMILAR + NEAR_SIMILARITY) == ["small_dissimilar"]
    assert neighbours(10, SIMILAR + NEAR_SIMILARITY + 0.01) == []
    assert neighbours(10, SIMILAR - NEAR_SIMILARITY) == ["small_similar"]
    assert neighbours(10, SIMILAR - NEAR_SIMILARITY - 0.01) == []
    assert neighbours(LARGE_NUM_IMAGES, SIMILAR) == ["small_similar", "large_dissimilar"]


@given(SITUATIONS)
def test_a_neighbour_is_what_is_recommended_on_the_other_side_of_the_border(situation):
    for neighbour in recommend(situation).neighbours:
        beyond = [
            replace(
                situation,
                num_images=situation.large_from - (1 if situation.is_large else 0),
            ),
            replace(situation, similarity=0.0 if situation.is_similar else 1.0),
        ]
        assert neighbour.region in [recommend(each).region for each in beyond]
        assert neighbour.region != recommend(situation).region


# --- With what was measured, and with nonsense ----------------------------------------------------


def test_the_rule_agrees_with_what_was_measured_first():
    assert recommend(SMALL_AND_SIMILAR).strategy == "feature_extraction"
    assert recommend(LARGE_AND_DISSIMILAR).strategy == "full_fine_tuning"


def test_what_it_recommends_is_what_the_evidence_tried():
    assert {region.way for region in REGIONS.values()} == set(evidence.WAYS) - {"scratch"}
    for way in evidence.WAYS:
        config = evidence.config("elpv", way, 50, 0)
        assert (config.strategy, config.thaw_from) == rule.how(way)
        assert evidence.way_of(config) == way
    assert rule.how("scratch") == ("from_scratch", "")


@pytest.mark.parametrize(
    "fields",
    [(0, 0.5), (-1, 0.5), (10, -0.01), (10, 1.01), (10, float("nan")), (10, 0.5, 1)],
)
def test_what_is_no_situation_is_refused(fields):
    with pytest.raises(ConfigError, match="is not a situation") as caught:
        Situation(*fields)
    assert "at least one image" in caught.value.next_step


@pytest.mark.parametrize("minutes", [0, -1.0, float("nan")])
def test_no_time_at_all_is_refused(minutes):
    with pytest.raises(ConfigError, match="no time to train in"):
        Situation(10, 0.5, minutes=minutes)


def test_an_unknown_backbone_is_refused():
    with pytest.raises(ConfigError, match="no backbone"):
        recommend(SMALL_AND_SIMILAR, "alexnet")


def test_a_way_has_one_name_on_the_map_in_the_recommendation_and_in_the_lab():
    for region in REGIONS.values():
        on_the_map = evidence.WAYS[region.way].title.lower()
        strategy, _ = rule.how(region.way)
        assert on_the_map in region.title.lower()
        assert strategies.get(strategy).title.lower() in on_the_map
