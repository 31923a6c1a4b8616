"""A look at a dataset in words and numbers, and what ships of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lib.core import datasets, splits
from lib.core.images import inspection
from lib.core.images.inspection import Look
from lib.core.images.near_duplicates import Pair

OFFLINE = [spec for spec in datasets.DATASETS.values() if spec.offline]


def a_look(counts: list[int], sizes: list[tuple[int, int]] | None = None) -> Look:
    labels = np.repeat(np.arange(len(counts)), counts)
    opened = np.arange(len(sizes) if sizes is not None else len(labels))
    return Look(
        class_names=tuple(f"class `{number}`" for number in range(len(counts))),
        labels=labels,
        looked_at=opened,
        sizes=np.array(sizes if sizes is not None else [(10, 10)] * len(labels)).reshape(-1, 2),
        kinds={"PNG, RGB": len(opened)},
        pairs=(),
        num_pairs={},
        left_out=(),
        thumbnails=dict.fromkeys(range(len(labels)), b""),
        seconds=1.0,
    )


def test_balance_is_said_on_both_sides_of_the_threshold() -> None:
    assert "Every class has 30 images" in a_look([30, 30]).balance_in_words()
    nearly = a_look([100, 149]).balance_in_words()
    assert "nearly balanced, 100 to 149 images" in nearly
    assert "right 59.8% of the time" in nearly
    skewed = a_look([100, 150]).balance_in_words()
    assert "`` class `1` `` has 1.5 times the images of `` class `0` ``" in skewed
    assert "right 60.0% of the time" in skewed


def test_sizes_are_said_in_words() -> None:
    assert a_look([2, 2]).sizes_in_words() == "Every image has 10 × 10 pixels."
    said = a_look([2, 1], [(10, 20), (30, 30), (5, 1_000)]).sizes_in_words()
    assert said == "From 5 to 30 pixels wide and 20 to 1,000 high; 1 of 3 are square."
    assert a_look([2], []).sizes_in_words() == "No image could be opened."


def test_a_sample_is_the_same_every_time_and_no_image_is_in_it_twice() -> None:
    first, again = inspection.sample(50_000), inspection.sample(50_000)
    assert first == again
    assert len(first) == inspection.MAX_LOOKED_AT
    assert 0 <= min(first) <= max(first) < 50_000
    assert inspection.sample(inspection.MAX_LOOKED_AT) == frozenset(range(inspection.MAX_LOOKED_AT))


def test_every_class_is_shown_and_every_pair_and_not_too_many() -> None:
    labels = np.arange(4_000) % 40
    pairs = [Pair(100 + number, 3_000 + number, 0, "same") for number in range(50)]
    pairs += [Pair(200 + number, 3_200 + number, 0, "alike") for number in range(50)]
    shown = inspection.to_show(labels, range(4_000), pairs)
    assert set(labels[list(shown)]) == set(range(40))
    assert {100, 3_000, 111, 3_011, 200, 3_211} <= set(shown)
    assert len(shown) <= inspection.MAX_SAMPLES + 4 * inspection.MAX_PAIRS_SHOWN
    assert list(shown) == sorted(shown)


def test_what_does_harm_comes_first() -> None:
    labels = np.arange(240) % 2
    parts = inspection.every_use(labels)
    assert parts is not None
    train, test = sorted(parts.train.tolist()), sorted(parts.test.tolist())
    across = (*sorted((train[0], test[0])),)
    within = (train[1], train[2])
    pairs = [
        Pair(*within, 0, "alike"),
        Pair(*across, 4, "alike"),
        Pair(*within, 0, "copy"),
        Pair(*across, 4, "copy"),
        Pair(*within, 0, "same"),
    ]
    expected = [pairs[4], pairs[3], pairs[2], pairs[1], pairs[0]]
    assert list(inspection.worst_first(pairs, labels)) == expected


def test_what_is_in_two_splits_hangs_on_the_split_that_a_dataset_comes_with() -> None:
    labels, given = np.arange(240) % 2, splits.given_of((160, 40, 40))
    found = replace(a_look([120, 120]), labels=labels, given=given)
    test, train = 0, 239  # in this order they come
    across, within = Pair(test, train, 4, "alike"), Pair(train - 2, train, 0, "alike")
    assert inspection.worst_first([within, across], labels, given) == (across, within)
    assert inspection.test_images_alike(replace(found, pairs=(across,))) == 1
    assert inspection.test_images_alike(replace(found, pairs=(within,))) == 0
    parts = inspection.every_use(labels, given)
    assert parts is not None
    assert sorted(parts.test) == list(range(40))


def test_a_class_too_small_for_a_split_has_none() -> None:
    assert inspection.every_use(np.array([0] * 50 + [1])) is None
    assert inspection.worst_first([Pair(0, 1, 0, "same")], np.array([0, 1])) == (
        Pair(0, 1, 0, "same"),
    )


@pytest.mark.parametrize("num_images", [20, 77, 160])
def test_the_numbers_of_a_class_add_up_to_the_images_it_has(num_images: int) -> None:
    labels = np.array([0] * 200 + [1] * 25 + [2] * 15)
    parts = splits.split(labels, num_images, seed=4)
    counts = inspection.per_class(parts, labels, 3)
    assert list(counts) == ["training", "validation", "test", "not used"]
    assert sum(counts.values()).tolist() == [200, 25, 15]
    assert counts["training"].sum() == num_images
    for label in range(3):
        assert counts["test"][label] == sum(labels[index] == label for index in parts.test)


@pytest.mark.parametrize("spec", OFFLINE, ids=lambda spec: spec.id)
def test_what_ships_is_of_the_dataset_as_it_is(spec: datasets.DatasetSpec) -> None:
    found = inspection.shipped(spec.id, spec.fingerprint)
    assert found is not None
    assert found.is_all
    assert len(found.labels) == spec.num_images
    assert found.class_names == spec.class_names
    assert sum(found.kinds.values()) == spec.num_images
    for label in range(spec.num_classes):
        assert len(found.samples(label)) == inspection.SAMPLES_A_CLASS
    assert all(data.startswith(b"RIFF") for data in found.thumbnails.values())


def test_nothing_ships_of_other_images() -> None:
    assert inspection.shipped("cats_vs_dogs", "cats_vs_dogs/4.0.1") is None
    assert inspection.shipped("elpv", "elpv/0.0.1") is None
    assert inspection.shipped("images-0123456789ab", "0" * 64) is None
    assert inspection.shipped("../elpv", "elpv/1.0.0") is None


def test_what_ships_is_data_of_moderate_size() -> None:
    for spec in OFFLINE:
        path = inspection.shipped_file(spec.id)
        assert path.stat().st_size < 200_000
        json.loads(path.read_text("utf-8"))
