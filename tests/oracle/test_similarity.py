"""Similarity as a worker measures it: on what the backbone gives, and never on test images."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lib.core import backbones, datasets, splits
from lib.core.errors import DataError
from lib.core.strategy import similarity
from lib.core.strategy.similarity import IMAGE_SIZE, LAYERS
from lib.tools import measure_similarity
from lib.training.answers import imagenet
from lib.training.answers import similarity as measuring
from lib.training.images import decode
from lib.training.network import efficientnet_lite
from lib.training.sources import folder, tfds

OPENMOJI = "openmoji_animals_food"
SAMPLES = Path(datasets.__file__).parent / "data" / "samples" / OPENMOJI


@pytest.fixture(scope="module")
def pixels():
    files = sorted(SAMPLES.glob("*/*.*"))[:6]
    return np.stack([decode.decode(file.read_bytes(), IMAGE_SIZE) for file in files])


def test_features_are_the_averages_of_the_named_layers(pixels):
    found = measuring.extract(pixels)[:3]
    network = efficientnet_lite.efficientnet_lite0(IMAGE_SIZE)
    efficientnet_lite.load_imagenet_weights(network)
    inputs = backbones.get("efficientnet_lite0").preprocessing.apply(pixels)
    outputs = [network.get_layer(layer).output for layer in LAYERS.values()]
    maps = keras.Model(network.input, outputs).predict(inputs, verbose=0)
    for features, feature_maps in zip(found, maps, strict=True):
        np.testing.assert_allclose(features, feature_maps.mean(axis=(1, 2)), atol=1e-4)


def test_the_classifier_says_what_it_says_on_the_page_predict(pixels):
    probabilities = measuring.extract(pixels)[3]
    said = imagenet.feature_map(
        sorted(SAMPLES.glob("*/*.*"))[0].read_bytes(), IMAGE_SIZE, IMAGE_SIZE
    )
    top, probability = said["top"][0]
    assert probabilities.shape == (6, 1000)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert probabilities[0].argmax() == top
    assert probabilities[0].max() == pytest.approx(probability, abs=1e-4)


def clouds(num_images=90, channels=120, num_classes=3, distance=0.6):
    rng = np.random.default_rng(0)
    labels = np.arange(num_images) % num_classes
    centres = rng.normal(size=(num_classes, channels)) * distance
    features = centres[labels] + rng.normal(size=(num_images, channels))
    return (3 + 5 * features).astype(np.float32), labels


@pytest.mark.parametrize("num_classes", [2, 3])
def test_the_probe_is_logistic_regression_on_standardised_features(num_classes):
    features, labels = clouds(num_classes=num_classes, distance=0.15)
    features[:, 7] = 4.0  # never changes
    folds = measuring._folds(labels)
    penalty = measuring.PROBE_C / features.shape[1]
    plain = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1_000))
    said = measuring.probe(features, labels, folds)
    for fit, ask in folds:
        expected = plain.fit(features[fit], labels[fit]).predict(features[ask])
        assert np.array_equal(said[ask], expected)
    assert 0.4 < np.mean(said == labels) < 1


def test_neighbours_and_probe_find_what_is_there_and_nothing_else():
    rng = np.random.default_rng(0)
    telling, labels = clouds(distance=2.0)
    useless = rng.normal(size=telling.shape).astype(np.float32)
    folds = measuring._folds(labels)
    for ask in (measuring.probe, measuring.neighbours):
        assert np.mean(ask(telling, labels, folds) == labels) == 1
        assert np.mean(ask(useless, labels, folds) == labels) < 0.55


def test_every_image_is_asked_once_by_models_that_never_saw_it():
    labels = np.array([0] * 40 + [1] * 13)
    folds = measuring._folds(labels)
    assert len(folds) == similarity.NUM_FOLDS
    assert sorted(np.concatenate([ask for _, ask in folds])) == list(range(53))
    for fit, ask in folds:
        assert not set(fit) & set(ask)
        assert 2 <= labels[ask].sum() <= 3  # the classes in their shares


def test_a_small_class_has_fewer_folds_and_one_of_a_single_image_is_refused():
    assert len(measuring._folds(np.array([0] * 20 + [1] * 3))) == 3
    with pytest.raises(DataError, match="smallest class has 1 image among the 21") as caught:
        measuring._folds(np.array([0] * 20 + [1]))
    assert caught.value.next_step


def test_test_images_are_never_read(monkeypatch):
    source = tfds.source(OPENMOJI)
    read = []

    def watched(dataset):
        def reading(wanted):
            read.extend(wanted)
            return source.read(wanted)

        return decode.ImageSource(source.class_names, source.labels, reading)

    monkeypatch.setattr(measuring.tfds, "source", watched)
    measuring.measure_dataset(OPENMOJI, num_images=200)
    parts = splits.split(source.labels, 160, 0)
    assert len(read) == len(set(read)) == 200
    assert not set(read) & set(parts.test.tolist())
    assert set(parts.validation.tolist()) <= set(read)


def test_a_second_question_computes_nothing_again(monkeypatch):
    first = measuring.measure(OPENMOJI, num_images=60)
    for name in ("extract", "probe", "neighbours", "logme"):
        monkeypatch.setattr(measuring, name, None)
    monkeypatch.setattr(measuring.Chosen, "load", None)
    assert measuring.measure(OPENMOJI, num_images=60) == first
    assert similarity.parse(json.loads(json.dumps(first))).num_images == 60


def test_own_images_are_measured_by_their_fingerprint_and_changed_ones_refused(tmp_path):
    for file in sorted(SAMPLES.glob("*/*.*")):
        copy = tmp_path / file.parent.name / file.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
    described = folder.describe_folder(tmp_path)
    found = measuring.measure_dataset(described.dataset, described.fingerprint, tmp_path)
    assert found.dataset == described.dataset
    assert found.num_images == described.num_images - len(
        splits.split(described.labels, 1 * described.max_train_images, 0).test
    )
    with pytest.raises(DataError, match="are not those"):
        measuring.measure_dataset("images-000000000000", "0" * 64, tmp_path)


def test_own_images_that_are_gone_are_told_with_a_next_step():
    with pytest.raises(DataError, match="not on this machine") as caught:
        measuring.measure("images-000000000000", "0" * 64)
    assert "upload" in caught.value.next_step


def test_random_pixels_are_told_apart_by_chance_only_and_the_classifier_is_not_sure():
    found = measuring.measure_noise(80)
    assert all(0.3 <= depth.probe_correct / 80 <= 0.7 for depth in found.depths)
    assert found.confidence < 0.15
    assert similarity.on_scale(found) < 0.15


# Each number of a measurement is compared above with how it is computed otherwise.
@pytest.mark.thorough
def test_the_committed_measurement_of_openmoji_is_what_measuring_gives(capsys):
    assert measure_similarity.main(["--check"]) == 0
    assert f"{OPENMOJI}: 200 images in" in capsys.readouterr().out


def test_the_check_names_what_differs():
    kept = similarity.references()[OPENMOJI]
    assert list(measure_similarity.differences(kept, kept)) == []
    fields = similarity.to_dict(kept)
    fields["confidence"] += 0.02
    fields["depths"][0]["logme"] += 0.02
    fields["depths"][1]["neighbours_correct"] -= 4
    found = list(measure_similarity.differences(similarity.parse(fields), kept))
    assert len(found) == 3
    assert "early features: logme" in found[1]
    assert list(measure_similarity.differences(kept, None)) == [f"{OPENMOJI} is not stored"]
