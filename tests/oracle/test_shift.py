"""A real run on validation images that were changed says so, and one on those as they are does not.

What separates a shift from overfitting is a measurement and not the shape of a curve: the features
of the frozen backbone, and a classifier that tries to tell the two splits apart.
"""

from dataclasses import replace

import numpy as np
import pytest

from lib.core import runs
from lib.core.lab.store import RunStore
from lib.core.reading import diagnose
from lib.training import task
from lib.training.sources import pipeline
from tests.speeds import thorough_beyond

CHANGES = {
    "one channel lost": lambda images: images * np.array([1, 1, 0], np.uint8),
    "washed out": lambda images: images // 2 + 128,
}


def shift_of(change, tmp_path, monkeypatch):
    """The run, with its validation images changed."""
    load = pipeline.load_data

    def loading(*args, **options):
        data = load(*args, **options)
        changed = replace(data.validation, images=change(data.validation.images))
        return replace(data, validation=changed)

    monkeypatch.setattr(task.pipeline, "load_data", loading)
    config = runs.make_config(
        strategy="feature_extraction", num_images=160, image_size=96, head_epochs=8, seed=0
    )
    return task.train(config, lambda event: None, store=RunStore(tmp_path))


@pytest.mark.thorough
@pytest.mark.parametrize("name", thorough_beyond(["one channel lost"], CHANGES))
def test_changed_validation_images_are_a_distribution_shift(name, tmp_path, monkeypatch):
    run = shift_of(CHANGES[name], tmp_path, monkeypatch)
    found = diagnose.diagnose(run)
    assert "distribution_shift" in [each.kind for each in found], run.result["shift"]
    assert "overfitting" not in [each.kind for each in found]


@pytest.mark.thorough
def test_validation_images_as_they_are_are_not(tmp_path, monkeypatch):
    run = shift_of(lambda images: images, tmp_path, monkeypatch)
    assert "distribution_shift" not in [each.kind for each in diagnose.diagnose(run)]
    shift = run.result["shift"]
    assert shift["low"] <= 0.5 <= shift["high"]
    assert (shift["num_train"], shift["num_validation"]) == (160, 40)
