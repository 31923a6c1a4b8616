"""A configuration names its run, and a run folder tells what happened, however it was left."""

import dataclasses
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.core import backbones, limits, runs
from lib.core.errors import ConfigError, StoreError
from lib.core.lab.folder import MODEL_FILE, RunWriter, read_run
from lib.core.lab.store import RunStore
from lib.core.runs import EpochRecord, TrainConfig

FINISHED = {"status": "finished", "test_accuracy": 0.9}


@pytest.fixture
def config():
    return runs.make_config(num_images=40, head_epochs=1, fine_tune_epochs=1, seed=7)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def record(number, phase="feature_extraction"):
    return EpochRecord(number, phase, 0.5, 0.75, 0.6, 0.7, 1e-3, 0.1)


def write(store, config, *records, result=None):
    writer = RunWriter(store.folder(runs.run_id(config)), config)
    for each in records:
        writer.add(each)
    if result is not None:
        writer.finish(result)
    return writer.folder


configs = st.builds(
    runs.make_config,
    backbone=st.sampled_from(sorted(backbones.BACKBONES)),
    dataset=st.sampled_from(["openmoji_animals_food", "elpv"]),
    strategy=st.sampled_from(
        ["feature_extraction", "partial_fine_tuning", "full_fine_tuning", "from_scratch"]
    ),
    num_images=st.integers(1, 160),
    image_size=st.integers(96, 512),
    head_epochs=st.integers(1, 50),
    fine_tune_epochs=st.integers(0, 50),
    head_learning_rate=st.floats(1e-8, 1e3),
    fine_tune_learning_rate=st.floats(1e-8, 1e3),
    batch_size=st.integers(1, 512),
    batch_norm=st.sampled_from(sorted(runs.BATCH_NORM_POLICIES)),
    seed=st.integers(0, 2**31 - 1),
)


# --- Identity -------------------------------------------------------------------------------------


@given(configs)
def test_a_configuration_comes_back_from_its_json(config):
    again = TrainConfig.from_dict(json.loads(config.to_json()))
    assert again == config
    assert runs.run_id(again) == runs.run_id(config)
    assert runs.is_run_id(runs.run_id(config))


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TrainConfig)])
def test_changing_any_field_changes_the_run(config, field):
    value = getattr(config, field)
    other = {bool: not value, str: f"{value}x"}.get(type(value))
    changed = dataclasses.replace(config, **{field: value + 1 if other is None else other})
    assert runs.run_id(changed) != runs.run_id(config)


def test_equal_configurations_are_one_run(config):
    again = runs.make_config(num_images=40, head_epochs=1, fine_tune_epochs=1, seed=7)
    assert again is not config
    assert runs.run_id(again) == runs.run_id(config)
    assert runs.run_id(runs.with_seed(config, 8)) != runs.run_id(config)
    assert runs.with_seed(config, 7) == config


def test_what_does_not_matter_to_a_strategy_does_not_make_another_run():
    def ids(**ignored):
        plain = runs.make_config(strategy=strategy)
        return runs.run_id(plain), runs.run_id(runs.make_config(strategy=strategy, **ignored))

    for strategy, ignored in {
        "feature_extraction": {
            "fine_tune_epochs": 3,
            "fine_tune_learning_rate": 1.0,
            "thaw_from": "block_9_expand_conv",
            "batch_norm": "tutorial",
        },
        # Without early stopping nothing is restored.
        "full_fine_tuning": {"thaw_from": "block_9_expand_conv", "restore_best_weights": True},
        "from_scratch": {
            "head_epochs": 5,
            "fine_tune_epochs": 15,
            "fine_tune_learning_rate": 1.0,
            "thaw_from": "block_9_expand_conv",
            "batch_norm": "thawed",
        },
    }.items():
        plain, with_ignored = ids(**ignored)
        assert plain == with_ignored, strategy


def test_a_run_trains_its_head_first_and_then_what_was_thawed():
    def phases(**asked):
        planned = runs.make_config(**asked).phases
        return [(phase.name, phase.num_epochs, phase.learning_rate) for phase in planned]

    assert phases(head_epochs=3, fine_tune_epochs=2) == [
        ("feature_extraction", 3, 1e-3),
        ("fine_tuning", 2, 1e-4),
    ]
    assert phases(head_epochs=0, fine_tune_epochs=2) == [("fine_tuning", 2, 1e-4)]
    assert phases(strategy="feature_extraction") == [("feature_extraction", 10, 1e-3)]
    assert phases(strategy="from_scratch") == [("from_scratch", 20, 1e-3)]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"backbone": "alexnet"}, "Thaw has no backbone called 'alexnet'. Choose one of: effi"),
        ({"dataset": "mnist"}, "Thaw has no dataset called 'mnist'. Choose one of: openmoji"),
        ({"strategy": "magic"}, "Thaw has no strategy called 'magic'. Choose one of: feature"),
        ({"thaw_from": "top"}, "This backbone has no layer called 'top'. Its layers run from"),
        ({"batch_norm": "warm"}, "Thaw has no BatchNormalization policy called 'warm'. Choose"),
        ({"num_images": 0}, "0 training images cannot be used. Use at least one."),
        (
            {"num_images": 161},
            "161 training images were asked for and the dataset has 160 once validation and test "
            "have theirs. Ask for at most 160.",
        ),
        ({"image_size": 31}, "EfficientNet-Lite0 cannot take images of 31 x 31 pixels. Its"),
        (
            {"image_size": 513},
            "Images of 513 pixels are larger than Thaw trains on. Use at most 512.",
        ),
        ({"image_size": 10**9}, "Images of 1000000000 pixels are larger than Thaw trains on."),
        (
            {"head_epochs": 0, "fine_tune_epochs": 0},
            "0 and 0 epochs cannot be run. Use at least one epoch in all.",
        ),
        ({"head_epochs": -1}, "-1 and 10 epochs cannot be run. Use at least one epoch in all."),
        ({"pooling": "mean"}, "A head cannot pool with 'mean'. Choose one of gap, gmp, flatten."),
        ({"hidden_units": -1}, "A head of -1 hidden units and 1 outputs cannot be built."),
        (
            {"hidden_units": 5000},
            "A hidden layer of 5,000 units is larger than Thaw builds. Use at most 4,096.",
        ),
        ({"head_epochs": 191}, "201 epochs are more than Thaw runs. Use at most 200."),
        (
            {"head_learning_rate": 0.0},
            "A learning rate is a positive number; for head it is 0.0. 0.001 is a good start for "
            "a head, a tenth of that for fine-tuning.",
        ),
        ({"head_learning_rate": math.nan}, "A learning rate is a positive number; for head it i"),
        ({"head_learning_rate": math.inf}, "A learning rate is a positive number; for head it i"),
        (
            {"fine_tune_learning_rate": -1e-4},
            "A learning rate is a positive number; for fine-tuning it is -0.0001.",
        ),
        ({"batch_size": 0}, "A batch of 0 images cannot be trained on."),
        ({"seed": -1}, "A seed of -1 cannot be used. Use 0 to 2,147,483,647."),
        ({"seed": 2**31}, "A seed of 2147483648 cannot be used. Use 0 to 2,147,483,647."),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(asked, words):
    with pytest.raises(ConfigError) as caught:
        runs.make_config(**asked)
    assert caught.value.in_words().startswith(words)


def test_the_values_at_the_limits_are_used():
    assert runs.make_config(num_images=160).num_images == 160
    assert runs.make_config(num_images=1).num_images == 1
    assert runs.make_config(image_size=32).image_size == 32
    assert runs.make_config(image_size=512).image_size == 512
    assert runs.make_config(head_epochs=190).num_epochs == 200
    assert runs.make_config(seed=2**31 - 1).seed == 2**31 - 1
    assert runs.make_config(strategy="feature_extraction", fine_tune_learning_rate=0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "7"},
        {"seed": True},
        {"seed": 7.0},
        {"seed": None},
        {"head_learning_rate": "0.001"},
        {"head_learning_rate": True},
        {"backbone": 5},
        {"backbone": ["efficientnet_lite0"]},
        {"extra": 1},
    ],
)
def test_a_field_of_the_wrong_type_is_refused(config, change):
    with pytest.raises(ConfigError, match=r"of a run's configuration|does not have exactly"):
        TrainConfig.from_dict(dataclasses.asdict(config) | change)


def test_a_missing_field_is_refused_by_name(config):
    values = dataclasses.asdict(config)
    del values["seed"]
    with pytest.raises(ConfigError, match=r"exactly its fields: \['seed'\]"):
        TrainConfig.from_dict(values)


# --- The store ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "..",
        "",
        "/etc/passwd",
        "0" * 15,
        "0" * 17,
        "A" * 16,
        "0" * 15 + "/",
        "../../../../../x",
    ],
)
def test_a_name_that_is_no_run_id_is_refused(store, name):
    assert not runs.is_run_id(name)
    for ask in (store.folder, store.open):
        with pytest.raises(ConfigError) as caught:
            ask(name)
        assert caught.value.in_words() == (
            f"{name!r} is not the name of a run. It is 16 digits and letters from a to f."
        )


def test_a_run_that_nobody_knows_is_none(store):
    assert store.open("0" * 16) is None
    assert not [run for run in store if not run.recorded]


def test_a_finished_run_is_read_as_it_was_written(store, config):
    folder = write(store, config, record(1), record(2, "fine_tuning"), result=FINISHED)
    run = store.open(runs.run_id(config))
    assert run.config == config
    assert run.history == (record(1), record(2, "fine_tuning"))
    assert run.result == FINISHED
    assert (run.status, run.folder, run.recorded) == ("finished", folder, False)
    assert run.id in {each.id for each in store}


def test_a_run_without_an_end_is_interrupted_and_not_listed(store, config):
    write(store, config, record(1))
    run = store.open(runs.run_id(config))
    assert (run.status, len(run.history)) == ("interrupted", 1)
    assert run.id not in {each.id for each in store}


def test_fine_tuning_starts_after_the_head_has_learned_and_only_then(store, config):
    def starts_after(*phases):
        records = [record(number, phase) for number, phase in enumerate(phases, start=1)]
        write(store, config, *records)
        return store.open(runs.run_id(config)).fine_tuning_starts_after

    assert starts_after("feature_extraction", "feature_extraction", "fine_tuning") == 2
    assert starts_after("feature_extraction") is None
    assert starts_after("fine_tuning", "fine_tuning") is None
    assert starts_after("from_scratch") is None
    assert starts_after() is None


def test_a_folder_under_the_name_of_another_run_is_not_that_run(store, config):
    folder = write(store, config, record(1), result=FINISHED)
    other = runs.run_id(runs.with_seed(config, 8))
    shutil.copytree(folder, store.root / other)
    assert store.open(other) is None
    assert other not in {each.id for each in store}


def test_only_a_finished_run_stands_before_the_recorded_one(store, config, tmp_path, monkeypatch):
    recorded = tmp_path / "recorded"
    monkeypatch.setattr(RunStore, "recorded_root", recorded)
    write(RunStore(recorded), config, record(1), record(2), result=FINISHED)
    id_ = runs.run_id(config)
    for result in (None, {"status": "cancelled"}, {"status": "failed"}):
        write(store, config, record(1), result=result)
        assert store.open(id_).recorded
        assert [run.recorded for run in store] == [True]
    write(store, config, record(1), result=FINISHED)
    assert not store.open(id_).recorded
    assert [run.recorded for run in store] == [False]


def test_runs_are_listed_newest_first(store, config):
    import os

    ids = []
    for age, seed in enumerate((3, 1, 2)):
        folder = write(store, runs.with_seed(config, seed), record(1), result=FINISHED)
        os.utime(folder, (1e9 - age, 1e9 - age))
        ids.append(folder.name)
    assert [run.id for run in store if not run.recorded] == ids


def test_a_run_that_is_removed_while_runs_are_listed_is_left_out(store, config, monkeypatch):
    kept = write(store, config, record(1), result=FINISHED)
    gone = store.root / ("0" * 16)
    monkeypatch.setattr(
        RunStore, "folders", lambda self: [gone, kept] if self.root == store.root else []
    )
    assert [run.id for run in store] == [kept.name]


def test_a_store_that_cannot_be_written_says_so(tmp_path, config):
    # A file where the folder should be: that stops root too, which permissions do not.
    (tmp_path / "runs").write_text("in the way")
    store = RunStore(tmp_path / "runs")
    with pytest.raises(StoreError) as caught:
        store.check_writable()
    assert caught.value.message.startswith(f"Runs cannot be stored in {store.root}: ")
    assert "set THAW_HOME to another folder" in caught.value.next_step
    with pytest.raises(StoreError, match="The run could not be stored in"):
        write(store, config)
    assert [run for run in store if not run.recorded] == []
    assert store.open(runs.run_id(config)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits the size of a file")
def test_a_disk_that_takes_empty_files_only_is_full(tmp_path):
    # The operating system itself refuses: files can be made, and no byte can be written.
    code = (
        "import resource; from pathlib import Path; from lib.core.lab.store import RunStore; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        f"Path({str(tmp_path / 'empty')!r}).touch(); "
        f"RunStore(Path({str(tmp_path / 'runs')!r})).check_writable()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (tmp_path / "empty").exists()
    assert done.returncode == 1
    assert "StoreError: Runs cannot be stored in" in done.stderr
    assert "File too large" in done.stderr


def test_a_disk_that_is_nearly_full_takes_no_run(tmp_path, config, monkeypatch):
    store = RunStore(tmp_path / "runs")
    monkeypatch.setenv(limits.VARIABLE, f"free_mb={10**12}")
    with pytest.raises(StoreError, match="MB left, and Thaw leaves"):
        store.check_writable()
    monkeypatch.setenv(limits.VARIABLE, "free_mb=0")
    store.check_writable()
    with pytest.raises(StoreError, match="MB left"):
        store.check_writable(10**18)


def test_a_store_that_can_be_written_is_made(tmp_path):
    store = RunStore(tmp_path / "deep" / "runs")
    store.check_writable()
    assert list(store.root.iterdir()) == []


# --- Folders left by a kill, an older version or somebody else ------------------------------------

# Things a JSON file can hold that no version of Thaw has written.
HOSTILE = [
    "",
    "null",
    "5",
    '"text"',
    "[]",
    "[[{}]]",
    "{}",
    "{",
    "NaN",
    "\x00",
    "[" * 100_000,
    '{"a": ' * 100_000,
    "9" * 5_000,
    b"\xff\xfe\x00",
]


def put(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_configuration_is_no_run(store, config, content):
    folder = write(store, config, record(1), result=FINISHED)
    put(folder / "config.json", content)
    assert read_run(folder) is None
    assert store.open(folder.name) is None


@pytest.mark.parametrize(
    "change",
    [
        {"head_learning_rate": 10**400},
        {"seed": None},
        {"backbone": {}},
        {"training_version": "1"},
    ],
)
def test_a_hostile_field_of_a_configuration_is_no_run(store, config, change):
    folder = write(store, config, result=FINISHED)
    put(folder / "config.json", json.dumps(dataclasses.asdict(config) | change))
    assert read_run(folder) is None


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_result_is_never_a_finished_run(store, config, content):
    folder = write(store, config, record(1), result=FINISHED)
    put(folder / "result.json", content)
    run = read_run(folder)
    assert run is None or run.status == "interrupted"


@pytest.mark.parametrize("content", HOSTILE[1:], ids=range(len(HOSTILE) - 1))
def test_a_hostile_line_ends_the_history(store, config, content):
    folder = write(store, config, record(1), record(2), result=FINISHED)
    with (folder / "history.jsonl").open("ab") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.write(b"\n" + json.dumps(vars(record(3))).encode() + b"\n")
    run = read_run(folder)
    assert run is None or run.history == (record(1), record(2))


@pytest.mark.parametrize(
    "change",
    [{"val_accuracy": None}, {"epoch": "3"}, {"loss": [0.1]}, {"phase": 5}, {"accuracy": True}],
)
def test_an_epoch_with_a_field_of_the_wrong_type_ends_the_history(store, config, change):
    folder = write(store, config, record(1))
    with (folder / "history.jsonl").open("a") as file:
        file.write(json.dumps(vars(record(2)) | change) + "\n")
    assert read_run(folder).history == (record(1),)


@given(st.integers(0, 400))
def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path_factory, bytes_left):
    folder = tmp_path_factory.mktemp("run")
    writer = RunWriter(folder, runs.make_config())
    for number in (1, 2, 3):
        writer.add(record(number))
    whole = (folder / "history.jsonl").read_bytes()
    put(folder / "history.jsonl", whole[:bytes_left])
    history = read_run(folder).history
    assert history == tuple(record(n) for n in (1, 2, 3))[: len(history)]
    assert len(history) >= whole[:bytes_left].count(b"\n")


def test_fields_that_a_later_version_adds_to_an_epoch_are_left_out(store, config):
    folder = write(store, config)
    put(folder / "history.jsonl", json.dumps(vars(record(1)) | {"mood": "good"}))
    assert read_run(folder).history == (record(1),)


@pytest.mark.parametrize("name", ["config.json", "history.jsonl", "result.json"])
def test_a_folder_in_the_place_of_a_file_is_no_run(store, config, name):
    folder = write(store, config, record(1), result=FINISHED)
    (folder / name).unlink()
    (folder / name).mkdir()
    assert read_run(folder) is None


def test_a_status_nobody_writes_is_an_interrupted_run(store, config):
    write(store, config, record(1), result={"status": "excellent"})
    assert store.open(runs.run_id(config)).status == "interrupted"


# --- Writing --------------------------------------------------------------------------------------


def test_a_run_starts_without_what_an_earlier_one_left(store, config):
    folder = write(store, config, record(1), result=FINISHED)
    (folder / "model").mkdir()
    (folder / "model" / MODEL_FILE).write_bytes(b"old")
    writer = RunWriter(folder, config)
    run = read_run(folder)
    assert (run.status, run.history) == ("interrupted", ())
    assert not (folder / "model" / MODEL_FILE).exists()
    writer.add(record(1))
    assert read_run(folder).history == (record(1),)


def test_a_run_removes_nothing_that_is_not_a_runs(tmp_path, config):
    mine = ["notes.txt", "model/thesis.txt", "images/cat.png"]
    for name in mine:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    writer = RunWriter(tmp_path, config)
    writer.add(record(1))
    writer.finish(FINISHED)
    assert [(tmp_path / name).read_text() for name in mine] == ["mine"] * 3


def test_a_kill_while_the_result_is_written_leaves_an_unfinished_run(store, config, monkeypatch):
    folder = write(store, config, record(1))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            RunWriter.finish(_writer(folder), FINISHED)
    assert read_run(folder).status == "interrupted"
    RunWriter(folder, config).finish(FINISHED)
    assert read_run(folder).status == "finished"
    assert {path.name for path in folder.iterdir()} == {"config.json", "result.json"}


def _writer(folder: Path) -> RunWriter:
    writer = RunWriter.__new__(RunWriter)
    writer.folder = folder
    writer._history = (folder / "history.jsonl").read_text("utf-8")
    return writer


def test_a_full_disk_is_told_in_words(store, config, monkeypatch):
    writer = RunWriter(store.folder(runs.run_id(config)), config)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        writer.finish(FINISHED)
    assert "No space left on device" in caught.value.message
    assert caught.value.next_step.startswith("Make room")
    shutil.rmtree(writer.folder)
    with pytest.raises(StoreError, match="No such file or directory"):
        writer.add(record(1))


def test_the_configuration_on_disk_has_its_names_at_the_top_level(store, config):
    values = json.loads((write(store, config) / "config.json").read_text())
    assert {"backbone", "dataset", "num_images", "strategy", "seed"} <= set(values)
    assert values["seed"] == 7
