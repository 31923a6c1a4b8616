"""Generated code is, letter by letter, what the version before wrote."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib.code import keras_model, keras_run, tf_data, torch_run
from lib.core import backbones, datasets, heads, runs
from lib.core.images import shuffle_leak
from lib.core.maps import predictions
from tests.unit.before import written_before

CODE = written_before.FOLDER / "code"
CONFIGS = written_before.read("run_ids.json")

# (backbone, size, head, everything else that keras_model.code takes)
PLANS: dict[str, tuple[str, int, dict[str, Any], dict[str, Any]]] = {
    "mobilenet_tutorial": ("mobilenet_v2", 160, {}, {"cut": 100, "batch_norm_frozen": True}),
    "lite0_by_hand": (
        "efficientnet_lite0",
        128,
        {"pooling": "flatten", "hidden_units": 256, "dropout": 0.25, "outputs": 2},
        {"cut": 90, "batch_norm_frozen": False, "by_hand": [*range(40, 55), 100]},
    ),
    "efficientnet_by_hand": (
        "efficientnet_b0",
        224,
        {"pooling": "gmp", "outputs": 37},
        {"cut": 162, "batch_norm_frozen": True, "by_hand": [2, 3, 4]},
    ),
    "vgg16_all_frozen": ("vgg16", 224, {"dropout": 0.5}, {"cut": 19, "batch_norm_frozen": True}),
    "xception_from_scratch": (
        "xception",
        150,
        {"outputs": 10},
        {"cut": 0, "batch_norm_frozen": False, "weights": None},
    ),
    "lite0_from_scratch": (
        "efficientnet_lite0",
        32,
        {},
        {"cut": 0, "batch_norm_frozen": False, "weights": None},
    ),
}

# Names of run_ids.json, by what is written of them.
SCRIPTS = (
    "defaults",
    "from_scratch",
    "gradual",
    "all_thawed_as_the_tutorial_does",
    "resnet_gradual_augmented",
    "efficientnet_drops",
    "efficientnet_head_only",
    "mobilenet_from_scratch",
    "own_images",
)
NOTEBOOKS = ("gradual", "mobilenet_from_scratch")
READMES = ("defaults", "own_images", "from_scratch", "efficientnet_drops")
TORCH = (
    "gradual",
    "from_scratch",
    "all_thawed_as_the_tutorial_does",
    "resnet_gradual_augmented",
    "resnet_all_thawed",
)
CLASSES = {
    "resnet_gradual_augmented": datasets.get("oxford_iiit_pet").class_names,
    "mobilenet_from_scratch": datasets.get("cifar10").class_names,
    "own_images": ("food/drink", "food drink", 'Größe "A"', "..."),
}
VERSIONS = {"python": "3.11.9", "keras": "3.15.1", "numpy": "2.4.6", "pillow": "12.1.0"}

# (dataset, backbone)
PIPELINES = {
    "openmoji_lite0": ("openmoji_animals_food", "efficientnet_lite0"),
    "cats_vs_dogs_vgg16": ("cats_vs_dogs", "vgg16"),
    "flowers_densenet": ("tf_flowers", "densenet121"),
    "own_images_efficientnet": ("images-0123456789ab", "efficientnet_b0"),
}


def a_run(name: str) -> runs.Run:
    """A finished run of a configuration, with a result of the simplest kind."""
    config = runs.TrainConfig.from_dict(json.loads(CONFIGS[name]["config"]))
    last = runs.EpochRecord(1, config.phases[-1].name, 0.1, 0.9, 0.2, 0.925, 1e-4, 1.0)
    own = name == "own_images"  # recorded on a machine with the large build of TensorFlow
    result = {
        "class_names": list(CLASSES.get(name, ("animal", "food"))),
        "split_sizes": {"train": config.num_images, "validation": 20, "test": 1_020},
        "test_accuracy": 0.95,
        "versions": VERSIONS | {"tensorflow" if own else "tensorflow-cpu": "2.21.0"},
    }
    return runs.Run(runs.run_id(config), config, (last,), result, Path())


def of_plan(name: str) -> str:
    backbone, image_size, head, how = PLANS[name]
    return keras_model.code(backbone, image_size, heads.HeadSpec(**head), **how)


def pipeline(name: str) -> str:
    id_, backbone = PIPELINES[name]
    known = datasets.DATASETS.get(id_)
    dataset = known or replace(datasets.get("elpv"), id=id_, title="<b>Mugs</b>")
    spec = backbones.get(backbone)
    size = spec.image_size
    return tf_data.code(dataset, spec, image_size=size, num_images=150, seed=3)


TEXTS: dict[str, Callable[[], str]] = {
    **{f"plan_{name}.py": lambda name=name: of_plan(name) for name in PLANS},
    **{f"script_{name}.py": lambda name=name: keras_run.script(a_run(name)) for name in SCRIPTS},
    **{f"notebook_{n}.ipynb": lambda n=n: keras_run.notebook(a_run(n)) for n in NOTEBOOKS},
    **{f"readme_{name}": lambda name=name: keras_run.readme(a_run(name)) for name in READMES},
    **{f"torch_{name}.py": lambda name=name: torch_run.code(a_run(name)) for name in TORCH},
    **{f"pipeline_{name}.py": lambda name=name: pipeline(name) for name in PIPELINES},
    "requirements_cpu": lambda: keras_run.requirements(a_run("defaults").result["versions"]),
    "requirements_arm": lambda: keras_run.requirements(a_run("own_images").result["versions"]),
    "requirements_unknown": lambda: keras_run.requirements({}),
    "load_offline.py": lambda: datasets.load_code(datasets.get("elpv")),
    "load.py": lambda: datasets.load_code(datasets.get("beans")),
    "leak.py": lambda: shuffle_leak.code(500, 100) + shuffle_leak.code(500, 100, 256),
    "predict.py": lambda: predictions.PRETRAINED_CODE,
}

# A fault of the version before, and what is written in its place: there the names of the folders
# took the place of those of the classes.
MENDED: dict[str, list[tuple[str, str]]] = {
    "script_own_images.py": [
        (
            'CLASS_NAMES = ["food_drink", "food_drink_2", "Größe_A", "class"]\n',
            'CLASS_NAMES = ["food/drink", "food drink", "Größe \\"A\\"", "..."]\n'
            "# The folder of each class, under a name that every file system takes.\n"
            'FOLDERS = ["food_drink", "food_drink_2", "Größe_A", "class"]\n',
        ),
        (
            '    files = sorted(Path("images", split).glob("*/*.png"), '
            "key=lambda file: file.name)\n"
            "    images = np.stack([np.asarray(keras.utils.load_img(file)) for file in files])\n"
            "    labels = np.array([CLASS_NAMES.index(file.parent.name) for file in files])\n",
            "    pairs = [\n"
            "        (file, label)\n"
            "        for label, folder in enumerate(FOLDERS)\n"
            '        for file in Path("images", split, folder).glob("*.png")\n'
            "    ]\n"
            "    pairs.sort(key=lambda pair: pair[0].name)\n"
            "    images = np.stack([np.asarray(keras.utils.load_img(file)) for file, _ in pairs])\n"
            "    labels = np.array([label for _, label in pairs])\n",
        ),
    ]
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_that_of_the_version_before(name: str) -> None:
    # With ".txt" behind it, so that no formatter touches what another version wrote.
    expected = (CODE / f"{name}.txt").read_text("utf-8")
    for before, now in MENDED.get(name, ()):
        assert expected.count(before) == 1
        expected = expected.replace(before, now)
    assert TEXTS[name]() == expected


def test_every_stored_text_is_compared() -> None:
    stored = {path.name for path in CODE.iterdir()}
    assert stored == {f"{name}.txt" for name in TEXTS}


def test_what_a_run_is_taken_home_with_is_these_four_texts() -> None:
    run = a_run("gradual")
    assert keras_run.texts(run) == {
        "README.txt": keras_run.readme(run),
        "train.py": keras_run.script(run),
        "notebook.ipynb": keras_run.notebook(run),
        "requirements.txt": keras_run.requirements(run.result["versions"]),
    }
