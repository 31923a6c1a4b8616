"""The tf.data code on the page gives the images, labels and values a run is given."""

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from lib.code import tf_data
from lib.core import backbones, datasets
from lib.core.images import download_status
from lib.core.maps import feature_maps
from lib.core.splits import IntArray
from lib.core.uploads import own_datasets
from lib.training.images import decode
from lib.training.sources import pipeline
from lib.training.sources import tfds as tfds_data
from lib.training.sources.augmentation import Augmentation

# In units of 0 to 255: Pillow resizes in integers and rounds twice, TensorFlow in floats and once.
ROUNDING = 1.0
SIZE = 96


def executed(code: str) -> SimpleNamespace:
    names: dict[str, Any] = {}
    exec(compile(code, "data.py", "exec"), names)
    return SimpleNamespace(**names)


def everything(batches: tf.data.Dataset) -> tuple[np.ndarray, IntArray]:
    """All images and labels, in the order they come."""
    images_, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images_), np.concatenate(labels)


@pytest.mark.parametrize(
    ("dataset", "backbone"),
    [
        # A folder of one's own is read below for this backbone.
        pytest.param("openmoji_animals_food", "efficientnet_lite0", marks=pytest.mark.thorough),
        ("openmoji_animals_food", "vgg16"),
        pytest.param("elpv", "densenet121", marks=pytest.mark.thorough),
    ],
)
def test_its_pixels_are_those_of_a_run(
    dataset: str, backbone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, how = datasets.get(dataset), backbones.get(backbone).preprocessing
    run = pipeline.load_data(dataset, num_images=40, image_size=SIZE, seed=3)
    here = str(download_status.data_folder())
    monkeypatch.setattr(tfds, "load", functools.partial(tfds.load, data_dir=here, download=False))
    code = tf_data.code(spec, backbones.get(backbone), image_size=SIZE, num_images=40, seed=3)
    theirs = executed(code)
    for part in ("validation", "test"):
        loaded = getattr(run, part)
        values, labels = everything(getattr(theirs, part))
        # They come in the order of the dataset; a run has them in that of the split.
        order = np.argsort(loaded.indices)
        assert labels.tolist() == loaded.labels[order].tolist()
        difference = np.abs(values - how.apply(loaded.images[order]))
        assert difference.max() <= ROUNDING * np.max(how.scale) + 1e-4
        # Rounding, and no shift by a part of a pixel.
        assert difference.mean() <= 0.15 * np.max(how.scale)
    assert np.array_equal(theirs.parts.train, run.train.indices)
    labels = everything(theirs.train)[1]
    assert sorted(labels) == sorted(run.train.labels)


def test_its_augmentation_draws_what_thaw_draws() -> None:
    code = tf_data.code(
        datasets.get("elpv"), backbones.get("vgg16"), image_size=SIZE, num_images=40, seed=7
    )
    start = code.index("augment = keras")
    end = code.index("def rescaled")
    names = executed("import keras\nSEED = 7\n" + code[start:end])
    batch = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    ours = Augmentation(7)(batch)
    assert np.array_equal(names.augment(batch, training=True), ours)
    assert not np.array_equal(ours, batch)


@pytest.mark.parametrize("num_given", [(), (10, 4, 4), (14, 0, 4)])
def test_a_folder_of_ones_own_gives_the_same_too(
    num_given: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    for label, name in enumerate(("ant", "bee")):
        for number in range(9):
            in_part = ""
            if num_given:
                ends = np.cumsum(num_given) // 2
                in_part = ("train", "validation", "test")[np.searchsorted(ends, number, "right")]
            folder = tmp_path / "images" / in_part / name
            folder.mkdir(parents=True, exist_ok=True)
            # Smooth pictures of several sizes, as photographs are.
            small = rng.integers(0, 256, (6 + label, 5, 3)).astype(np.uint8)
            picture = Image.fromarray(small).resize((90 + 7 * number, 120), 3)
            picture.save(folder / f"{number:05d}.png")
    spec = own_datasets.OwnSpec(
        id="images-0123456789ab",
        title="Mine",
        version="",
        num_images=18,
        class_names=("ant", "bee"),
        licence="",
        attribution="",
        source="",
        about="",
        offline=True,
        num_given=num_given,
    )
    monkeypatch.chdir(tmp_path)
    lite = backbones.get("efficientnet_lite0")
    code = tf_data.code(spec, lite, image_size=SIZE, num_images=8, seed=2)
    theirs = executed(code)
    described = pipeline.describe_folder(tmp_path / "images")
    run = pipeline.load_data(
        described.dataset, num_images=8, image_size=SIZE, seed=2, folder=tmp_path / "images"
    )
    values, labels = everything(theirs.validation)
    assert labels.tolist() == run.validation.labels.tolist()
    assert theirs.parts.train.tolist() == run.train.indices.tolist()
    difference = np.abs(values - lite.preprocessing.apply(run.validation.images))
    assert difference.max() <= ROUNDING * lite.preprocessing.scale + 1e-4


def test_a_photograph_differs_by_more_where_pillow_takes_a_short_cut(tmp_path: Path) -> None:
    # A JPEG far larger than what is wanted: Pillow decodes it at a fraction of its size.
    picture = feature_maps.examples()["cat"].picture()
    file = tmp_path / "cat.jpg"
    with decode.opened(picture) as opened:
        opened.convert("RGB").resize((1680, 1120), 3).save(file, quality=95)
    code = tf_data.code(
        datasets.get("elpv"), backbones.get("vgg16"), image_size=SIZE, num_images=40, seed=7
    )
    start, end = code.index("def decoded"), code.index("# Where a run augments")
    names = executed(f"import tensorflow as tf\nIMAGE_SIZE = {SIZE}\n" + code[start:end])
    theirs = names.decoded(tf.io.read_file(str(file))).numpy()
    ours = decode.decode(file.read_bytes(), SIZE).astype(np.float32)
    assert np.abs(theirs - ours).mean() < 2
    assert np.abs(theirs - ours).max() < 32


@pytest.mark.parametrize("spec", datasets.DATASETS.values(), ids=lambda spec: spec.id)
def test_every_dataset_has_the_features_the_code_reads(spec: datasets.DatasetSpec) -> None:
    builder, keys = tfds_data.open_builder(spec.id)
    assert keys == ("image", "label")
    assert "train" in builder.info.splits or not builder.info.splits
