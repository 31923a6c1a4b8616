"""A run goes out as a file and comes in as the same run; anything else is refused."""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.core import backbones, intervals, runs
from lib.core.errors import StoreError
from lib.core.lab import bundle, bundle_checks, owner, versions
from lib.core.lab.folder import META_FILE, MODEL_FILE, RunMeta, RunWriter
from lib.core.lab.owner import OWNER_FILE, RunOwner
from lib.core.lab.store import RunStore
from lib.core.reading import diagnose, test_images
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, WATCHED_IMAGES_FILE, EpochRecord

CONFIG = runs.make_config(num_images=40, head_epochs=2, fine_tune_epochs=1, seed=7)
NUM_TEST = 40


def webp(width=1280, height=128):
    """The head of a lossless WebP file of this size."""
    bits = (width - 1) | (height - 1) << 14
    chunk = b"VP8L" + (5).to_bytes(4, "little") + b"\x2f" + bits.to_bytes(4, "little")
    return b"RIFF" + (40).to_bytes(4, "little") + b"WEBP" + chunk.ljust(40, b"\0")


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **{name.replace("__", "/"): array for name, array in arrays.items()})
    return content.getvalue()


HEAD = {"head__0": np.ones((1280, 1), np.float32), "head__1": np.zeros(1, np.float32)}


def result(config=CONFIG):
    return {
        "status": "finished",
        "run_id": runs.run_id(config),
        "class_names": ["animal", "food"],
        "split_sizes": {"train": config.num_images, "validation": 40, "test": NUM_TEST},
        "test_accuracy": 0.9,
        "test_correct": 36,
        "test_interval_95": list(intervals.wilson_interval(36, NUM_TEST)),
        "test_loss": 0.3,
        "params": {
            phase.key: {"total": 10, "trainable": 4, "non_trainable": 6} for phase in config.phases
        },
        "moved": {"feature_extraction": {"stem_conv": 0.0, "head": 0.5}},
        "moved_statistics": {"feature_extraction": {"stem_bn": 0.0}},
        "seconds": {"data": 1.5},
        "wall_time_s": 9.5,
        "versions": {"keras": "3.15.1"},
        "hardware": {"system": "Linux", "machine": "x86_64", "cpu_count": 2, "devices": ["cpu:0"]},
        "left_out": [],
        "model_bytes": 6_000,
        "weights_sha256": "0" * 64,
        "train_evaluated": {"fine_tuning": {"loss": 0.1, "accuracy": 0.95}},
        "shift": {"auc": 0.5, "low": 0.4, "high": 0.6, "num_train": 40, "num_validation": 40},
    }


def history(config=CONFIG):
    phases = [phase for phase in config.phases for _ in range(phase.num_epochs)]
    return [
        asdict(
            EpochRecord(
                number, phase.name, 0.5, 0.8, 0.6, 0.7, phase.learning_rate, 0.1, phase.step, "110"
            )
        )
        for number, phase in enumerate(phases, start=1)
    ]


def answers():
    shares = [0.9] * 36 + [0.2] * 4
    return {
        "test": {
            "index": list(range(NUM_TEST)),
            "label": [1] * NUM_TEST,
            "probabilities": [[1 - share, share] for share in shares],
        }
    }


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def good_files(config=CONFIG):
    return {
        "config.json": json.dumps(asdict(config)).encode(),
        "history.jsonl": lines(history(config)),
        "result.json": json.dumps(result(config)).encode(),
        META_FILE: json.dumps({"name": "Mine", "note": "", "imported": False}).encode(),
        EVALUATION_FILE: json.dumps(answers()).encode(),
        TEST_IMAGES_FILE: webp(),
        WATCHED_IMAGES_FILE: webp(3 * 64, 64),
        f"model/{MODEL_FILE}": npz(**HEAD),
        "model/feature_extraction.npz": npz(**HEAD),
    }


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def snapshot(store):
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in store.root.rglob("*")
        if path.is_file()
    }


def refused(store, content):
    """The words in which a file is refused; the store is as it was."""
    before = snapshot(store) if store.root.exists() else {}
    with pytest.raises(StoreError) as caught:
        bundle.import_run(content, store)
    assert (snapshot(store) if store.root.exists() else {}) == before
    words = caught.value.message
    assert words.endswith(".")
    assert "\n" not in words
    assert len(words) < 400
    assert caught.value.next_step
    return words


# --- There and back -------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_went(store, tmp_path):
    run = bundle.import_run(zipped(good_files()), store)
    assert (run.config, run.result) == (CONFIG, result())
    assert [asdict(record) for record in run.history] == history()
    assert store.meta(run.id) == RunMeta("Mine", "", imported=True)
    other = RunStore(tmp_path / "other")
    again = bundle.import_run(bundle.export_run(run), other)
    assert again.id == run.id
    assert snapshot(other) == snapshot(store)


def test_a_run_can_leave_its_model_behind(store, tmp_path):
    run = bundle.import_run(zipped(good_files()), store)
    small = bundle.export_run(run, with_model=False)
    with zipfile.ZipFile(io.BytesIO(small)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("model/")]
    again = bundle.import_run(small, RunStore(tmp_path / "other"))
    assert not (again.folder / "model").exists()


def test_a_run_folder_zipped_by_hand_comes_in(store):
    junk = {f"{name}.DS_Store": b"Bud1" for name in ("", "0a1b/", "0a1b/model/")}
    junk |= {"__MACOSX/0a1b/._config.json": b"Mac OS X", "0a1b/desktop.ini": b"[View]"}
    folders = {"0a1b/": b"", "0a1b/model/": b""}
    run_files = {f"0a1b/{name}": content for name, content in good_files().items()}
    run = bundle.import_run(zipped(folders | run_files | junk), store)
    assert (run.config, run.result) == (CONFIG, result())
    assert (run.folder / "model" / MODEL_FILE).is_file()


@pytest.mark.parametrize(
    "beside", ["other/notes.txt", "notes.txt", "0a1b/notes.txt", "0a1b/0a1b/config.json"]
)
def test_beside_the_files_of_a_run_folder_zipped_by_hand_there_is_nothing_else(store, beside):
    files = {f"0a1b/{name}": content for name, content in good_files().items()}
    assert "is not a file of a run" in refused(store, zipped(files | {beside: b"{}"}))


def test_the_same_run_is_the_same_file(store):
    run = bundle.import_run(zipped(good_files()), store)
    assert bundle.export_run(run) == bundle.export_run(run)
    assert bundle.file_name(run) == f"thaw-run-{runs.run_id(CONFIG)}.zip"


def test_only_a_finished_run_goes_out(store):
    writer = RunWriter(store.folder(runs.run_id(CONFIG)), CONFIG)
    writer.finish({"status": "cancelled"})
    with pytest.raises(StoreError, match="Only a run that has finished"):
        bundle.export_run(store.open(runs.run_id(CONFIG)))


@pytest.mark.parametrize(
    "missing", [META_FILE, EVALUATION_FILE, TEST_IMAGES_FILE, WATCHED_IMAGES_FILE]
)
def test_what_a_run_need_not_have_can_be_missing(store, missing):
    files = good_files()
    del files[missing]
    assert bundle.import_run(zipped(files), store).status == "finished"


@pytest.mark.parametrize(
    "asked",
    [
        {"strategy": "feature_extraction"},
        {"strategy": "from_scratch"},
        {"pooling": "flatten", "hidden_units": 0},
        {"thaw_from": "block_14_expand_conv,block_11_expand_conv", "step_rate_factor": 0.5},
        {"dataset": "images-ab12cd34ef56", "data_fingerprint": "x", "max_train_images": 99},
    ],
)
def test_every_kind_of_configuration_comes_in(store, asked):
    config = runs.make_config(num_images=40, head_epochs=2, fine_tune_epochs=1, **asked)
    files = good_files(config)
    changed = result(config)
    changed["moved"] = changed["moved_statistics"] = changed["train_evaluated"] = {}
    files["result.json"] = json.dumps(changed).encode()
    for name in [name for name in files if name.startswith("model/")]:
        del files[name]
    assert bundle.import_run(zipped(files), store).config == config


def test_every_recorded_run_goes_out_and_comes_in(tmp_path):
    class Elsewhere(RunStore):
        """Without the recorded runs, which could not be brought in beside themselves."""

        @property
        def recorded_root(self):
            return tmp_path / "none"

    store = Elsewhere(tmp_path / "runs")
    recorded = [run for run in RunStore(tmp_path / "empty") if run.recorded]
    assert recorded
    for run in recorded:
        again = bundle.import_run(bundle.export_run(run), store)
        assert (again.history, again.result) == (run.history, run.result), run.id


@pytest.mark.parametrize(
    "version",
    ["3", "3.15.1", "2.21.0rc1", "1!2.0.post3.dev4", "3.15.1+cpu.1", "v1.0-1", "2026.8.0", "1.0a"],
)
def test_a_version_by_pep_440_comes_in(version):
    assert versions.are_versions({"tensorflow-cpu": version})
    # Built from Python's repository.
    assert versions.are_versions({"python": "3.14.0a1+"})


# --- Refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"\0" * 1000, zipped({})[:-3]])
def test_what_is_no_zip_is_refused(store, content):
    assert refused(store, content) == "This file cannot be imported: it is not a whole zip file."


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/etc/passwd",
        "model/../../x",
        "model/evil.npz",
        "model/weights.npz/x",
        "sub/config.json",
        # Zip files end a name there, so that this is a second config.json.
        pytest.param(
            "config.json\x00.txt", marks=pytest.mark.filterwarnings("ignore:Duplicate name")
        ),
        "C:\\x",
        "x" * 1_000,
        "model/",
        ".hidden",
        "model/fine_tuning_1.npz",
        "\u202e.json",
    ],
)
def test_a_name_that_is_no_file_of_a_run_is_refused(store, name):
    words = refused(store, zipped(good_files() | {name: b"x"}))
    assert "is not a file of a run" in words or "twice" in words


@pytest.mark.parametrize("name", bundle.NEEDED)
def test_a_file_without_what_a_run_needs_is_refused(store, name):
    files = good_files()
    del files[name]
    assert refused(store, zipped(files)) == f"This file cannot be imported: {name} is missing."


def test_a_file_that_is_in_it_twice_is_refused(store):
    content = io.BytesIO(zipped(good_files()))
    with zipfile.ZipFile(content, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", b"{}")
    assert "twice" in refused(store, content.getvalue())


def test_what_unpacks_to_too_much_is_refused(store, monkeypatch):
    bomb = good_files() | {"result.json": b" " * 50_000_000}
    assert "result.json is too large" in refused(store, zipped(bomb))
    bomb = good_files() | {EVALUATION_FILE: b" " * 17_000_000}
    assert f"{EVALUATION_FILE} is too large" in refused(store, zipped(bomb))
    monkeypatch.setattr(bundle, "MAX_FILE_BYTES", 10_000)
    assert "larger than" in refused(store, zipped(good_files(), zipfile.ZIP_STORED))


def test_many_files_that_are_too_much_together_are_refused(store, monkeypatch):
    content = zipped(good_files())
    monkeypatch.setattr(bundle, "MAX_FILE_BYTES", len(content))
    assert "it holds more than" in refused(store, content)


def test_a_run_that_is_there_already_is_refused(store):
    bundle.import_run(zipped(good_files()), store)
    assert "in the store already" in refused(store, zipped(good_files()))


def trained_here(store, loss=0.5):
    """The run of CONFIG, as a worker of this machine writes it."""
    writer = RunWriter(store.folder(runs.run_id(CONFIG)), CONFIG)
    for record in history():
        writer.add(EpochRecord(**(record | {"loss": loss})))
    writer.finish(result() | {"test_loss": loss})
    return runs.run_id(CONFIG)


def test_an_imported_run_never_stands_in_for_the_run_that_somebody_wants_to_train(store):
    forged = bundle.import_run(zipped(good_files()), store, reader="mallory")
    assert forged.imported
    assert forged.id != runs.run_id(CONFIG)
    assert store.open(runs.run_id(CONFIG)) is None
    assert store.trained(CONFIG) is None
    id_ = trained_here(store)
    assert store.trained(CONFIG).id == id_
    assert not store.trained(CONFIG).imported
    assert {each.id for each in store.summaries() if not each.recorded} == {forged.id, id_}


def test_an_import_is_its_importers_and_two_readers_have_two(store):
    anna, bert = (
        bundle.import_run(zipped(good_files()), store, reader=reader) for reader in ("anna", "bert")
    )
    assert anna.id != bert.id
    assert [owner.read_owner(run.folder) for run in (anna, bert)] == [
        RunOwner("anna"),
        RunOwner("bert"),
    ]


def test_whose_a_run_is_goes_neither_out_nor_in(store):
    run = bundle.import_run(zipped(good_files()), store, reader="anna")
    with zipfile.ZipFile(io.BytesIO(bundle.export_run(run))) as archive:
        assert OWNER_FILE not in archive.namelist()
    forged = good_files() | {OWNER_FILE: b'{"reader": "anna", "shared": true}'}
    assert "is not a file of a run" in refused(store, zipped(forged))


def test_the_same_result_is_not_imported_beside_itself(store):
    id_ = trained_here(store)
    files = bundle.export_run(store.open(id_))
    assert "in the store already" in refused(store, files)
    assert bundle.import_run(zipped(good_files()), store).imported


def test_a_run_can_go_out_without_what_its_reader_says_of_it(store):
    run = bundle.import_run(zipped(good_files()), store)
    with zipfile.ZipFile(io.BytesIO(bundle.export_run(run, with_meta=False))) as archive:
        assert META_FILE not in archive.namelist()


CHANGED_CONFIG = [
    {"backbone": "alexnet"},
    {"backbone": "../x"},
    {"dataset": "x" * 500},
    {"dataset": "images-\x1b[0m"},
    {"dataset": "![x](//host/pixel.png)", "data_fingerprint": "0" * 64},
    {"dataset": "images-*b*", "data_fingerprint": "0" * 64},
    {"dataset": "of_no_registry", "data_fingerprint": "0" * 64},
    {"num_images": 10**12},
    {"num_images": -1},
    {"image_size": 10**9},
    {"head_epochs": 10**9},
    {"head_epochs": True},
    {"head_learning_rate": 1e400},
    {"head_learning_rate": -1},
    {"head_learning_rate": 10**400},
    {"dropout": 2.0},
    {"pooling": "evil"},
    {"hidden_units": 10**9},
    {"seed": -1},
    {"seed": "7"},
    {"training_version": 10**6},
    {"training_version": 0},
    {"thaw_from": "x," * 90},
    {"strategy": "feature_extraction"},
    {"batch_norm": ""},
    {"extra": 1},
]


@pytest.mark.parametrize("name", ["سیب\u200cزمینی", "\U0001f469\u200d\U0001f52c", "बिल्ली"])
def test_class_names_that_an_upload_keeps_can_be_imported(name):
    assert bundle_checks.RESULT_FIELDS["class_names"]([name, "other"])
    assert not bundle_checks.RESULT_FIELDS["class_names"]([f"{name}\u202e", "other"])


CHANGED_RESULT = [
    {"status": "failed"},
    {"run_id": "0" * 16},
    {"class_names": ["animal"]},
    {"class_names": ["animal", "animal"]},
    {"class_names": ["<script>", "b"]},
    {"class_names": ["animal", "x" * 10_000]},
    {"split_sizes": {"train": 41, "validation": 40, "test": 40}},
    {"split_sizes": {"train": 40, "validation": 40, "test": 0}},
    {"split_sizes": {"train": 40, "validation": 40, "test": 40, "more": 1}},
    {"test_accuracy": 0.95},
    {"test_accuracy": 1.5},
    {"test_accuracy": True},
    {"test_correct": 41},
    {"test_correct": -1},
    {"test_interval_95": [0.1, 0.2]},
    {"test_interval_95": [0.9]},
    {"test_interval_95": []},
    {"test_loss": 1e400},
    {"test_loss": "low"},
    {"params": {}},
    {"params": {"evil": {"total": 1, "trainable": 1, "non_trainable": 0}}},
    {"moved": {"evil": {}}},
    {"moved": {"feature_extraction": {"x": -1}}},
    {"moved": {"feature_extraction": {"x" * 10_000: 1.0}}},
    {"seconds": {"data": "1"}},
    {"wall_time_s": -1},
    {"versions": {"keras": ["3"]}},
    {"versions": {str(n): "1" for n in range(1_000)}},
    {"versions": {"keras": "3.15.1 --extra-index-url http://host/"}},
    {"versions": {"keras": "3.15.1\n--extra-index-url http://host/"}},
    {"versions": {"keras": "3.15.1 ; python_version > '3'"}},
    {"versions": {"keras @ http://host/keras.whl": "3.15.1"}},
    {"versions": {"keras": "٣.15"}},
    {"versions": {"numpy": "1.0+"}},
    {"hardware": {"system": "x"}},
    {"left_out": ["x" * 10_000]},
    {"left_out": "abc"},
    {"stopped_early": {"fine_tuning": 99}},
    {"stopped_early": {"evil": 1}},
    {"train_evaluated": {"fine_tuning": {"loss": 0.1}}},
    {"shift": {"auc": 2, "low": 0, "high": 1, "num_train": 1, "num_validation": 1}},
    {"shift": None},
    {"weights_sha256": 5},
    {"unknown": 1},
    {"x" * 5_000: 1},
]


def changed(name, change):
    files = good_files()
    files[name] = json.dumps(json.loads(files[name]) | change).encode()
    return zipped(files)


@pytest.mark.parametrize("change", CHANGED_CONFIG, ids=str)
def test_a_configuration_that_cannot_be_is_refused(store, change):
    assert "config" in refused(store, changed("config.json", change)) or change.keys() == {
        "training_version"
    }


@pytest.mark.parametrize("change", CHANGED_RESULT, ids=lambda change: str(change)[:60])
def test_a_result_that_cannot_be_is_refused(store, change):
    assert "result.json" in refused(store, changed("result.json", change))


@pytest.mark.parametrize("name", list(bundle_checks.RESULT_FIELDS))
def test_a_result_that_lacks_a_field_is_refused_by_its_name(store, name):
    values = result()
    values.pop(name, None)
    content = zipped(good_files() | {"result.json": json.dumps(values).encode()})
    if name in bundle_checks.OPTIONAL:
        assert bundle.import_run(content, store)
    else:
        assert refused(store, content).endswith(f"result.json lacks the field {name}.")


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 2},
        {"epoch": 1.0},
        {"phase": "evil"},
        {"phase": "fine_tuning"},
        {"loss": -1.0},
        {"loss": 1e400},
        {"accuracy": 1.1},
        {"val_accuracy": "0.5"},
        {"val_loss": None},
        {"learning_rate": 5.0},
        {"wall_time_s": -1.0},
        {"step": 2},
        {"step": True},
        {"extra": 1},
    ],
    ids=str,
)
def test_an_epoch_that_cannot_be_is_refused(store, change):
    records = history()
    records[0] |= change
    refused(store, zipped(good_files() | {"history.jsonl": lines(records)}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        lines(history()[:2]),
        lines(history()[1:]),
        lines(history()[::-1]),
        lines(history() + history()[-1:]),
        lines(history()) + b"{",
        b"\xff\xfe",
        b"[1]\n" * 3,
        b"null\n" * 3,
        lines(history()).replace(b"0.6", b"NaN"),
        lines(history()).replace(b"0.6", b"Infinity"),
    ],
)
def test_a_history_that_cannot_be_is_refused(store, content):
    refused(store, zipped(good_files() | {"history.jsonl": content}))


def test_a_phase_is_shorter_only_where_early_stopping_could_end_it(store):
    patient = runs.make_config(
        num_images=40, head_epochs=4, fine_tune_epochs=1, seed=7, early_stopping=2
    )
    for config, fits in ((patient, True), (runs.replace(patient, early_stopping=0), False)):
        records = history(config)
        del records[3]
        records[3]["epoch"] = 4
        files = good_files(config) | {"history.jsonl": lines(records)}
        if fits:
            assert len(bundle.import_run(zipped(files), store).history) == 4
        else:
            assert "feature_extraction has 3 epochs, not 4" in refused(store, zipped(files))


def test_weights_were_restored_only_where_that_was_asked_for_and_the_epoch_is_there(store):
    config = runs.make_config(num_images=40, seed=7, early_stopping=2, restore_best_weights=True)
    last = runs.replace(config, restore_best_weights=False)
    for asked, epoch, fits in ((config, 3, True), (last, 3, False), (config, 99, False)):
        said = result(asked) | {"restored": {"feature_extraction": epoch}}
        files = good_files(asked) | {"result.json": json.dumps(said).encode()}
        if fits:
            imported = bundle.import_run(zipped(files), store)
            assert imported.restored == {"feature_extraction": epoch}
        else:
            assert "restored of result.json does not fit" in refused(store, zipped(files))


@pytest.mark.parametrize(
    "meta",
    [
        {"name": "x" * 1_000, "note": "", "imported": False},
        {"name": "a\nb", "note": "", "imported": False},
        {"name": "", "note": 5, "imported": False},
        {"name": ""},
        {"name": "", "note": "", "imported": False, "extra": 1},
    ],
)
def test_a_name_or_note_that_cannot_be_is_refused(store, meta):
    refused(store, zipped(good_files() | {META_FILE: json.dumps(meta).encode()}))


def test_answers_that_do_not_fit_the_result_are_refused(store):
    wrong = answers()
    wrong["test"]["label"][0] = 0
    short = {"test": {name: values[:39] for name, values in answers()["test"].items()}}
    for data in (wrong, short, answers() | {"more": 1}, {}, {"test": []}):
        content = zipped(good_files() | {EVALUATION_FILE: json.dumps(data).encode()})
        assert EVALUATION_FILE in refused(store, content)


@pytest.mark.parametrize(
    "picture",
    [b"", b"RIFF", b"\x89PNG" + b"\0" * 60, webp(16_000, 16_000), webp(64, 64), webp(1280, 64)],
)
def test_a_picture_of_another_size_is_refused(store, picture):
    assert TEST_IMAGES_FILE in refused(store, zipped(good_files() | {TEST_IMAGES_FILE: picture}))


@pytest.mark.parametrize("picture", [b"", webp(16_000, 16_000), webp(128, 64), webp(192, 128)])
def test_a_picture_of_other_images_than_the_epochs_watch_is_refused(store, picture):
    files = good_files() | {WATCHED_IMAGES_FILE: picture}
    assert WATCHED_IMAGES_FILE in refused(store, zipped(files))


def test_epochs_that_watch_different_images_are_refused(store):
    records = history()
    records[-1]["right"] = "1"
    files = good_files() | {"history.jsonl": lines(records)}
    assert "do not watch the same images" in refused(store, zipped(files))


def test_a_run_with_three_test_images_comes_in_with_their_picture(store):
    content = (Path(__file__).parents[2] / "data/uploads/run_3_test_images.zip").read_bytes()
    run = bundle.import_run(content, store)
    picture = test_images.sprite_path(run).read_bytes()
    assert test_images.webp_size(picture) == test_images.sheet_size(3) == (192, 64)
    assert "fine_tuning_helped" not in {each.kind for each in diagnose.diagnose(run)}


def test_the_size_of_each_kind_of_webp_is_read_from_its_head():
    pytest.importorskip("PIL")
    from PIL import Image

    for options in ({"lossless": True}, {"quality": 80}, {"quality": 80, "exif": b"Exif\0\0x"}):
        for size in ((1280, 128), (64, 64), (1280, 1216)):
            content = io.BytesIO()
            Image.new("RGB", size, "navy").save(content, "webp", **options)
            assert test_images.webp_size(content.getvalue()) == size


ROWS = backbones.load_layer_table(CONFIG.backbone, CONFIG.image_size)
CONV = next(row for row in ROWS if row.name == "top_conv")


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"head__0": HEAD["head__0"]},
        HEAD | {"head__0": np.ones((1281, 1), np.float32)},
        HEAD | {"head__0": np.ones((1280, 1), np.float64)},
        HEAD | {"head__0": np.full((1280, 1), np.nan, np.float32)},
        HEAD | {"head__1": np.full(1, np.inf, np.float32)},
        HEAD | {"head__2": np.zeros(1, np.float32)},
        HEAD | {"evil__0": np.zeros(1, np.float32)},
        HEAD | {"top_conv__0": np.zeros((1, 1, 5, 5), np.float32)},
        HEAD | {"top_conv__1": np.zeros(1, np.float32)},
        HEAD | {"head__0": np.asfortranarray(np.ones((1280, 1), np.float32)), "x": np.ones(1)},
    ],
)
def test_a_model_that_does_not_fit_is_refused(store, arrays):
    content = zipped(good_files() | {f"model/{MODEL_FILE}": npz(**arrays)})
    assert "model is damaged or of another architecture" in refused(store, content)


def test_a_model_with_a_thawed_layer_comes_in(store):
    kernel = np.zeros(CONV.weights[0].shape, np.float32)
    content = zipped(good_files() | {f"model/{MODEL_FILE}": npz(**HEAD, top_conv__0=kernel)})
    assert bundle.import_run(content, store)


class Pickled:
    called: tuple[str, ...] = ()

    def __reduce__(self):
        return (Pickled.call, ())

    @staticmethod
    def call():
        Pickled.called += ("called",)


def test_nothing_that_is_pickled_is_unpacked(store):
    content = io.BytesIO()
    np.savez(content, **{"head/0": np.array([Pickled()], dtype=object)})
    files = good_files() | {f"model/{MODEL_FILE}": content.getvalue()}
    assert "model is damaged" in refused(store, zipped(files))
    assert Pickled.called == ()


def test_an_array_that_claims_to_be_huge_takes_no_memory(store):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f4", "fortran_order": False, "shape": (10**13,)}
    )
    model = zipped({"head/0.npy": head.getvalue(), "head/1.npy": b""})
    assert "model is damaged" in refused(store, zipped(good_files() | {"model/weights.npz": model}))


# --- Fuzzed ---------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["../x", "\x00", "x" * 5_000, "1e999"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
JSON_FILES = ["config.json", "result.json", META_FILE, EVALUATION_FILE]
fuzz = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def outcome(store, content):
    """True where a file came in; where it did not, the store is as it was."""
    before = snapshot(store) if store.root.exists() else {}
    problem = None
    try:
        run = bundle.import_run(content, store)
    except StoreError as error:
        problem = error
    if problem is None:
        store.delete(run.id)
        return True
    assert (snapshot(store) if store.root.exists() else {}) == before
    assert problem.message
    assert "\n" not in problem.message
    return False


@fuzz
@given(st.sampled_from(JSON_FILES), st.data())
def test_any_value_in_any_field_is_taken_as_it_was_or_refused(store, name, data):
    files = good_files()
    values = json.loads(files[name])
    place, key = values, None
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        break
    if data.draw(st.booleans()):
        place[key] = data.draw(json_values)
    else:
        del place[key]
    files[name] = json.dumps(values).encode()
    outcome(store, zipped(files))


@fuzz
@given(st.sampled_from(sorted(good_files())), st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_in_any_file_are_refused_in_words(store, name, noise, at):
    files = good_files()
    files[name] = files[name][:at] + noise
    outcome(store, zipped(files))


@fuzz
@given(st.data())
def test_any_damage_to_the_file_is_refused_in_words(store, data):
    content = bytearray(zipped(good_files()))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    outcome(store, bytes(content[: data.draw(st.integers(0, len(content)))]))


@fuzz
@given(st.binary(max_size=2_000))
def test_any_bytes_are_refused_in_words(store, content):
    assert not outcome(store, content)
