"""The code a run is taken home as; tests/oracle/test_take_home.py runs it."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lib.code import keras_run, torch_run
from lib.core import backbones, datasets, runs, strategies
from lib.core.errors import ConfigError
from lib.core.files import outside_text
from lib.core.runs import EpochRecord, Run, TrainConfig

VERSIONS = {"python": "3.11.9", "keras": "3.15.1", "numpy": "2.4.6", "tensorflow-cpu": "2.21.0"}
TOP, DEEPER = "block_14_expand_conv", "block_12_expand_conv"

# Trainable parameters of torchvision 0.x resnet50 without its classifier: all of it, and the
# convolutions of layer4 alone (pytorch.org/vision, resnet50: 25,557,032 with 2,049,000 of fc).
TORCH_ALL = 23_508_032
TORCH_LAYER4_CONVOLUTIONS = 14_942_208
HEAD = 2_049

ASKED: dict[str, dict[str, object]] = {
    "defaults": {},
    "head only": {"strategy": "feature_extraction"},
    "everything": {"strategy": "full_fine_tuning"},
    "from scratch": {"strategy": "from_scratch"},
    "straight fine-tuning": {"head_epochs": 0},
    "solved head": {"strategy": "feature_extraction", "head_solver": "solved"},
    "solved head, then thawed": {"head_solver": "solved", "augmentation": True},
    "cross-validated": {
        "strategy": "feature_extraction",
        "head_solver": "solved",
        "judged_by": "cross_validation",
    },
    "penalty": {"l2": 0.01, "hidden_units": 8},
    "much set otherwise": {
        "hidden_units": 16,
        "dropout": 0.3,
        "pooling": "flatten",
        "optimizer": "sgd",
        "head_rate_factor": 5.0,
        "thaw_from": f"{TOP},{DEEPER}",
        "step_rate_factor": 0.5,
        "batch_norm": "tutorial",
        "early_stopping": 2,
        "restore_best_weights": True,
        "augmentation": True,
    },
} | {
    f"{backbone}, {strategy}": {"backbone": backbone, "strategy": strategy}
    for backbone in backbones.BACKBONES
    for strategy in ("partial_fine_tuning", "from_scratch")
}


def a_run(class_names: tuple[str, ...] = ("animal", "food"), **asked: object) -> Run:
    """A run that ended with .925 and .95."""
    return run_of(runs.make_config(**asked), class_names)  # type: ignore[arg-type]


def run_of(config: TrainConfig, class_names: tuple[str, ...] = ("animal", "food")) -> Run:
    last = EpochRecord(1, "fine_tuning", 0.1, 0.9, 0.2, 0.925, 1e-4, 1.0)
    result = {
        "status": "finished",
        "class_names": list(class_names),
        "test_accuracy": 0.95,
        "split_sizes": {"train": config.num_images, "validation": 40, "test": 40},
        "versions": VERSIONS,
    }
    if config.head_solver == "solved":
        result["l2"] = 0.01
    if config.is_cross_validated:
        result["cross_validation"] = {"num_folds": 5, "num_repeats": 3}
    return Run(runs.run_id(config), config, (last,), result, Path("nowhere"))


def imported(code: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_code_is_python_of_the_usual_form_and_needs_nothing_of_thaw(asked, tmp_path):
    run = a_run(**asked)
    codes = {"train.py": keras_run.script(run), "train_torch.py": torch_run.code(run)}
    for name, code in codes.items():
        (tmp_path / name).write_text(code, "utf-8")
    solver = {"sklearn"} if run.config.head_solver == "solved" else set()
    assert imported(codes["train.py"]) <= {"keras", "numpy", "pathlib", "zlib"} | solver
    assert imported(codes["train_torch.py"]) <= {"torch", "torchvision"}
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", "--line-length=100"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_notebook_is_valid_and_holds_the_code_of_the_script(asked):
    run = a_run(**asked)
    notebook = nbformat.reads(keras_run.notebook(run), as_version=4)
    nbformat.validate(notebook)
    cells = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    _, *statements = ast.parse(keras_run.script(run)).body  # without the docstring
    assert [ast.dump(node) for node in ast.parse(cells).body] == [ast.dump(n) for n in statements]
    assert all(cell.get("outputs", []) == [] for cell in notebook.cells)


@pytest.mark.parametrize(
    ("setting", "value"),
    {
        "backbone": "mobilenet_v3_small",
        "image_size": 96,
        "num_images": 100,
        "strategy": "full_fine_tuning",
        "thaw_from": TOP,
        "head_epochs": 7,
        "fine_tune_epochs": 7,
        "head_learning_rate": 0.002,
        "fine_tune_learning_rate": 0.0002,
        "batch_size": 16,
        "batch_norm": "thawed",
        "seed": 42,
        "optimizer": "rmsprop",
        "head_rate_factor": 3.0,
        "dropout": 0.25,
        "pooling": "gmp",
        "hidden_units": 8,
        "augmentation": True,
        "early_stopping": 3,
        "dataset": "elpv",
    }.items(),
)
def test_every_setting_of_a_run_is_in_its_script(setting, value):
    assert keras_run.sections(a_run(**{setting: value})) != keras_run.sections(a_run()) or (
        # Which images, and how many, is in the folder and in the first line.
        setting in ("num_images", "dataset")
        and keras_run.script(a_run(**{setting: value})) != keras_run.script(a_run())
    )


def test_the_script_freezes_batch_normalization_and_compiles_after_every_change():
    code = keras_run.script(a_run())
    assert "isinstance(layer, keras.layers.BatchNormalization)" in code
    phases = code.partition("# --- Phase 1")[2]
    changes = [line for line in phases.splitlines() if line.startswith(("base.train", "thaw_from"))]
    assert changes == ["base.trainable = False", f'thaw_from("{"block_11_expand_conv"}")']
    for change in changes:
        assert phases.partition(change)[2].splitlines()[1].startswith("compile_model(")


def test_the_script_puts_the_best_weights_back_only_where_the_run_did():
    best = "model.set_weights(best)"
    assert best not in keras_run.script(a_run(early_stopping=2))
    assert best in keras_run.script(a_run(early_stopping=2, restore_best_weights=True))


def test_the_script_tells_what_the_run_ended_with():
    code = keras_run.script(a_run())
    assert "(in Thaw 0.9250)" in code
    assert "(in Thaw 0.9500)" in code


def test_a_thawed_batch_normalization_stays_thawed_in_the_code():
    code = keras_run.script(a_run(batch_norm="thawed"))
    assert "layers.BatchNormalization" not in code
    assert "its statistics move" in code


def test_the_ranges_of_a_preprocessing_are_exact():
    assert "Rescaling(1 / 128, offset=-127 / 128)" in keras_run.script(a_run())


def test_only_a_backbone_that_keras_does_not_have_comes_as_a_file():
    needed = [id_ for id_ in backbones.BACKBONES if keras_run.needs_backbone_file(config_of(id_))]
    assert needed == ["efficientnet_lite0"]


def config_of(backbone: str) -> TrainConfig:
    return runs.make_config(backbone=backbone)


# --- What comes from elsewhere never becomes code -------------------------------------------------

HOSTILE = ('"""', '"]\nimport os\n[', "a'b", "\\", "# --- x\nimport os", "{}", "../..", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_classes_and_data_stay_names(text):
    config = replace(runs.make_config(), dataset=f"images-{text}")
    run = run_of(config, (text, f"{text}2"))
    code = keras_run.script(run)
    kinds = [type(node) for node in ast.walk(ast.parse(code))]
    plain = keras_run.script(run_of(runs.make_config(), ("food/drink", "food")))
    assert kinds == [type(node) for node in ast.walk(ast.parse(plain))]
    assert imported(torch_run.code(run)) <= {"torch", "torchvision"}
    json.loads(keras_run.notebook(run))


@pytest.mark.parametrize(
    "change",
    [
        {"thaw_from": '"); import os; ("'},
        {"thaw_from": "block_11_expand_conv\nimport os"},
        {"optimizer": "evil"},
        {"head_learning_rate": float("nan")},
        {"pooling": "evil"},
        {"backbone": "evil"},
    ],
)
def test_a_configuration_that_could_not_have_been_trained_becomes_no_code(change):
    run = run_of(replace(runs.make_config(), **change))
    with pytest.raises(ConfigError):
        keras_run.script(run)
    with pytest.raises(ConfigError):
        keras_run.notebook(run)


NAMES = ["<18 yrs", ">18 yrs", "C", "C#", "C++", "बिल्ला", "बिल्ली", 'it\'s "5"\\n']


def assigned(code, name):
    """What a script assigns to a name, read as Python reads it."""
    (value,) = (
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    )
    return ast.literal_eval(value)


def with_classes(names):
    return replace(a_run(), result={**a_run().result, "class_names": names})


def test_class_names_in_the_script_are_those_of_the_run():
    code = keras_run.script(with_classes(NAMES))
    assert assigned(code, "CLASS_NAMES") == NAMES
    assert assigned(code, "FOLDERS") == list(outside_text.folder_names(NAMES))
    assert "FOLDERS" not in keras_run.script(with_classes(["cat", "dog"]))


@settings(max_examples=40)  # Each makes a script.
@given(st.lists(st.text(min_size=1, max_size=70), min_size=2, max_size=6, unique=True))
def test_no_class_name_is_merged_lost_or_changed_on_its_way_to_the_script(texts):
    names = sorted(set(outside_text.names_of(texts).values()))
    assume(len(names) > 1)
    code = keras_run.script(with_classes(names))
    assert assigned(code, "CLASS_NAMES") == names
    folders = assigned(code, "FOLDERS") if "FOLDERS =" in code else names
    assert len({folder.casefold() for folder in folders}) == len(names)


# --- What goes with the code ----------------------------------------------------------------------


def test_what_is_no_version_never_becomes_a_line_of_the_requirements():
    hostile = "3.15.1 --extra-index-url http://host/"
    text = keras_run.requirements({"keras": hostile, "numpy": "2.0\nevil", "pillow": "12.1"})
    assert "host" not in text
    assert "evil" not in text
    assert text.splitlines()[:3] == ["keras", "numpy", "pillow==12.1"]


def test_requirements_name_the_versions_of_the_run_and_the_right_tensorflow():
    text = keras_run.requirements({**VERSIONS, "pillow": "13.0.0"})
    assert "keras==3.15.1\nnumpy==2.4.6\npillow==13.0.0\n" in text
    cpu, plain = text.splitlines()[-2:]
    assert cpu.startswith("tensorflow-cpu==2.21.0 ; (platform_machine")
    assert plain.startswith("tensorflow==2.21.0 ; (platform_machine")


def test_a_version_nobody_noted_is_left_open():
    assert "\npillow\n" in keras_run.requirements(VERSIONS)


def test_the_readme_names_licence_and_author_of_the_images():
    for id_ in ("openmoji_animals_food", "elpv"):
        text = " ".join(keras_run.readme(a_run(dataset=id_)).split())
        assert datasets.get(id_).licence in text
        assert datasets.get(id_).attribution in text
    assert "Apache-2.0" in keras_run.readme(a_run())
    assert "backbone.keras" not in keras_run.readme(a_run(backbone="vgg16"))


# --- PyTorch --------------------------------------------------------------------------------------


def test_the_parameters_that_learn_in_pytorch_are_those_of_torchvision():
    def learning(**asked):
        run = a_run(**asked)
        return [torch_run.trainable_params(run, phase) for phase in run.config.phases]

    assert learning(strategy="from_scratch") == [TORCH_ALL + HEAD]
    assert learning() == [HEAD, TORCH_LAYER4_CONVOLUTIONS + HEAD]
    assert learning(strategy="full_fine_tuning", batch_norm="thawed") == [HEAD, TORCH_ALL + HEAD]


def test_a_cut_inside_a_block_thaws_the_same_parts_of_it_in_pytorch():
    layers = backbones.load_layer_table("resnet50")
    assert torch_run.thawed_modules(layers, "conv5_block2_2_conv") == (
        "layer4.1.conv2",
        "layer4.1.bn2",
        "layer4.1.conv3",
        "layer4.1.bn3",
        "layer4.2",
    )
    assert torch_run.thawed_modules(layers, "") == (
        "conv1",
        "bn1",
        "layer1",
        "layer2",
        "layer3",
        "layer4",
    )


def test_another_backbone_is_translated_stage_by_stage_and_the_code_says_so():
    code = torch_run.code(a_run(thaw_from=f"{TOP},{DEEPER}"))
    assert 'thaw("layer4")' in code
    assert 'thaw("layer3", "layer4")' in code
    assert "The run has another backbone" in code
    of_resnet = torch_run.code(a_run(backbone="resnet50", thaw_from="conv4_block1_1_conv"))
    assert 'thaw("layer3", "layer4")' in of_resnet
    assert "another backbone" not in of_resnet


def test_pytorch_stops_the_statistics_of_what_is_frozen_in_every_epoch():
    code = torch_run.code(a_run())
    epoch = code.partition("for _ in range(num_epochs):")[2]
    assert epoch.strip().startswith("training_mode()")
    assert "not module.weight.requires_grad:\n            module.eval()" in code


@pytest.mark.parametrize("strategy", strategies.STRATEGIES)
def test_every_phase_of_a_run_is_in_its_pytorch_code(strategy):
    run = a_run(strategy=strategy)
    code = torch_run.code(run)
    assert code.count("\nthaw(") == code.count("\ntrain(") == len(run.config.phases)
