"""The scale of similarity: bounded, monotone, total, and anchored where it says."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import datasets, intervals
from lib.core.errors import StoreError
from lib.core.strategy import similarity
from lib.core.strategy.kinds import KINDS, kind_of
from lib.core.strategy.similarity import LAYERS, NOISE, PHOTOGRAPHS, Depth, Scores

# Measured with Thaw 0.6 on two x86-64 cores: python -m lib.tools.measure_similarity.
IN_ORDER = [NOISE, "digits", "elpv", "openmoji_themes", "openmoji_animals_food", PHOTOGRAPHS]


def depth(name, both, only, late_only, **other):
    """A depth by the images both probes get right, only this one, and only the late one."""
    fields = {"neighbours_correct": 0, "logme": 0.0, "channels": 8} | other
    return Depth(
        name=name, probe_correct=both + only, probe_only=only, late_only=late_only, **fields
    )


@st.composite
def scores(draw, least=1):
    num_images = draw(st.integers(least, 200))
    late_right = draw(st.integers(0, num_images))
    early = []
    for name in ("early", "middle"):
        both = draw(st.integers(0, late_right))
        only = draw(st.integers(0, num_images - late_right))
        early.append(depth(name, both, only, late_right - both))
    first = draw(st.integers(0, num_images))
    return Scores(
        dataset="images-0123456789ab",
        fingerprint="0123456789ab",
        class_counts=draw(st.sampled_from([(num_images,), (first, num_images - first)])),
        depths=(early[0], early[1], depth("late", late_right, 0, 0)),
        confidence=draw(st.floats(0, 1)),
        confidence_error=draw(st.floats(0, 0.5)),
        entropy=draw(st.floats(0, 1)),
    )


def of(early_right, late_right, num_images=100, confidence=0.5):
    """Scores in which the probe that gets fewer images right gets no others right."""
    both = min(early_right, late_right)
    made = [depth(n, both, early_right - both, late_right - both) for n in ("early", "middle")]
    late = depth("late", late_right, 0, 0)
    return Scores("", "", (num_images,), (made[0], made[1], late), confidence, 0.01, 0.5)


# --- Kinds ----------------------------------------------------------------------------------------


def test_the_kinds_run_from_everyday_photographs_at_1_to_no_pictures_at_0():
    values = [kind.value for kind in KINDS.values()]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)
    assert (values[0], values[-1]) == (1, 0)


@pytest.mark.parametrize("dataset", [PHOTOGRAPHS, "openmoji_animals_food", "elpv", "digits"])
def test_what_a_reference_dataset_says_in_words_is_what_was_measured_to_a_twentieth(dataset):
    measured = similarity.on_scale(similarity.references()[dataset])
    assert kind_of(dataset).value == pytest.approx(measured, abs=0.026)


def test_every_dataset_of_the_app_has_a_kind_and_every_kind_names_one_of_it_or_none():
    assert all(kind_of(dataset) for dataset in datasets.DATASETS)
    for kind in KINDS.values():
        assert not kind.dataset or kind_of(kind.dataset) == kind
    assert kind_of("images-0123456789ab") is None


# --- The scale ------------------------------------------------------------------------------------


def test_the_references_are_in_the_order_in_which_they_were_measured():
    references = similarity.references()
    assert set(references) == set(IN_ORDER)
    places = [similarity.on_scale(references[name]) for name in IN_ORDER]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_the_ends_of_the_scale_are_random_pixels_and_photographs():
    references = similarity.references()
    assert similarity.on_scale(references[NOISE]) == 0
    assert similarity.on_scale(references[PHOTOGRAPHS]) == 1


def test_a_place_is_the_mean_of_two_shares_that_can_be_checked_by_hand():
    noise, photographs = (similarity.references()[name] for name in (NOISE, PHOTOGRAPHS))
    between = (noise.confidence + photographs.confidence) / 2
    early, late = similarity.mistakes(photographs)
    # Half of the mistakes go; of those of the photographs, 1 - late / early do.
    expected = (0.5 + 0.5 / (1 - late / early)) / 2
    assert similarity.on_scale(of(60, 80, confidence=between)) == pytest.approx(expected)


@given(scores())
def test_a_place_is_on_the_scale_whatever_was_measured(measured):
    assert 0 <= similarity.on_scale(measured) <= 1
    low, high = similarity.scale_interval(measured)
    assert 0 <= low <= high <= 1


@given(scores(), st.floats(0, 1))
def test_a_surer_classifier_never_lowers_the_place(measured, confidence):
    low, high = sorted((measured.confidence, confidence))
    places = [similarity.on_scale(replace(measured, confidence=each)) for each in (low, high)]
    assert places[0] <= places[1]


@given(
    num_images=st.integers(1, 200),
    data=st.data(),
    confidence=st.floats(0, 1),
)
def test_better_late_features_never_lower_it_and_better_early_ones_never_raise_it(
    num_images, data, confidence
):
    right = st.integers(0, num_images)
    early, late = data.draw(right), data.draw(right)
    place = similarity.on_scale(of(early, late, num_images, confidence))
    for more in range(late, num_images + 1):
        assert similarity.on_scale(of(early, more, num_images, confidence)) >= place - 1e-12
    for more in range(early, num_images + 1):
        if more == num_images and late == num_images:
            continue  # nothing to gain: the first share alone, which is what is tested below
        assert similarity.on_scale(of(more, late, num_images, confidence)) <= place + 1e-12


def test_where_early_features_make_no_mistake_the_classifier_decides_alone():
    measured = of(100, 100, confidence=0.4)
    assert similarity.parts(measured)[1] is None
    assert similarity.on_scale(measured) == similarity.parts(measured)[0]
    assert similarity.parts(of(100, 99))[1] == 0


def test_one_class_and_one_image_have_a_place_as_well():
    assert similarity.on_scale(of(1, 1, num_images=1)) > 0
    assert of(1, 1, num_images=1).chance == 1


@pytest.mark.parametrize("name", IN_ORDER)
def test_the_interval_holds_the_place_and_is_the_same_every_time(name):
    measured = similarity.references()[name]
    low, high = similarity.scale_interval(measured)
    assert low <= similarity.on_scale(measured) <= high
    assert similarity.scale_interval(measured) == (low, high)


def test_more_images_make_the_interval_narrower():
    few, many = of(6, 8, 10, 0.4), of(600, 800, 1_000, 0.4)
    widths = [np.subtract(*similarity.scale_interval(each)[::-1]) for each in (few, many)]
    assert widths[0] > 2 * widths[1]


# --- Numbers of a measurement ---------------------------------------------------------------------


def test_chance_is_the_share_of_the_largest_class():
    assert replace(of(60, 80), class_counts=(70, 30)).chance == 0.7
    assert similarity.references()["elpv"].chance == pytest.approx(339 / 500)


def test_an_accuracy_has_wilsons_interval_and_a_confidence_a_normal_one():
    share = of(60, 80).share(80)
    assert (share.value, round(share.low, 3), round(share.high, 3)) == (0.8, 0.711, 0.867)
    sure = of(60, 80, confidence=0.5).sureness
    assert (round(sure.low, 3), round(sure.high, 3)) == (0.48, 0.52)


def test_a_depth_is_compared_with_the_late_one_on_the_same_images():
    measured = of(80, 60)
    found = measured.against_late(measured.depths[0])
    assert found == intervals.paired_difference(0, 20, 100)
    assert found.difference == pytest.approx(0.2)


def test_an_earlier_depth_is_named_only_where_it_gets_more_right():
    assert similarity.best_earlier(of(60, 60)) is None
    assert similarity.best_earlier(of(60, 61)) is None
    assert similarity.best_earlier(of(61, 60)).name == "early"


# --- As JSON --------------------------------------------------------------------------------------


@given(scores())
def test_scores_survive_json(measured):
    assert similarity.parse(json.loads(json.dumps(similarity.to_dict(measured)))) == measured


GOOD = similarity.to_dict(of(60, 80))


def with_early(**changed):
    first, *others = GOOD["depths"]
    return GOOD | {"depths": [first | changed, *others]}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        "text",
        {},
        GOOD | {"depths": GOOD["depths"][:2]},
        GOOD | {"depths": GOOD["depths"][::-1]},
        GOOD | {"depths": 3},
        GOOD | {"class_counts": []},
        GOOD | {"class_counts": [101, -1]},
        GOOD | {"class_counts": [0]},
        GOOD | {"confidence": float("nan")},
        GOOD | {"confidence": 1.5},
        GOOD | {"confidence": "0.5"},
        GOOD | {"confidence_error": float("nan")},
        GOOD | {"entropy": -0.1},
        GOOD | {"more": 1},
        with_early(logme=float("nan")),
        with_early(logme=float("-inf")),
        with_early(channels=0),
        with_early(neighbours_correct=101),
        with_early(probe_correct=-1),
        with_early(probe_correct=61),
        with_early(probe_only=30, late_only=50),
        with_early(more=1),
    ],
)
def test_what_is_no_measurement_is_refused_with_a_next_step(bad):
    with pytest.raises(StoreError, match="stored measurement of similarity") as caught:
        similarity.parse(bad)
    assert caught.value.next_step == "Measure it again."


def test_the_shipped_measurements_are_of_the_ruler_that_is_described():
    from lib.core import backbones

    layers = {
        row.name: row
        for row in backbones.load_layer_table(similarity.BACKBONE, similarity.IMAGE_SIZE)
    }
    sides = [layers[layer].output_shape[0] for layer in LAYERS.values()]
    assert [similarity.IMAGE_SIZE // side for side in sides] == [8, 16, 32]
    for measured in similarity.references().values():
        assert 100 <= measured.num_images <= similarity.MAX_IMAGES
        channels = [layers[each.layer].output_shape[-1] for each in measured.depths]
        assert [each.channels for each in measured.depths] == channels


def test_damaged_references_are_told_in_words(tmp_path, monkeypatch):
    for text in (None, "{", "[1]"):
        file = tmp_path / "similarity.json"
        if text:
            file.write_text(text, "utf-8")
        monkeypatch.setattr(similarity, "FILE", file)
        similarity.references.cache_clear()
        with pytest.raises(StoreError):
            similarity.references()
    similarity.references.cache_clear()
