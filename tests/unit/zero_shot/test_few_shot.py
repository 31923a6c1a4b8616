"""The nearest class mean, and the draws that it gets."""

import numpy as np
import pytest

from lib.core.zero_shot import few_shot


def test_an_image_gets_the_class_with_the_nearest_direction_whatever_the_lengths() -> None:
    features = np.array([[10.0, 0.0], [0.0, 0.1], [0.0, 0.3]])
    labels = np.array([0, 1, 1])
    asked = np.array([[0.01, 0.001], [5.0, 6.0], [0.0, 9.0]])
    assert few_shot.nearest_mean(features, labels, asked).tolist() == [0, 1, 1]


def test_the_mean_of_a_class_decides_not_its_nearest_image() -> None:
    features = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.7]])
    labels = np.array([0, 0, 1])  # class 0 on average points at 45 degrees, class 1 at 41
    degrees = np.deg2rad([40.0, 50.0])
    asked = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    assert few_shot.nearest_mean(features, labels, asked).tolist() == [1, 0]


def test_an_image_with_large_features_counts_no_more_than_another_of_its_class() -> None:
    features = np.array([[10.0, 0.0], [0.0, 1.0], [1.0, 0.4]])
    labels = np.array([0, 0, 1])  # class 0 points at 45 degrees, whatever the lengths
    assert few_shot.nearest_mean(features, labels, np.array([[1.0, 0.95]])).tolist() == [0]


def test_a_dark_image_without_any_feature_gets_a_class_too() -> None:
    said = few_shot.nearest_mean(np.eye(2), np.array([0, 1]), np.zeros((1, 2)))
    assert said.tolist() == [0]


def test_a_class_without_an_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"there is none of \[1\]"):
        few_shot.nearest_mean(np.eye(3), np.array([0, 2, 2]), np.eye(3))


def test_every_draw_has_the_same_number_of_each_class_and_no_image_twice() -> None:
    labels = np.array([0, 1, 0, 1, 1, 0, 0])
    drawn = list(few_shot.draws(labels, 2, num_draws=20))
    assert len(drawn) == 20
    for each in drawn:
        assert len(set(each.tolist())) == len(each) == 4
        assert np.bincount(labels[each]).tolist() == [2, 2]
    assert len({tuple(sorted(each.tolist())) for each in drawn}) > 1
    again = list(few_shot.draws(labels, 2, num_draws=20))
    assert all(np.array_equal(*pair) for pair in zip(drawn, again, strict=True))


def test_no_more_images_are_drawn_than_the_smallest_class_has() -> None:
    with pytest.raises(ValueError, match="Expected 4 images of every class; one has 3"):
        next(few_shot.draws(np.array([0, 0, 0, 0, 1, 1, 1]), 4))
    labels = np.array([0, 0, 1, 1])
    counted = few_shot.counts(np.eye(4), labels, np.eye(4), labels)
    assert list(counted) == [1, 2]
    assert all(len(each) == few_shot.NUM_DRAWS for each in counted.values())
    # All four images are in every draw of two each, so each of them is recognised.
    assert set(counted[2]) == {4}


def test_a_dataset_of_nothing_has_nothing_to_draw() -> None:
    empty = np.zeros(0, np.int64)
    assert few_shot.counts(np.zeros((0, 2)), empty, np.zeros((0, 2)), empty) == {}
