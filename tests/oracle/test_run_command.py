"""`python -m lib.training.run`: the same run from a terminal, and one line for bad input."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lib.core.lab.folder import read_run
from lib.training import run
from lib.training.network import weights

EPOCH_LINE = re.compile(
    r"epoch \d+ (feature_extraction|fine_tuning|from_scratch) loss \d+\.\d{4} "
    r"accuracy [01]\.\d{4} val_loss \d+\.\d{4} val_accuracy [01]\.\d{4}"
)
SMALL = ["--num-images", "16", "--image-size", "32", "--head-epochs", "2"]


def arguments(out, **changes):
    """A command line that works, with options changed, or left out where None."""
    options = {
        "backbone": "efficientnet_lite0",
        "dataset": "openmoji_animals_food",
        "strategy": "feature_extraction",
        "out": out,
    }
    options |= {name.replace("_", "-"): value for name, value in changes.items()}
    return [
        part
        for name, value in options.items()
        if value is not None
        for part in (f"--{name}", str(value))
    ]


def command(*args, **variables):
    environment = {**os.environ, **variables, "TF_CPP_MIN_LOG_LEVEL": ""}
    del environment["TF_CPP_MIN_LOG_LEVEL"]  # What a reader's terminal has.
    return subprocess.run(
        [sys.executable, "-m", "lib.training.run", *args],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        check=False,
    )


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits the size of a file")
def test_a_disk_that_takes_no_more_ends_the_run_in_one_line_and_keeps_its_epochs(tmp_path):
    # The operating system itself refuses: no file may grow beyond 40,000 bytes. Decoded images and
    # features are larger and are done without; so is the model with its thawed layers.
    limits = (
        "import resource, runpy; from lib.training.sources import pipeline; "
        "pipeline.describe_dataset('openmoji_animals_food'); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)); "
        "runpy.run_module('lib.training.run', run_name='__main__')"
    )
    given = arguments(tmp_path / "run", strategy="full_fine_tuning", fine_tune_epochs=1)
    done = subprocess.run(
        [sys.executable, "-c", limits, *given, *SMALL],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "THAW_HOME": str(tmp_path / "home"), "TF_CPP_MIN_LOG_LEVEL": "2"},
        check=False,
    )
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("The trained model could not be stored: File too large. Make room")
    kept = read_run(tmp_path / "run")
    assert (kept.status, len(kept.history)) == ("failed", 3)
    assert not list((tmp_path / "home" / "features").glob("*/manifest.json"))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux limits the memory of a process")
@pytest.mark.thorough
def test_memory_that_the_machine_does_not_give_ends_the_run_in_one_line(tmp_path):
    # The estimate is told of a machine with room for it, so that the operating system refuses.
    limits = (
        "import resource, runpy; from lib.training import task; "
        "pages = int(open('/proc/self/statm').read().split()[0]); "
        "size = pages * resource.getpagesize() + 1_500_000_000; "
        "resource.setrlimit(resource.RLIMIT_AS, (size, size)); "
        "runpy.run_module('lib.training.run', run_name='__main__')"
    )
    # One tensor of a gigabyte, so that what is small is still given.
    large = {"pooling": "flatten", "hidden_units": 4096, "image_size": 224}
    given = arguments(tmp_path / "run", strategy="feature_extraction", **large)
    done = subprocess.run(
        [sys.executable, "-c", limits, *given],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "THAW_LIMITS": "memory_mb=100000", "TF_CPP_MIN_LOG_LEVEL": "2"},
        check=False,
    )
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("This run needs more memory than the machine has to give. Use smaller")
    assert read_run(tmp_path / "run").status == "failed"


def test_a_run_larger_than_the_machine_is_refused_before_anything_is_loaded(tmp_path, capfd):
    large = {"pooling": "flatten", "hidden_units": 4096, "image_size": 512}
    line = refused(arguments(tmp_path / "out", **large), capfd)
    assert line.startswith("This run would need about ")
    assert "GB of memory, and a run on this machine may use" in line
    assert not (tmp_path / "out").exists()


def save_images(folder, classes, each=12):
    rng = np.random.default_rng(0)
    for level, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(each):
            pixels = rng.integers(0, 60, (20, 24, 3)) + 90 * level
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{index}.png")
    return folder


def check_finished(done, out, epochs):
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == epochs
    for line in lines:
        assert EPOCH_LINE.fullmatch(line), line
    result = json.loads(done.stdout)
    assert result == json.loads((out / "result.json").read_text())
    assert result["status"] == "finished"
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in history] == list(range(1, epochs + 1))
    config = json.loads((out / "config.json").read_text())
    assert {"backbone", "dataset", "num_images", "strategy", "seed"} <= set(config)
    assert read_run(out).id == result["run_id"]
    return result


def test_a_run_prints_a_line_an_epoch_and_its_result(tmp_path):
    out = tmp_path / "new" / "run"
    done = command(*arguments(out), *SMALL)
    result = check_finished(done, out, epochs=2)
    assert result["split_sizes"] == {"train": 16, "validation": 40, "test": 40}


def within(capfd, *args):
    """As `command`, in this process, where TensorFlow is loaded already."""
    capfd.readouterr()
    ended = run.main(list(args))
    said = capfd.readouterr()
    return subprocess.CompletedProcess(args, ended, said.out, said.err)


@pytest.mark.thorough
def test_a_folder_of_images_is_trained_on(tmp_path, capfd):
    images = save_images(tmp_path / "images", ["dark", "light", "middle"])
    out = tmp_path / "run"
    done = within(
        capfd,
        *arguments(out, dataset=None, images=images, num_images=9, image_size=32, head_epochs=1),
    )
    result = check_finished(done, out, epochs=1)
    assert result["class_names"] == ["dark", "light", "middle"]
    assert result["split_sizes"] == {"train": 9, "validation": 6, "test": 6}
    config = json.loads((out / "config.json").read_text())
    assert config["dataset"].startswith("images-")

    # The same images under the name of the dataset they are a part of.
    named = tmp_path / "named"
    same = {"images": images, "num_images": 9, "image_size": 32, "head_epochs": 1}
    done = within(capfd, *arguments(named, dataset="cats_vs_dogs", **same))
    check_finished(done, named, epochs=1)
    assert json.loads((named / "config.json").read_text()) == {**config, "dataset": "cats_vs_dogs"}


def refused(arguments_, capfd):
    """The one line that a refused command line leaves on standard error."""
    with pytest.raises(SystemExit) as caught:
        run.main(arguments_)
    said = capfd.readouterr()
    assert caught.value.code == 2
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "alexnet"}, "Thaw has no backbone called 'alexnet'. Choose one of: eff"),
        ({"strategy": "magic"}, "Thaw has no strategy called 'magic'. Choose one of: feature"),
        ({"batch_norm": "warm"}, "Thaw has no BatchNormalization policy called 'warm'."),
        ({"thaw_from": "top", "strategy": "partial_fine_tuning"}, "This backbone has no layer"),
        ({"num_images": 161}, "161 training images were asked for and the dataset has 160 "),
        ({"num_images": "many"}, "argument --num-images: invalid int value: 'many' (see --help)"),
        ({"head_learning_rate": "nan"}, "A learning rate is a positive number; for head it is"),
        ({"head_learning_rate": "-1"}, "A learning rate is a positive number; for head it is"),
        ({"head_epochs": 0}, "0 and 0 epochs cannot be run. Use at least one epoch in all."),
        ({"image_size": 8}, "EfficientNet-Lite0 cannot take images of 8 x 8 pixels."),
        ({"seed": -1}, "A seed of -1 cannot be used."),
        ({"dataset": "mine", "images": "."}, "Thaw has no dataset called 'mine'. Choose one of: "),
        ({"dataset": None}, "one of the arguments --dataset --images is required (see --help)"),
        ({"strategy": None}, "the following arguments are required: --strategy (see --help)"),
        ({"colour": "red"}, "unrecognized arguments: --colour red (see --help)"),
        ({"dataset": "mnost"}, "TFDS has no dataset called 'mnost'. Did you mean"),
        ({"dataset": ""}, "TFDS has no dataset called ''."),
        ({"dataset": "../x"}, "TFDS has no dataset called '../x'."),
        ({"dataset": None, "images": "/no/such"}, "There is no folder /no/such. Give a folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(changes, words, tmp_path, capfd):
    out = tmp_path / "out"
    assert refused(arguments(out, **changes), capfd).startswith(words)
    assert not out.exists()


def test_a_process_that_refuses_ends_with_two_and_does_not_load_tensorflow(tmp_path):
    done = command(*arguments(tmp_path / "out", seed=-1), PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 2
    assert done.stdout == ""
    *imported, said = done.stderr.splitlines()
    assert said == "A seed of -1 cannot be used. Use 0 to 2,147,483,647."
    modules = {line.rpartition("|")[2].strip() for line in imported}
    assert "lib.core.runs" in modules
    assert not {"tensorflow", "keras", "tensorflow_datasets"} & modules


def test_a_folder_with_one_class_is_refused(tmp_path, capfd):
    images = save_images(tmp_path / "images", ["only"])
    line = refused(arguments(tmp_path / "out", dataset=None, images=images), capfd)
    assert f"{images} has to hold at least 2 folders with images, one per class; " in line
    assert "it holds only 'only'." in line


def test_a_file_in_the_place_of_the_run_folder_is_refused(tmp_path, capfd):
    (tmp_path / "out").write_text("mine")
    line = refused(arguments(tmp_path / "out"), capfd)
    assert line == f"{tmp_path / 'out'} is a file. Name a folder with --out."


@pytest.mark.parametrize("name", ["config.json", "history.jsonl", "result.json"])
def test_a_folder_that_holds_something_else_is_not_overwritten(name, tmp_path, capfd):
    (tmp_path / name).write_text('{"mine": true}')
    line = refused(arguments(tmp_path), capfd)
    assert line == (
        f"{tmp_path} holds a {name} that is not of a run. Name a new or an empty folder with --out."
    )
    assert (tmp_path / name).read_text() == '{"mine": true}'


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capfd):
    (tmp_path / "file").write_text("in the way")
    line = refused(arguments(tmp_path / "file" / "run"), capfd)
    assert line.startswith(f"The run could not be stored in {tmp_path / 'file' / 'run'}: ")


def test_weights_that_are_not_here_and_cannot_be_fetched_are_refused(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    # Port 9 of this machine discards nothing: nobody listens there.
    monkeypatch.setattr(weights, "BASE_URL", "http://127.0.0.1:9/")
    out = tmp_path / "out"
    line = refused([*arguments(out, backbone="vgg16"), *SMALL], capfd)
    assert line.startswith("The ImageNet weights of VGG16 are not on this machine")
    assert "choose EfficientNet-Lite0" in line
    assert read_run(out).status == "failed"
