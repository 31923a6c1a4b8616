"""The runs that ship with Thaw are what they say, and training still gives them."""

import dataclasses

import pytest

from lib.core import backbones, datasets, freezing, heads, intervals, runs, strategies
from lib.core.freezing import FreezePlan
from lib.core.lab import command
from lib.core.lab.folder import read_run
from lib.core.lab.store import RunStore
from lib.core.reading import curves
from lib.core.strategy import evidence
from lib.tools import record_runs
from lib.tools.evidence import shown

ROOT = RunStore().recorded_root
EVIDENCE = RunStore().evidence_root
FOLDERS = sorted(path.name for path in ROOT.iterdir())

# What a first run on the drawings has to reach after feature extraction (docs/design.md).
WANTED_VAL_ACCURACY = 0.88

every_recorded_run = pytest.mark.parametrize("name", FOLDERS)


def recorded(name):
    run = read_run(ROOT / name, recorded=True)
    assert run is not None, f"{name} cannot be read"
    return run


def test_the_recorded_runs_are_those_the_tool_records():
    assert {runs.run_id(config) for config in shown.CONFIGS} == set(FOLDERS)


@every_recorded_run
def test_a_recorded_run_reproduces_its_own_name(name):
    run = recorded(name)
    assert runs.run_id(run.config) == name
    assert run.config.training_version == runs.TRAINING_VERSION
    assert run.config.data_fingerprint == datasets.get(run.config.dataset).fingerprint
    assert RunStore().open(name) == run


def test_every_run_that_ships_carries_the_command_that_gives_it():
    folders = [folder for root in (ROOT, EVIDENCE) for folder in root.iterdir()]
    for folder in folders:
        run = read_run(folder, recorded=True)
        assert run.result["command"] == command.command(run.config), folder.name


def test_the_evidence_is_the_whole_grid_and_nothing_else():
    found = [read_run(folder, recorded=True) for folder in EVIDENCE.iterdir()]
    for run in found:
        data = run.config.catalogued
        like = {"data_fingerprint": run.config.data_fingerprint, "max_train_images": 1_066}
        assert run.id == run.folder.name == runs.run_id(run.config)
        assert bool(data) == (run.config.dataset != evidence.PHOTOGRAPHS)
        assert run.config in {
            evidence.config(run.config.dataset, way, num_images, seed, **({} if data else like))
            for way in evidence.WAYS
            for num_images in evidence.SIZES[run.config.dataset]
            for seed in evidence.SEEDS
        }
    assert len({run.config.data_fingerprint for run in found}) == len(evidence.SIZES)
    asked = len(evidence.WAYS) * len(evidence.SEEDS) * sum(map(len, evidence.SIZES.values()))
    assert len(found) == asked
    assert evidence.read().num_missing == 0


@every_recorded_run
def test_a_recorded_run_says_what_it_was_made_with(name):
    run = recorded(name)
    assert run.status == "finished"
    assert run.config.seed >= 0
    assert {"python", "keras", "numpy", "tensorflow-datasets"} <= set(run.result["versions"])
    assert {"system", "machine", "cpu_count", "devices"} <= set(run.result["hardware"])
    assert run.result["wall_time_s"] > 0
    assert run.result["split_sizes"]["train"] == run.config.num_images
    assert tuple(run.result["class_names"]) == datasets.get(run.config.dataset).class_names
    may_end_early = run.config.early_stopping or run.config.head_solver == "solved"
    assert len(run.history) <= run.config.num_epochs
    assert may_end_early or len(run.history) == run.config.num_epochs


@every_recorded_run
def test_a_recorded_test_accuracy_is_that_of_whole_images_with_its_interval(name):
    result = recorded(name).result
    num_images = result["split_sizes"]["test"]
    assert result["test_accuracy"] == result["test_correct"] / num_images
    assert result["test_interval_95"] == pytest.approx(
        intervals.wilson_interval(result["test_correct"], num_images)
    )


@every_recorded_run
def test_recorded_parameters_are_those_lib_core_counts_and_frozen_layers_did_not_move(name):
    run = recorded(name)
    config = run.config
    layers = backbones.load_layer_table(config.backbone, config.image_size)
    head = heads.count_params(
        heads.HeadSpec(
            pooling=config.pooling, outputs=heads.outputs_for(len(run.result["class_names"]))
        ),
        layers[-1].output_shape,
    )
    assert list(run.result["params"]) == [phase.key for phase in config.phases]
    for phase in config.phases:
        plan = (
            FreezePlan.all(layers)
            if phase.name == "feature_extraction"
            else strategies.final_plan(config.strategy, layers, phase.thaw_from, config.batch_norm)
        )
        counts = freezing.count_params(layers, plan) + head
        assert run.result["params"][phase.key] == {
            "total": counts.total,
            "trainable": counts.trainable,
            "non_trainable": counts.non_trainable,
        }
        for row in layers:
            if row.weights and plan.is_frozen(row):
                assert run.result["moved"][phase.key][row.name] == 0.0


def test_the_drawings_reach_what_is_promised_after_feature_extraction():
    run = recorded(runs.run_id(shown.CONFIGS[0]))
    head_ends = curves.phase_ends(run.history)["feature_extraction"]
    assert head_ends.val_accuracy >= WANTED_VAL_ACCURACY


def test_training_the_cheapest_recorded_run_again_gives_it_again(tmp_path):
    stored = recorded(runs.run_id(shown.CHEAPEST))
    again = record_runs.record(shown.CHEAPEST, tmp_path / stored.id)
    assert record_runs.differences(stored, again) == []


def test_the_check_tells_runs_apart():
    stored = recorded(runs.run_id(shown.CHEAPEST))
    first, *others = stored.history
    worse = dataclasses.replace(first, loss=first.loss + 2 * record_runs.TOLERANCE)
    found = record_runs.differences(stored, dataclasses.replace(stored, history=(worse, *others)))
    assert len(found) == 1
    assert found[0].startswith("epoch 1: loss was")
    shorter = dataclasses.replace(stored, history=stored.history[:-1])
    assert record_runs.differences(stored, shorter) == ["10 epochs stored, 9 now"]
    other = dataclasses.replace(stored, config=runs.with_seed(stored.config, 2))
    assert record_runs.differences(stored, other) == ["the configuration differs"]
