"""A run does what its configuration says, leaves frozen layers alone and tells how it ended."""

import dataclasses
import io
import json
import shutil
import threading
import time
from collections import Counter
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from lib.core import backbones, freezing, heads, intervals, runs, strategies
from lib.core.errors import ConfigError, StoreError, ThawError
from lib.core.freezing import FreezePlan
from lib.core.lab import progress
from lib.core.lab.folder import MODEL_FILE, writing
from lib.core.lab.store import RunStore
from lib.core.network import step_cost
from lib.core.reading import evaluation, test_images, watched
from lib.training import inference, task
from lib.training import model as models
from lib.training.engine import measuring, network, prefix, steps
from lib.training.network import head as keras_heads
from lib.training.network import stored_model
from lib.training.sources import feature_cache, pipeline, tfds
from tests.speeds import thorough_beyond

SIZE, NUM_IMAGES = 64, 32
THAW_FROM = "block_14_expand_conv"

# name -> what is asked for. Every strategy, and every BatchNormalization policy.
ASKED = {
    "feature_extraction": {"strategy": "feature_extraction"},
    "partial, frozen": {"strategy": "partial_fine_tuning", "thaw_from": THAW_FROM},
    "partial, thawed": {
        "strategy": "partial_fine_tuning",
        "thaw_from": THAW_FROM,
        "batch_norm": "thawed",
    },
    "partial, tutorial": {
        "strategy": "partial_fine_tuning",
        "thaw_from": THAW_FROM,
        "batch_norm": "tutorial",
    },
    "full, frozen": {"strategy": "full_fine_tuning"},
    "from_scratch": {"strategy": "from_scratch"},
}


def config_of(**asked):
    defaults = {"num_images": NUM_IMAGES, "image_size": SIZE, "seed": 3}
    return runs.make_config(**defaults | {"head_epochs": 1, "fine_tune_epochs": 1} | asked)


def weights_of(backbone):
    return {layer.name: layer.get_weights() for layer in backbone.layers}


def watched_run(config, store):
    """A run with its backbone, its weights before and after, and all its events."""
    network.forget_all()  # Its backbone is looked at, so it is a new one.
    seen, build = SimpleNamespace(events=[]), models.build_backbone

    def building(*args, **kwargs):
        seen.backbone = build(*args, **kwargs)
        seen.before = weights_of(seen.backbone)
        return seen.backbone

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task.model, "build_backbone", building)
        seen.run = task.train(config, seen.events.append, store=store)
    seen.after = weights_of(seen.backbone)
    seen.layers = backbones.load_layer_table(config.backbone, config.image_size)
    return seen


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return RunStore(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def trained(store):
    """One run for every test that asks for it by name."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = watched_run(config_of(**ASKED[name]), store)
        return made[name]

    return get


FEW = ["partial, frozen", "partial, thawed"]
every_run = pytest.mark.parametrize("name", thorough_beyond(FEW, ASKED))


def plan_of(config, phase):
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    if phase == "feature_extraction":
        return FreezePlan.all(layers)
    return strategies.final_plan(config.strategy, layers, config.thaw_from, config.batch_norm)


# --- What moved -----------------------------------------------------------------------------------


@every_run
def test_frozen_weights_are_bit_identical_after_a_run_and_thawed_ones_are_not(name, trained):
    seen = trained(name)
    final = plan_of(seen.run.config, seen.run.config.phases[-1].name)
    for row in seen.layers:
        pairs = zip(row.weights, seen.before[row.name], seen.after[row.name], strict=True)
        for weight, old, new in pairs:
            same = old.tobytes() == new.tobytes()
            if final.is_frozen(row):
                assert same, f"{row.name}/{weight.name} is frozen and changed"
            elif weight.trainable or row.is_batch_norm:
                assert not same, f"{row.name}/{weight.name} is thawed and did not change"


@every_run
def test_what_is_said_to_have_moved_is_what_moved(name, trained):
    seen = trained(name)
    moved = seen.run.result["moved"]
    assert list(moved) == [phase.key for phase in seen.run.config.phases]
    for phase in seen.run.config.phases:
        plan = plan_of(seen.run.config, phase.name)
        for row in seen.layers:
            if not row.weights:
                assert row.name not in moved[phase.key]
            elif plan.is_frozen(row):
                assert moved[phase.key][row.name] == 0.0, row.name
            else:
                assert moved[phase.key][row.name] > 0.0, row.name
        assert moved[phase.key]["head"] > 0.0


@pytest.mark.parametrize("name", thorough_beyond(FEW, ["partial, thawed", "partial, tutorial"]))
def test_thawed_statistics_move_and_training_false_does_not_stop_them(name, trained):
    # Trap 1 of Keras 3: `base(x, training=False)` does not survive training.
    seen = trained(name)
    norms = [row for row in seen.layers if row.is_batch_norm]
    changed = {
        row.name
        for row in norms
        if any(
            weight.name.startswith("moving_") and not np.array_equal(old, new)
            for weight, old, new in zip(
                row.weights, seen.before[row.name], seen.after[row.name], strict=True
            )
        )
    }
    start = backbones.layer_index(seen.layers, THAW_FROM)
    assert changed == {row.name for row in norms if row.index >= start}
    assert len(changed) > 5


@pytest.mark.thorough
def test_from_scratch_starts_from_random_weights_with_a_momentum_that_can_follow(trained):
    seen = trained("from_scratch")
    norms = [la for la in seen.backbone.layers if isinstance(la, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in norms} == {0.9}
    pretrained = trained("feature_extraction").before
    assert not np.array_equal(seen.before["stem_conv"][0], pretrained["stem_conv"][0])


# --- What is stored -------------------------------------------------------------------------------


@every_run
def test_parameters_of_each_phase_are_those_lib_core_counts(name, trained):
    seen = trained(name)
    config = seen.run.config
    head = heads.count_params(heads.HeadSpec(), seen.layers[-1].output_shape)
    for phase in config.phases:
        counts = freezing.count_params(seen.layers, plan_of(config, phase.name)) + head
        assert seen.run.result["params"][phase.key] == {
            "total": counts.total,
            "trainable": counts.trainable,
            "non_trainable": counts.non_trainable,
        }


@every_run
def test_a_result_has_every_field_other_programs_rely_on(name, trained, store):
    run = trained(name).run
    result = json.loads((run.folder / "result.json").read_text())
    assert result["status"] == "finished"
    assert result["run_id"] == run.id == run.folder.name == runs.run_id(run.config)
    assert result["split_sizes"] == {"train": NUM_IMAGES, "validation": 40, "test": 40}
    assert result["class_names"] == ["animal", "food"]
    assert result["test_accuracy"] == result["test_correct"] / 40
    assert result["test_interval_95"] == list(intervals.wilson_interval(result["test_correct"], 40))
    assert {"python", "keras", "tensorflow-datasets", "numpy"} <= set(result["versions"])
    assert {"system", "machine", "cpu_count", "devices"} <= set(result["hardware"])
    assert 0 < sum(result["seconds"].values()) <= result["wall_time_s"]
    model = run.folder / "model" / MODEL_FILE
    assert result["model_bytes"] == model.stat().st_size
    assert store.open(run.id) == run


@every_run
def test_the_history_counts_epochs_from_one_and_names_their_phases(name, trained):
    run = trained(name).run
    planned = [phase.name for phase in run.config.phases for _ in range(phase.num_epochs)]
    assert [record.phase for record in run.history] == planned
    assert [record.epoch for record in run.history] == list(range(1, len(planned) + 1))
    for record in run.history:
        assert 0 <= record.accuracy <= 1
        assert 0 <= record.val_accuracy <= 1
        # Every accuracy is a number of images.
        assert (record.accuracy * NUM_IMAGES) % 1 == 0
        assert (record.val_accuracy * 40) % 1 == pytest.approx(0, abs=1e-9)


@every_run
def test_the_events_of_a_run_tell_it_from_start_to_end(name, trained):
    seen = trained(name)
    picture = progress.Progress()
    for event in seen.events:
        json.dumps(event)  # Plain values: they travel.
        picture = progress.apply(picture, event)
    assert picture.state == "finished"
    assert picture.history == seen.run.history
    assert picture.num_epochs == seen.run.config.num_epochs
    states = list(dict.fromkeys(event["state"] for event in seen.events))
    once = ["computing_features"] if name != "from_scratch" else []
    assert [state for state in states if state not in once] == [
        "starting",
        "loading_data",
        "loading_model",
        "training",
        "evaluating",
        "storing",
        "finished",
    ]


@pytest.mark.parametrize(
    "name", thorough_beyond(FEW, ["feature_extraction", "partial, thawed", "from_scratch"])
)
def test_a_stored_model_scores_on_the_test_images_what_the_run_says(name, trained):
    run = trained(name).run
    config = run.config
    scratch = config.strategy == "from_scratch"
    backbone = models.build_backbone(
        config.backbone,
        config.image_size,
        weights=None if scratch else "imagenet",
        seed=config.seed,
    )
    shape = backbone.output.shape[1:]
    pool = keras_heads.build_pooling(heads.HeadSpec(), shape)
    head = keras_heads.build_head(heads.HeadSpec(), shape, seed=99)
    stored_model.restore(run.folder / "model", backbone, head)
    data = pipeline.load_data(
        config.dataset, num_images=NUM_IMAGES, image_size=SIZE, seed=config.seed
    )
    images = backbones.get(config.backbone).preprocessing.apply(data.test.images)
    whole = keras.Sequential([backbone, pool, head])
    logits = np.asarray(whole(images, training=False))
    predicted = np.asarray(steps.predicted_classes(logits))
    assert int((predicted == data.test.labels).sum()) == run.result["test_correct"]


def damaged(data, how):
    return {"empty": b"", "cut short": data[:-30], "noise": b"PK\x03\x04noise"}[how]


@pytest.mark.parametrize("how", ["empty", "cut short", "noise", "missing", "headless", "another"])
def test_a_stored_model_that_is_damaged_or_of_another_backbone_is_refused(how, trained, tmp_path):
    source = trained("feature_extraction").run.folder / "model" / MODEL_FILE
    target = tmp_path / MODEL_FILE
    if how == "headless":
        np.savez(target)
    elif how == "another":
        np.savez(target, **{"head/0": np.zeros((512, 1)), "head/1": np.zeros(1)})
    elif how != "missing":
        target.write_bytes(damaged(source.read_bytes(), how))
    backbone = models.build_architecture("efficientnet_lite0", 32)
    head = keras_heads.build_head(heads.HeadSpec(), (1, 1, 1280), seed=0)
    with pytest.raises(StoreError) as caught:
        stored_model.restore(tmp_path, backbone, head)
    assert caught.value.in_words() == (
        "The stored model of this run is missing or damaged. Start the run again."
    )


# --- Test images ----------------------------------------------------------------------------------


def test_a_run_keeps_its_answer_to_every_test_image_and_their_picture(trained):
    run = trained("partial, frozen").run
    data = load_data_of(run.config)
    answers = evaluation.load(run)
    np.testing.assert_array_equal(answers.label, data.test.labels)
    np.testing.assert_array_equal(answers.index, data.test.indices)
    assert answers.num_correct == run.result["test_correct"]
    of_label = answers.probabilities[np.arange(len(data.test)), answers.label]
    assert -np.log(of_label).mean() == pytest.approx(run.result["test_loss"], abs=1e-3)
    with Image.open(test_images.sprite_path(run)) as picture:
        for row in (0, 21, len(data.test) - 1):
            tile = np.asarray(picture.convert("RGB").crop(test_images.tile_box(row)), float)
            assert np.abs(tile - data.test.images[row]).mean() < 12


@pytest.mark.thorough
def test_a_question_about_a_test_image_gets_the_answer_that_the_run_kept(trained):
    run = trained("partial, frozen").run
    kept = evaluation.load(run)
    wanted = {int(index): row for row, index in enumerate(kept.index[:6])}
    for index, data in tfds.source(run.config.dataset).read(frozenset(wanted)):
        answer = inference.predict(str(run.folder), dataclasses.asdict(run.config), data)
        np.testing.assert_allclose(
            answer["probabilities"], kept.probabilities[wanted[index]], atol=1e-4
        )
        assert answer["before"] is not None


def test_a_run_tells_after_each_epoch_which_watched_validation_images_are_right(trained):
    run = trained("partial, frozen").run
    validation = load_data_of(run.config).validation
    rows = watched.choose(validation.labels)
    with Image.open(io.BytesIO(watched.picture(run.folder))) as picture:
        for place, row in enumerate(rows):
            tile = np.asarray(picture.convert("RGB").crop(test_images.tile_box(place)), float)
            assert np.abs(tile - validation.images[row]).mean() < 12
    # The stored model is that of the last epoch.
    backbone = models.build_backbone(run.config.backbone, SIZE, weights="imagenet", seed=3)
    shape = backbone.output.shape[1:]
    pool = keras_heads.build_pooling(heads.HeadSpec(), shape)
    head = keras_heads.build_head(heads.HeadSpec(), shape, seed=99)
    stored_model.restore(run.folder / "model", backbone, head)
    images = backbones.get(run.config.backbone).preprocessing.apply(validation.images[rows])
    logits = np.asarray(keras.Sequential([backbone, pool, head])(images, training=False))
    said = np.asarray(steps.predicted_classes(logits))
    assert run.history[-1].right == watched.in_digits(said, validation.labels[rows])
    assert len(run.history[0].right) == len(rows)


def load_data_of(config):
    return pipeline.load_data(
        config.dataset,
        num_images=config.num_images,
        image_size=config.image_size,
        seed=config.seed,
    )


def test_training_images_are_judged_again_as_validation_images_are(trained):
    run = trained("partial, frozen").run
    judged = run.result["train_evaluated"]
    assert set(judged) == {"feature_extraction", "fine_tuning"}
    # One epoch of training on 32 images moves the head after every batch, so the mean over the
    # epoch is of worse weights than those judged at its end.
    assert judged["fine_tuning"]["loss"] < run.history[1].loss


def test_training_and_validation_images_of_one_dataset_are_not_told_apart(trained):
    shift = trained("partial, frozen").run.result["shift"]
    assert (shift["num_train"], shift["num_validation"]) == (NUM_IMAGES, 40)
    assert shift["low"] < 0.5 < shift["high"]


@pytest.mark.thorough
def test_a_run_from_scratch_has_no_pretrained_features_to_compare_the_splits_by(trained):
    assert "shift" not in trained("from_scratch").run.result


def test_the_model_of_an_earlier_phase_is_kept_and_is_what_fine_tuning_began_with(trained):
    seen = trained("partial, frozen")
    config, feature_shape = seen.run.config, seen.layers[-1].output_shape
    backbone = models.build_backbone(config.backbone, config.image_size, weights="imagenet")
    head = keras_heads.build_head(heads.HeadSpec(), feature_shape, seed=99)
    stored_model.restore(seen.run.folder / "model", backbone, head, "feature_extraction")
    for name, weights in weights_of(backbone).items():
        for old, now in zip(seen.before[name], weights, strict=True):
            np.testing.assert_array_equal(old, now)
    pooled = keras_heads.build_pooling(heads.HeadSpec(), feature_shape)
    images = load_data_of(config).validation
    spec = backbones.get(config.backbone)
    logits = head(pooled(backbone(spec.preprocessing.apply(images.images), training=False)))
    right = np.mean((logits.numpy()[:, 0] > 0) == images.labels)
    assert right == pytest.approx(seen.run.history[0].val_accuracy)


def test_the_test_images_are_looked_at_once_and_at_the_end(tmp_path, monkeypatch):
    events, looked_at, scored = [], [], Counter()
    load, evaluate = pipeline.load_data, steps.PhaseTrainer.evaluate

    class Watched(pipeline.ImageSet):
        def __getattribute__(self, name):
            if name == "images":
                looked_at.append(events[-1]["state"])
            return super().__getattribute__(name)

    def loading(*args, **kwargs):
        data = load(*args, **kwargs)
        test = Watched(data.test.images, data.test.labels, data.test.indices)
        loading.labels = test.labels.tolist()
        return dataclasses.replace(data, test=test)

    def scoring(self, examples):
        scored[examples.labels.numpy().tolist() == loading.labels] += 1
        return evaluate(self, examples)

    monkeypatch.setattr(task.pipeline, "load_data", loading)
    monkeypatch.setattr(steps.PhaseTrainer, "evaluate", scoring)
    config = config_of(strategy="feature_extraction", head_epochs=3)
    run = task.train(config, events.append, store=RunStore(tmp_path))
    assert run.status == "finished"
    assert looked_at
    # Once for the score, and once for their picture.
    assert set(looked_at) <= {"evaluating", "computing_features", "storing"}
    last_epoch = max(index for index, event in enumerate(events) if "epoch" in event)
    evaluating = [event["state"] for event in events].index("evaluating")
    assert evaluating > last_epoch
    # After every epoch the validation images, at the end of the phase the training images.
    assert scored == {False: 3 + 1, True: 1}


def test_no_image_is_in_two_splits():
    data = pipeline.load_data("openmoji_animals_food", num_images=160, image_size=SIZE, seed=3)
    everything = np.concatenate([data.train.images, data.validation.images, data.test.images])
    assert len(np.unique(everything.reshape(240, -1), axis=0)) == 240


# --- Again ----------------------------------------------------------------------------------------


def without_clock(history):
    return [dataclasses.replace(record, wall_time_s=0.0) for record in history]


# Where the most is learned that chance could touch: statistics of batches and weights.
@pytest.mark.parametrize("name", ["partial, thawed"])
def test_the_same_configuration_gives_the_same_history(name, trained, tmp_path):
    again = task.train(config_of(**ASKED[name]), lambda event: None, store=RunStore(tmp_path))
    assert without_clock(again.history) == without_clock(trained(name).run.history)
    assert again.result["test_loss"] == trained(name).run.result["test_loss"]


def test_a_finished_run_is_told_again_and_not_trained_again(trained, store, monkeypatch):
    first = trained("partial, frozen")

    def forbidden(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(task.model, "build_backbone", forbidden)
    monkeypatch.setattr(task.pipeline, "load_data", forbidden)
    events = []
    assert task.train(first.run.config, events.append, store=store) == first.run
    picture = progress.Progress()
    for event in events:
        picture = progress.apply(picture, event)
    assert (picture.state, picture.history) == ("finished", first.run.history)


def waiting_run(config, store, events, **options):
    """A run whose folder another process is writing, in a thread that has found that out."""
    done = []
    thread = threading.Thread(
        target=lambda: done.append(task.train(config, events.append, store=store, **options))
    )
    thread.start()
    while not any(event.get("message") == progress.ELSEWHERE for event in events):
        time.sleep(0.01)
    return thread, done


def test_a_run_that_another_process_trains_is_waited_for_and_told_again(
    trained, store, tmp_path, monkeypatch
):
    def forbidden(*_):
        raise AssertionError("trained twice")

    run, events = trained("feature_extraction").run, []
    monkeypatch.setattr(task, "_train", forbidden)
    shared = RunStore(tmp_path)
    with writing(shared.folder(run.id)):
        thread, done = waiting_run(run.config, shared, events)
        shutil.copytree(run.folder, shared.folder(run.id), dirs_exist_ok=True)
    thread.join()
    assert [(each.status, each.history) for each in done] == [("finished", run.history)]
    assert [event["epoch"]["epoch"] for event in events if "epoch" in event] == [
        record.epoch for record in run.history
    ]


def test_a_run_that_waits_for_another_process_can_be_cancelled_and_leaves_it_alone(
    trained, tmp_path
):
    run, events, stop = trained("feature_extraction").run, [], threading.Event()
    shared = RunStore(tmp_path)
    with writing(shared.folder(run.id)):
        before = list(shared.folder(run.id).iterdir())
        thread, done = waiting_run(run.config, shared, events, cancelled=stop.is_set)
        stop.set()
        thread.join()
        assert list(shared.folder(run.id).iterdir()) == before
    assert done[0].status == events[-1]["state"] == "cancelled"


def test_another_strategy_on_the_same_data_starts_from_stored_features(
    trained, monkeypatch, tmp_path
):
    trained("partial, frozen")

    def forbidden(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(prefix.FrozenForward, "__call__", forbidden)
    events = []
    config = config_of(strategy="feature_extraction", head_epochs=2)
    run = task.train(config, events.append, store=RunStore(tmp_path))
    assert len(run.history) == 2
    assert "computing_features" not in {event["state"] for event in events}


# --- Ends before the end --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "epochs"),
    [
        pytest.param("starting", 0, marks=pytest.mark.thorough),
        pytest.param("computing_features", 0, marks=pytest.mark.thorough),
        ("second epoch", 1),
        pytest.param("fine-tuning", 2, marks=pytest.mark.thorough),
        pytest.param("evaluating", 3, marks=pytest.mark.thorough),
    ],
)
def test_a_run_cancelled_in_any_state_keeps_what_was_finished(state, epochs, tmp_path, monkeypatch):
    monkeypatch.setattr(step_cost, "feature_batch_size", lambda layers: 8)
    monkeypatch.setattr(task, "stored_model", None)  # Nothing is stored of a run that was stopped.
    # Features that are on disk would not be computed.
    monkeypatch.setattr("lib.training.sources.feature_cache._read", lambda folder: None)
    reached, ended = [], []

    def report(event):
        ended.extend(["epoch"] * ("epoch" in event))
        here = {"second epoch": ("training", 1), "fine-tuning": ("training", 2)}.get(
            state, (state, epochs)
        )
        if (event["state"], len(ended)) == here:
            reached.append(event)

    config = config_of(thaw_from=THAW_FROM, head_epochs=2, batch_size=8)
    store = RunStore(tmp_path)
    run = task.train(config, report, store=store, cancelled=lambda: bool(reached))
    assert reached
    assert run.status == "cancelled"
    assert len(run.history) == epochs
    assert "test_accuracy" not in run.result
    # Whether its splits differ is known as soon as an epoch is, also of one that was not finished.
    assert ("shift" in run.result) == (epochs > 0)
    assert not (run.folder / "model" / MODEL_FILE).exists()
    assert run.result["wall_time_s"] > 0
    assert store.open(run.id) == run


@pytest.mark.thorough
def test_a_cancelled_run_can_be_started_again(tmp_path):
    config, store = config_of(strategy="feature_extraction", seed=4), RunStore(tmp_path)
    assert task.train(config, lambda e: None, store=store, cancelled=lambda: True).status == (
        "cancelled"
    )
    again = task.train(config, lambda e: None, store=store)
    assert (again.status, len(again.history)) == ("finished", 1)


@pytest.mark.thorough
def test_time_left_goes_by_what_is_computed_now_and_not_by_who_made_the_features(
    tmp_path, monkeypatch
):
    """Features from a cut high up take a moment, and say little of training the whole network."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    seconds_each, fetch, work = 1e-8, feature_cache.fetch, []

    def on_a_clock(identity, inputs, compute, units=1):
        features = fetch(identity, inputs, compute, units)
        work.append((units, features.work, features.from_cache))
        seconds = seconds_each * features.work * len(features.tensors[0])
        return dataclasses.replace(features, compute_s=seconds)

    monkeypatch.setattr(feature_cache, "fetch", on_a_clock)
    asked = {"head_epochs": 1, "fine_tune_epochs": 1, "seed": 8}
    task.train(config_of(thaw_from="top_conv", **asked), lambda e: None, folder=tmp_path / "a")
    little = max(units for units, _, _ in work)
    work.clear()
    config, events = config_of(strategy="full_fine_tuning", **asked), []
    task.train(config, events.append, folder=tmp_path / "b")
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    much = sum(step_cost.multiply_adds(row) for row in layers)
    assert much > 4 * little
    assert (much, little, True) in work
    images = measuring.STEP_TO_FORWARD * NUM_IMAGES + 40
    expected = measuring.TRACING_S + images * much * seconds_each
    left = next(event["seconds_left"] for event in events if event.get("epoch"))
    assert left == pytest.approx(expected, abs=0.06)


@pytest.mark.thorough
def test_a_clock_that_jumps_in_the_middle_of_a_run_changes_no_duration(tmp_path, monkeypatch):
    jump_s = 100_000  # A day and more back at every look.
    jumps = iter(range(10**9, 0, -jump_s))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    events, started = [], time.monotonic()
    config = config_of(strategy="feature_extraction", head_epochs=3, seed=6)
    run = task.train(config, events.append, store=RunStore(tmp_path))
    took = time.monotonic() - started
    assert run.status == "finished"
    assert 0 < sum(record.wall_time_s for record in run.history) < run.result["wall_time_s"] < took
    left = [event["seconds_left"] for event in events if event.get("epoch")]
    assert all(0 <= seconds < jump_s for seconds in left)


def test_a_loss_that_is_not_a_number_ends_the_run_with_a_sentence(tmp_path):
    events, store = [], RunStore(tmp_path)
    config = config_of(strategy="feature_extraction", head_learning_rate=1e38, batch_size=8)
    with pytest.raises(ThawError, match=r"^The loss became (nan|inf|-inf) ") as caught:
        task.train(config, events.append, store=store)
    assert caught.value.next_step == "Use a lower learning rate, a tenth of this one."
    run = store.open(runs.run_id(config))
    assert run.status == "failed"
    assert run.result["message"] == caught.value.message
    assert events[-1] == {
        "state": "failed",
        "message": caught.value.message,
        "next_step": caught.value.next_step,
    }
    text = (run.folder / "result.json").read_text() + (
        (run.folder / "history.jsonl").read_text() if run.history else ""
    )
    assert "NaN" not in text  # Which is no JSON.


def test_a_validation_loss_that_is_not_a_number_ends_the_run_too(tmp_path):
    # One batch an epoch: its loss is that of the first weights, the step ruins them afterwards.
    config = config_of(strategy="feature_extraction", head_learning_rate=1e38, batch_size=64)
    with pytest.raises(ThawError, match="on images it was not trained on: the weights ran away"):
        task.train(config, lambda event: None, store=RunStore(tmp_path))


def test_a_store_that_cannot_be_written_is_told_before_anything_is_loaded(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    events = []
    with pytest.raises(StoreError, match="The run could not be stored in") as caught:
        task.train(config_of(seed=5), events.append, store=RunStore(tmp_path / "runs"))
    assert "set THAW_HOME to another folder" in caught.value.next_step
    assert [event["state"] for event in events] == ["failed"]


def test_a_disk_that_is_full_at_the_end_fails_the_run_and_keeps_its_epochs(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored_model.np, "savez", full)
    config, store = config_of(strategy="feature_extraction", seed=6), RunStore(tmp_path)
    with pytest.raises(StoreError, match="could not be stored: No space left on device"):
        task.train(config, lambda event: None, store=store)
    run = store.open(runs.run_id(config))
    assert (run.status, len(run.history)) == ("failed", 1)


def test_images_that_are_not_on_this_machine_are_named_in_the_failed_run(tmp_path):
    config = runs.make_config(
        dataset="images-0123456789ab", data_fingerprint="0" * 64, max_train_images=50
    )
    store = RunStore(tmp_path)
    with pytest.raises(ThawError, match="These images are not on this machine"):
        task.train(config, lambda event: None, store=store)
    assert store.open(runs.run_id(config)).status == "failed"


def test_a_run_id_of_somebody_elses_making_never_reaches_the_disk(store):
    with pytest.raises(ConfigError):
        store.open("../../etc")
