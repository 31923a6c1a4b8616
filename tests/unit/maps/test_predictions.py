"""What is said of an image and of the answer to it, without any network."""

import numpy as np
import pytest

from lib.core import backbones
from lib.core.errors import ConfigError
from lib.core.lab import store
from lib.core.maps import feature_maps, predictions
from lib.core.maps.feature_maps import Classifier, FeatureMaps
from lib.ui.parts.prediction import payload as prediction_payload

RNG = np.random.default_rng(0)
MAPS = FeatureMaps((96, 96), RNG.normal(size=(3, 3, 8)), np.zeros(1000))


def classifier(outputs: int) -> Classifier:
    return Classifier(
        tuple(range(outputs)), RNG.normal(size=(8, outputs)), RNG.normal(size=outputs)
    )


@pytest.mark.parametrize("outputs", [1, 3])
def test_mean_of_the_map_and_bias_are_the_logit_of_every_class(outputs):
    answer = predictions.from_maps(MAPS, classifier(outputs))
    num_classes = max(2, outputs)
    assert answer.maps.shape == (3, 3, num_classes)
    for index in range(num_classes):
        mean, bias, logit = answer.sum_of(index)
        assert mean + bias == pytest.approx(logit, abs=1e-12)


def test_the_answer_from_maps_is_what_a_dense_layer_says():
    head = classifier(3)
    answer = predictions.from_maps(MAPS, head)
    logits = MAPS.maps.mean(axis=(0, 1)) @ head.kernel + head.bias
    powers = np.exp(logits)
    np.testing.assert_allclose(answer.probabilities, powers / powers.sum(), atol=1e-12)
    assert answer.best == int(logits.argmax())
    assert answer.ranking(2) == tuple(np.argsort(-logits)[:2])


@pytest.mark.parametrize("example", feature_maps.examples())
@pytest.mark.parametrize("side", [96, 128, 160, 224])
def test_every_shipped_image_tells_how_it_is_shown(example, side):
    shown = predictions.shown_example(example, side)
    known = feature_maps.examples()[example]
    assert shown.size == (known.width, known.height)
    assert shown.image_size == side
    assert 0 <= shown.low <= min(shown.pixel)
    assert max(shown.pixel) <= shown.high <= 255


@pytest.mark.parametrize(("example", "side"), [("nothing", 224), ("cat", 225)])
def test_an_image_that_does_not_ship_is_one_sentence(example, side):
    with pytest.raises(ConfigError, match="does not ship with Thaw"):
        predictions.shown_example(example, side)


def test_what_a_worker_decoded_is_told_the_same_way():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[2, 2] = (10, 20, 30)
    shown = predictions.shown(pixels, (640, 480), "JPEG")
    assert shown == predictions.Shown("JPEG", (640, 480), 4, (10, 20, 30), 0, 30)
    assert shown.preprocessed(backbones.LITE) == pytest.approx((-117 / 128, -107 / 128, -97 / 128))
    assert shown.preprocessed(backbones.CAFFE) == pytest.approx((-73.939, -96.779, -113.68))


def test_the_lesson_has_the_numbers_of_this_image():
    shown = predictions.Shown("WebP", (420, 280), 224, (187, 148, 118), 0, 210)
    steps = predictions.lesson(shown, backbones.LITE, 285, 0.8172, "Egyptian cat")
    assert [step.title for step in steps] == ["Load", "Preprocess", "Predict", "Decode"]
    load, preprocess, predict, decode = (f"{step.result} {step.shape}" for step in steps)
    assert "187, 148, 118" in load
    assert "420 × 280" in load
    assert "0.47, 0.16, −0.07" in preprocess  # (187 - 127) / 128 = 0.469
    assert "−0.99 to 0.65" in preprocess  # (210 - 127) / 128 = 0.648
    assert "0.817" in predict
    assert "285" in predict
    assert "Egyptian cat" in decode


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_the_preprocessing_of_every_backbone_is_told_in_words_and_numbers(backbone):
    how = backbones.get(backbone).preprocessing
    rows = predictions.steps_table(predictions.shown_example("cat", 128), how)
    assert [len(row) for row in rows] == [3, 3, 3, 3]
    assert predictions.in_words(how)
    shapes = [row[1].replace("\N{NO-BREAK SPACE}", " ") for row in rows]
    assert shapes == ["280 × 420 × 3", "128 × 128 × 3", "128 × 128 × 3", "1 × 128 × 128 × 3"]


def test_a_recorded_run_answers_on_shipped_images_without_a_worker():
    answered = 0
    for run in store.RunStore():
        if run.recorded and feature_maps.reads_averages(run.config):
            for example in feature_maps.examples():
                answer = predictions.from_shipped_maps(run, example)
                answered += answer is not None
                if answer is not None:
                    assert answer.probabilities.sum() == pytest.approx(1)
                    assert len(answer.probabilities) == len(run.result["class_names"])
    assert answered


def test_a_run_that_changed_its_backbone_needs_a_worker():
    fine_tuned = [r for r in store.RunStore() if r.config.strategy == "partial_fine_tuning"]
    assert fine_tuned
    assert all(predictions.from_shipped_maps(run, "cat") is None for run in fine_tuned)


def test_the_drawing_has_one_scale_for_all_panels_and_says_the_maps_in_words():
    answer = predictions.from_maps(MAPS, classifier(1))
    lines = prediction_payload.lines(answer, ("animal", "food"), (0, 1))
    panels = [prediction_payload.Panel(title, "food", lines) for title in ("before", "after")]
    drawn = prediction_payload.board("data:,", (96, 96), panels, label="x", chosen=1)
    assert drawn["full"] == pytest.approx(np.abs(answer.maps).max())
    first, second = drawn["panels"][0]["classes"]
    assert first["values"] == [-value for value in second["values"]]
    assert "strongest" in first["where"] + second["where"]
    nothing = prediction_payload.ClassLine(0, "animal", 0.1, -np.ones((2, 2)))
    drawn = prediction_payload.board(
        "data:,", (96, 96), [prediction_payload.Panel("", "", (nothing,))], label="x", chosen=0
    )
    assert (
        "Nothing in the image is evidence for animal" in drawn["panels"][0]["classes"][0]["where"]
    )
