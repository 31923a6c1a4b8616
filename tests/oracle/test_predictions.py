"""What the page says without a worker is what a worker says."""

from dataclasses import asdict

import numpy as np
import pytest

from lib.core.lab import store
from lib.core.maps import feature_maps, predictions
from lib.tools import export_pixels
from lib.training import inference
from lib.training.answers import imagenet


def test_the_pixels_that_ship_are_those_of_the_shipped_images(capsys):
    assert export_pixels.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("example", ["cat", "burger"])
def test_a_recorded_run_says_the_same_with_and_without_a_worker(example):
    run = next(
        run for run in store.RunStore() if run.recorded and feature_maps.reads_averages(run.config)
    )
    alone = predictions.from_shipped_maps(run, example)
    picture = feature_maps.examples()[example].picture()
    said = inference.predict(str(run.folder), asdict(run.config), picture)
    asked = predictions.from_worker(said)
    assert alone is not None
    assert asked.how == alone.how == "cam"
    np.testing.assert_allclose(asked.probabilities, alone.probabilities, atol=1e-4)
    np.testing.assert_allclose(asked.maps, alone.maps, atol=1e-2)
    for index in range(2):
        mean, bias, logit = asked.sum_of(index)
        assert mean + bias == pytest.approx(logit, abs=1e-4)
        assert alone.sum_of(index) == pytest.approx((mean, bias, logit), abs=1e-3)
    size = run.config.image_size
    shown = predictions.shown(said["image"], said["size"], "WebP")
    assert shown == predictions.shown_example(example, size)


def test_the_classifier_says_the_same_with_and_without_a_worker():
    said = imagenet.feature_map(feature_maps.examples()["espresso"].picture(), 224, 224)
    shipped = feature_maps.load("espresso", (224, 224))
    assert tuple(index for index, _ in said["top"]) == shipped.top()
    for index, probability in said["top"]:
        assert probability == pytest.approx(shipped.probabilities[index], abs=1e-4)
    assert said["format"] == "WebP"
