"""Pretrained weights are asked for and used exactly as keras.applications does it."""

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from lib.core import backbones
from lib.training.model import APPLICATIONS, build_architecture, build_backbone
from lib.training.network import weights


def random_model(backbone: str, size: int) -> keras.Model:
    """A backbone in which no two weights are alike, statistics included."""
    keras.utils.set_random_seed(5)
    model = build_architecture(backbone, size)
    chance = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([chance.uniform(0.8, 1.2, w.shape) for w in layer.get_weights()])
        if layer.name == "normalization":
            layer.set_weights([np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.3, 0.4]), np.int32(0)])
    return model


class _AskedError(Exception):
    pass


# A plain name, and one with the size in it, which has no file of its own for every size.
FEW = ("vgg16", "mobilenet_v2")


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined:UserWarning")
@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        *(
            pytest.param(each, 96, marks=() if each in FEW else pytest.mark.thorough)
            for each in APPLICATIONS
        ),
        ("mobilenet_v2", 75),
    ],
)
def test_the_file_that_is_asked_for_is_the_one_keras_asks_for(
    backbone: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str]] = []

    def get_file(name: str, origin: str, file_hash: str = "", **_: Any) -> str:
        asked.append((name, origin, file_hash))
        raise _AskedError

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(_AskedError):
        APPLICATIONS[backbone](include_top=False, input_shape=(size, size, 3))
    name = weights.file_name(backbones.get(backbone), size)
    folder, checksum = weights.PUBLISHED[backbone]
    assert asked == [(name, weights.BASE_URL + folder + name, checksum)]


# One of each kind: without BatchNormalization, with it, with a layer that Keras adds for the
# ImageNet weights alone, with branches, with layers inside layers.
@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        pytest.param("vgg16", 32, marks=pytest.mark.thorough),
        ("mobilenet_v2", 96),
        pytest.param("efficientnet_b0", 32, marks=pytest.mark.thorough),
        pytest.param("densenet121", 32, marks=pytest.mark.thorough),
        pytest.param("convnext_tiny", 32, marks=pytest.mark.thorough),
    ],
)
def test_weights_are_loaded_as_keras_loads_them(
    backbone: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = backbones.get(backbone)
    path = tmp_path / weights.file_name(spec, size)
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, random_model(backbone, size))
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
    theirs = APPLICATIONS[backbone](include_top=False, input_shape=(size, size, 3))
    monkeypatch.setenv("THAW_WEIGHTS", str(tmp_path))
    ours = build_backbone(backbone, size, weights="imagenet")
    images = np.random.default_rng(1).uniform(0, 255, (1, size, size, 3))
    images = spec.preprocessing.apply(images)
    expected, received = (model(images, training=False).numpy() for model in (theirs, ours))
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(received, expected, atol=1e-4 * np.abs(expected).max())
