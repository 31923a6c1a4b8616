"""What a run is taken home as: packed, run where nothing of Thaw can be imported, and compared.

The environment of the tests has the versions the folder names, so the script runs in it, in a
folder of its own. One test makes a new environment from requirements.txt and runs it there, in
isolated mode.
"""

import io
import json
import os
import re
import runpy
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import nbclient
import nbformat
import numpy as np
import pytest
from PIL import Image

from lib.code import keras_run
from lib.core import backbones, heads, runs
from lib.core.errors import DataError
from lib.core.lab.store import RunStore
from lib.core.lab.take_home import BACKBONE_FILE
from lib.core.runs import Run, TrainConfig
from lib.training import model, task
from lib.training.answers import take_home
from lib.training.network import weights as pretrained
from lib.training.network.head import build_head, build_pooling
from lib.training.sources import pipeline
from lib.training.sources.pipeline import ImageSet, LoadedData
from tests.unit.code.test_keras_run import run_of

SMALL = {"num_images": 32, "image_size": 64, "head_epochs": 2, "fine_tune_epochs": 2, "seed": 5}
# Same seeds, order and versions: what is left is the order of float32 sums.
TOLERANCE = 1e-3
SCRIPT_LIMIT_S = 240
INSTALL_LIMIT_S = 600


def packed(run: Run) -> dict[str, bytes]:
    """Path in the archive -> content."""
    file = take_home.take_home(asdict(run.config), keras_run.texts(run))["file"]
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def unpack(content: dict[str, bytes], where: Path) -> None:
    for name, data in content.items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def unpacked(run: Run, where: Path) -> Path:
    unpack(packed(run), where)
    return where / f"thaw-{run.id}"


def clean_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("THAW_", "PYTHON"))}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "2"}


def run_script(folder: Path, python: str) -> str:
    """What the script printed, run in its folder with nothing else on the path of imports."""
    code = f"import runpy\nrunpy.run_path('{keras_run.SCRIPT}', run_name='__main__')"
    done = subprocess.run(
        [python, "-I", "-c", code],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SCRIPT_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def epochs(printed: str) -> np.ndarray:
    """accuracy, loss, val_accuracy and val_loss of every epoch that was printed."""
    lines = re.findall(
        r"^epoch +\d+  accuracy (\S+)  loss (\S+)  val_accuracy (\S+)  val_loss (\S+)$",
        printed,
        re.MULTILINE,
    )
    return np.array(lines, float)


def recorded(run: Run) -> np.ndarray:
    return np.array([(r.accuracy, r.loss, r.val_accuracy, r.val_loss) for r in run.history])


def accuracies(printed: str) -> tuple[float, float]:
    """Validation and test, as the code prints them at its end."""
    found = re.search(r"validation accuracy (\S+) .*\ntest accuracy (\S+) ", printed)
    assert found, printed
    return float(found[1]), float(found[2])


def assert_it_is_the_run(printed: str, run: Run) -> None:
    np.testing.assert_allclose(epochs(printed), recorded(run), atol=TOLERANCE)
    assert run.final
    expected = run.final.val_accuracy, run.result["test_accuracy"]
    assert accuracies(printed) == pytest.approx(expected, abs=TOLERANCE)


def trained(where: Path, **asked) -> Run:
    config = runs.make_config(**SMALL | asked)
    return task.train(config, lambda event: None, store=RunStore(where / "runs"))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    # Far up, with two BatchNormalization layers above the cut: only tracing is quicker.
    return trained(tmp_path_factory.mktemp("run"), thaw_from="block_15_project_conv")


@pytest.fixture(scope="module")
def home(run, tmp_path_factory) -> tuple[Path, dict[str, bytes]]:
    """Where the archive of the run was unpacked, and what was in it."""
    where, content = tmp_path_factory.mktemp("home"), packed(run)
    unpack(content, where)
    return where, content


@pytest.fixture(scope="module")
def folder(run, home) -> Path:
    return home[0] / f"thaw-{run.id}"


# --- The code -------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_nothing_of_thaw_can_be_imported_where_the_script_is_run(folder):
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import lib.core"],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert "No module named 'lib'" in done.stderr


# In this process, which has imported TensorFlow. The last test below gives it one of its own, and
# tests/unit/code/test_keras_run.py shows that it asks for nothing of Thaw.
def test_the_script_repeats_the_run_epoch_by_epoch(run, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    runpy.run_path(keras_run.SCRIPT, run_name="__main__")
    printed = capsys.readouterr().out
    assert_it_is_the_run(printed, run)
    params = run.result["params"]
    for phase in ("feature_extraction", "fine_tuning"):
        learning, total = params[phase]["trainable"], params[phase]["total"]
        assert f"{learning:,} of {total:,} parameters learn" in printed
    # What it leaves is a model that predicts, and takes images as they are.
    saved = keras.saving.load_model(folder / "model.keras", compile=False)
    assert saved.input_shape == (None, 64, 64, 3)
    images = np.zeros((2, 64, 64, 3), np.uint8)
    assert saved([images], training=False).shape == (2, 1)


@pytest.mark.thorough
def test_the_notebook_repeats_a_run_with_much_set_otherwise(tmp_path, monkeypatch):
    run = trained(
        tmp_path,
        pooling="flatten",
        hidden_units=16,
        dropout=0.3,
        optimizer="sgd",
        head_rate_factor=5.0,
        thaw_from="block_15_expand_conv,block_14_expand_conv",
        step_rate_factor=0.5,
        fine_tune_epochs=1,
        batch_norm="tutorial",
    )
    folder = unpacked(run, tmp_path)
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    notebook = nbformat.read(folder / keras_run.NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=SCRIPT_LIMIT_S, resources={"metadata": {"path": str(folder)}}
    ).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    printed = "".join(out.text for out in outputs if out.get("name") == "stdout")
    assert_it_is_the_run(printed, run)


# --- The code, in this process: it is Keras and NumPy and asks for nothing else -------------------


@pytest.mark.thorough
def test_the_script_repeats_an_augmented_run_of_three_classes_that_stopped_early(
    tmp_path, monkeypatch, capsys
):
    rng = np.random.default_rng(0)

    def images(count: int) -> ImageSet:
        labels = np.arange(count) % 3
        pixels = rng.integers(0, 256, (count, 32, 32, 3), np.uint8)
        pixels[np.arange(count), :, :, labels] //= 4  # something to learn
        return ImageSet(pixels, labels, np.arange(count))

    data = LoadedData(images(30), images(12), images(12), ("one", "two/2", "three"))
    monkeypatch.setattr(pipeline, "load_data", lambda *_, **__: data)
    run = trained(
        tmp_path,
        strategy="feature_extraction",
        image_size=32,
        num_images=30,
        pooling="gmp",
        optimizer="rmsprop",
        augmentation=True,
        head_epochs=6,
        head_learning_rate=0.1,
        early_stopping=1,
        restore_best_weights=True,
    )
    assert len(run.history) < 6, "nothing was stopped, so nothing was tested"
    assert run.restored, "nothing was put back, so nothing was tested"
    folder = unpacked(run, tmp_path)
    assert (folder / "images/test/two_2/00001.png").exists()
    monkeypatch.chdir(folder)
    capsys.readouterr()
    runpy.run_path(keras_run.SCRIPT, run_name="__main__")
    assert_it_is_the_run(capsys.readouterr().out, run)


# The script above begins with the weights of its run as well, and tests/oracle/test_keras_code.py
# builds a model from scratch.
@pytest.mark.thorough
@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "mobilenet_v3_small"])
def test_a_run_from_scratch_begins_with_the_same_weights(backbone, tmp_path, monkeypatch):
    asked = {"strategy": "from_scratch", "head_epochs": 1, "fine_tune_epochs": 0}
    config = runs.make_config(**SMALL | asked, backbone=backbone)
    found = begun(config, tmp_path, monkeypatch)
    assert_they_begin_alike(found, config, first=None)
    norms = [la for la in found["base"].layers if isinstance(la, keras.layers.BatchNormalization)]
    assert {norm.momentum for norm in norms} == {model.FROM_SCRATCH_MOMENTUM}


@pytest.mark.thorough
def test_a_run_with_a_backbone_of_keras_applications_begins_with_its_weights(tmp_path, monkeypatch):
    """Without a network: other weights are put where Keras would load the ImageNet ones."""
    keras.utils.set_random_seed(1)
    network = keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), include_top=False, weights=None
    )
    name = pretrained.file_name(backbones.get("mobilenet_v2"), 64)
    path = tmp_path / name.replace(".h5", ".weights.h5")
    network.save_weights(path)
    monkeypatch.setenv("THAW_WEIGHTS", str(path))

    def without_a_network(*, weights, input_shape, include_top):
        assert (weights, input_shape, include_top) == ("imagenet", (64, 64, 3), False)
        return network

    monkeypatch.setattr(keras.applications, "MobileNetV2", without_a_network)
    config = runs.make_config(**SMALL, backbone="mobilenet_v2", thaw_from="block_16_expand")
    found = begun(config, tmp_path, monkeypatch)
    assert not Path(BACKBONE_FILE).exists()
    assert_they_begin_alike(found, config, first="imagenet")


def begun(config: TrainConfig, where: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the script has made, up to the whole model, before anything is trained."""
    run = run_of(config)
    monkeypatch.chdir(unpacked(run, where))
    first, compiling, _ = keras_run.script(run).partition("# --- Compiling")
    assert compiling
    names: dict[str, Any] = {}
    exec(first, names)  # our own text, and running it is the point
    return names


def assert_they_begin_alike(found: dict[str, Any], config: TrainConfig, first: str | None) -> None:
    """The same weights, and the same logits of images as they are."""
    backbone = model.build_backbone(
        config.backbone, config.image_size, weights=first, seed=config.seed
    )
    weights = found["base"].get_weights()
    for old, new in zip(weights, backbone.get_weights(), strict=True):
        assert np.array_equal(old, new)
    shape, spec = backbone.output.shape[1:], heads.HeadSpec()
    images = found["validation_images"][:8]
    maps = backbone(backbones.get(config.backbone).preprocessing.apply(images), training=False)
    pooled = build_pooling(spec, shape)(maps)
    logits = build_head(spec, shape, seed=config.seed)(pooled)
    said = found["model"](images, training=False)
    assert np.ptp(logits) > 0
    np.testing.assert_allclose(said, logits, rtol=1e-4, atol=1e-5)


# --- What goes with it ----------------------------------------------------------------------------


def test_the_images_are_those_of_the_run_bit_for_bit_and_in_its_order(run, folder):
    config = run.config
    data = pipeline.load_data(
        config.dataset,
        num_images=config.num_images,
        image_size=config.image_size,
        seed=config.seed,
    )
    for split in ("train", "validation", "test"):
        files = sorted((folder / "images" / split).glob("*/*.png"), key=lambda path: path.name)
        part = getattr(data, split)
        pixels = np.stack([np.asarray(keras.utils.load_img(path)) for path in files])
        assert np.array_equal(pixels, part.images)
        assert [data.class_names.index(path.parent.name) for path in files] == list(part.labels)


@pytest.mark.thorough
def test_grey_images_are_packed_as_grey(tmp_path):
    config = runs.make_config(dataset="elpv", num_images=20, image_size=64)
    name, png = next(take_home.split_images(config))
    assert name.startswith("train/")
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "L"
        back = np.asarray(image.convert("RGB"))
    data = pipeline.load_data("elpv", num_images=20, image_size=64, seed=config.seed)
    assert np.array_equal(back, data.train.images[0])


@pytest.mark.thorough
def test_the_backbone_in_the_folder_is_untouched_by_training(run, folder):
    stored = keras.saving.load_model(folder / BACKBONE_FILE, compile=False)
    fresh = model.build_backbone("efficientnet_lite0", 64, weights="imagenet")
    assert [layer.name for layer in stored.layers] == [layer.name for layer in fresh.layers]
    for old, new in zip(stored.get_weights(), fresh.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_everything_lies_in_one_folder_named_after_the_run(run, home):
    _, names = home
    assert all(name.startswith(f"thaw-{run.id}/") for name in names)
    assert not any(".." in name or "\\" in name for name in names)
    texts = {name.partition("/")[2] for name in names if "/images/" not in name}
    assert texts == {
        "README.txt",
        "backbone.keras",
        "notebook.ipynb",
        "requirements.txt",
        "train.py",
    }
    json.loads(names[f"thaw-{run.id}/notebook.ipynb"])


def test_a_run_on_images_that_are_elsewhere_cannot_be_packed(run):
    config = asdict(run.config) | {"dataset": "images-0123456789ab"}
    with pytest.raises(DataError, match="not on this machine"):
        take_home.take_home(config, {})


@pytest.mark.thorough
@pytest.mark.skipif(
    os.environ.get("THAW_TEST_FRESH_ENVIRONMENT") != "1",
    reason="installs TensorFlow into a new environment; THAW_TEST_FRESH_ENVIRONMENT=1 runs it",
)
def test_the_script_runs_in_a_new_environment_made_from_its_requirements(run, folder, tmp_path):
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = str(environment / "bin" / "python")
    requirements = folder / keras_run.REQUIREMENTS
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "-r", requirements],
        check=True,
        timeout=INSTALL_LIMIT_S,
    )
    assert_it_is_the_run(run_script(folder, python), run)
