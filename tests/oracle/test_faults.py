"""A fault does in training what its words say, and nothing of it is left in healthy runs."""

import io
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from lib.core import runs
from lib.core.broken.faults import FAULTS, FEW_VALIDATION_IMAGES
from lib.core.files.shipped import DATA
from lib.core.lab.take_home import BACKBONE_FILE
from lib.core.reading import evaluation
from lib.core.runs import Run, TrainConfig
from lib.training import inference, task
from lib.training import model as models
from lib.training.answers import take_home
from lib.training.engine import network
from lib.training.sources import broken_data, feature_cache
from lib.training.sources.pipeline import ImageSet, LoadedData
from tests.speeds import thorough_beyond

SIZE, NUM_IMAGES, THAW_FROM = 32, 24, "top_conv"
DRAWING = sorted((DATA / "samples" / "openmoji_animals_food" / "animal").glob("*.*"))[0]


def config_of(fault: str, **asked: object) -> TrainConfig:
    usual = {"strategy": "feature_extraction", "head_epochs": 2, "fine_tune_epochs": 0}
    size = {"num_images": NUM_IMAGES, "image_size": SIZE, "seed": 3}
    return runs.make_config(**{**size, **usual, **asked, "fault": fault})


def trained(folder: Path, fault: str, **asked: object) -> Run:
    return task.train(config_of(fault, **asked), lambda event: None, folder=folder)


# --- Data -----------------------------------------------------------------------------------------


def some_data() -> LoadedData:
    """Sixty training images and twenty of each other split, of three classes, all different."""
    rng = np.random.default_rng(0)

    def part(number: int, first: int) -> ImageSet:
        images = rng.integers(0, 256, (number, 4, 4, 3), dtype=np.uint8)
        return ImageSet(images, np.arange(number) % 3, np.arange(first, first + number))

    return LoadedData(part(60, 0), part(21, 60), part(21, 81), ("a", "b", "c"))


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_the_test_images_are_never_changed(fault: str) -> None:
    data = some_data()
    config = replace(config_of(""), fault=fault)
    found = broken_data.with_fault(data, config)
    assert found.test is data.test
    same = found.train is data.train and found.validation is data.validation
    assert same == (fault not in broken_data._ACTS)


def with_fault(fault: str) -> tuple[LoadedData, LoadedData]:
    data = some_data()
    return data, broken_data.with_fault(data, config_of(fault))


def test_a_share_of_the_training_labels_is_wrong() -> None:
    data, found = with_fault("labels_shuffled")
    assert (found.train.labels != data.train.labels).sum() == 18
    assert set(found.train.labels) == {0, 1, 2}
    assert found.validation is data.validation


def test_training_labels_are_those_of_the_next_class() -> None:
    data, found = with_fault("labels_shifted")
    assert ((found.train.labels - data.train.labels) % 3 == 1).all()
    assert found.train.images is data.train.images


def test_validation_images_are_training_images() -> None:
    data, found = with_fault("validation_in_training")
    assert set(found.validation.indices) <= set(data.train.indices)
    assert len(found.validation) == len(data.validation)
    for image, index in zip(found.validation.images, found.validation.indices, strict=True):
        assert (image == data.train.images[index]).all()


def test_training_images_are_negatives() -> None:
    data, found = with_fault("other_distribution")
    assert (found.train.images.astype(int) + data.train.images == 255).all()
    assert found.train.images.dtype == np.uint8


def test_few_validation_images_are_left() -> None:
    data, found = with_fault("few_validation_images")
    assert len(found.validation) == FEW_VALIDATION_IMAGES
    assert set(found.validation.indices) <= set(data.validation.indices)


def test_one_image_in_twenty_of_the_last_class_is_left() -> None:
    _, found = with_fault("rare_class")
    assert np.bincount(found.train.labels).tolist() == [20, 20, 1]
    assert np.bincount(found.validation.labels).tolist() == [7, 7, 1]


# --- Network and training -------------------------------------------------------------------------


@pytest.mark.thorough
def test_without_compile_no_layer_moves_although_the_summary_counts_them(tmp_path: Path) -> None:
    asked = {"strategy": "partial_fine_tuning", "thaw_from": THAW_FROM, "fine_tune_epochs": 2}
    run = trained(tmp_path / "broken", "never_compiled", **asked)
    mended = trained(tmp_path / "mended", "", **asked)
    moved = run.result["moved"]["fine_tuning"]
    assert {layer for layer, change in moved.items() if change} == {"head"}
    assert mended.result["moved"]["fine_tuning"][THAW_FROM] > 0
    assert run.result["params"] == mended.result["params"]
    # The head goes on as it would without thawing.
    longer = trained(tmp_path / "head", "", head_epochs=4)
    assert [each.loss for each in run.history] == pytest.approx(
        [each.loss for each in longer.history], rel=1e-4
    )


@pytest.mark.thorough
def test_a_squeezed_head_never_says_class_0(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "sigmoid_from_logits")
    answers = evaluation.load(run)
    assert answers is not None
    assert set(answers.predicted) == {1}
    assert answers.probabilities[:, 1].min() >= 0.5
    # A question about it gets the answer that it gave in its run.
    told = inference.predict(str(run.folder), run.config.to_dict(), DRAWING.read_bytes())
    assert told["probabilities"][1] >= 0.5
    assert told["how"] == "grad_cam"


@pytest.mark.thorough
def test_random_weights_are_neither_pretrained_nor_kept_for_the_next_run(tmp_path: Path) -> None:
    network.forget_all()
    run = trained(tmp_path / "broken", "random_backbone")
    assert not network._kept
    mended = trained(tmp_path / "mended", "")
    assert run.result["weights_sha256"] != mended.result["weights_sha256"]
    assert network._kept
    other = trained(tmp_path / "other", "random_backbone", seed=4)
    assert other.result["weights_sha256"] != run.result["weights_sha256"]


def test_slow_statistics_have_the_published_momentum() -> None:
    scratch = {"strategy": "from_scratch", "head_epochs": 1}
    for fault, momentum in (("", 0.9), ("slow_statistics", 0.99)):
        backbone = models.first_backbone(config_of(fault, **scratch))
        assert backbone.get_layer("stem_bn").momentum == pytest.approx(momentum)


def test_destroyed_images_show_a_part_of_what_was_there() -> None:
    network.forget_all()
    for fault, wanted in (("", None), ("destroying_augmentation", ["RandomFlip"])):
        made = network.take(config_of(fault, augmentation=True).acting, 1)
        names = [type(layer).__name__ for layer in made._augment._layers]  # type: ignore[union-attr]
        assert ("RandomContrast" in names) == (wanted is None)
    zoom = made._augment._layers[-1]  # type: ignore[union-attr]
    assert zoom.height_upper < 0


def test_a_fault_that_is_only_settings_is_trained_as_those_settings(tmp_path: Path) -> None:
    broken = trained(tmp_path / "broken", "rate_too_high")
    plain = trained(tmp_path / "plain", "", head_learning_rate=0.1)
    assert [each.loss for each in broken.history] == [each.loss for each in plain.history]
    assert broken.config.fault == "rate_too_high"
    assert broken.config.head_learning_rate == 1e-3
    assert broken.history[0].learning_rate == pytest.approx(0.1)
    assert broken.result["run_id"] == runs.run_id(broken.config)


# --- What runs share ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", thorough_beyond(["preprocessed_twice"], ["preprocessed_twice", "wrong_range"])
)
def test_a_wrong_input_is_not_kept_for_the_mended_run(fault: str, tmp_path: Path) -> None:
    """Both in one home, with its caches of images and features, and in one process."""
    seed = {"seed": 11}  # Of no other test, so nothing is cached yet.
    broken = trained(tmp_path / "broken", fault, **seed)
    mended = trained(tmp_path / "mended", "", **seed)
    shutil.rmtree(feature_cache.cache_folder())
    alone = trained(tmp_path / "alone", "", **seed)
    assert [each.loss for each in mended.history] == [each.loss for each in alone.history]
    assert [each.loss for each in broken.history] != [each.loss for each in mended.history]
    seen = broken.result["images"]["input"]
    narrow = seen["high"] - seen["low"] < 0.1
    assert narrow if fault == "preprocessed_twice" else seen["high"] > 200
    # A question about the broken run is asked with its input.
    asked = broken.config.to_dict(), DRAWING.read_bytes()
    told = inference.predict(str(broken.folder), *asked)["probabilities"]
    other = inference.predict(str(mended.folder), mended.config.to_dict(), DRAWING.read_bytes())
    assert not np.allclose(told, other["probabilities"])


@pytest.mark.thorough
def test_what_is_taken_home_is_the_mended_run(tmp_path: Path) -> None:
    given = take_home.take_home(config_of("random_backbone").to_dict(), {"README.txt": ""})["file"]
    with zipfile.ZipFile(io.BytesIO(given)) as packed:
        (name,) = [each for each in packed.namelist() if each.endswith(BACKBONE_FILE)]
        (tmp_path / BACKBONE_FILE).write_bytes(packed.read(name))
    taken = keras.saving.load_model(tmp_path / BACKBONE_FILE)
    pretrained = models.first_backbone(config_of(""))
    first, second = (each.get_layer("stem_conv").get_weights()[0] for each in (taken, pretrained))
    assert (first == second).all()
