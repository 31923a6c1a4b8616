"""What was recorded, and every number that the pages make of it, is what it was before."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lib.core import backbones, freezing, runs, strategies
from lib.core.lab import store
from lib.core.maps import channel_threshold, pooling_pairs
from lib.core.network import step_cost
from lib.core.reading import curves, diagnose, evaluation, test_images
from lib.core.strategy import evidence, rule, similarity, verdict
from tests.unit.before import written_before

# Since then the length of a run is recommended in steps and follows the number of images; these
# numbers are in tests/unit/strategy/test_lengths.py. What is thawed is recommended as before.
RECOMMENDED_ANEW = ("epochs", "batch_size", "early_stopping")
# Since then an example has another title; all else in its file is as before.
CALLED_ANEW = {"feature_maps/examples.json": ("Intact cell", "Sound cell")}

STORE = store.RunStore()
BEFORE = written_before.read("recorded_numbers.json")


def digests() -> dict[str, str]:
    """File of lib/core/data, or folder of a run -> digest of what is in it."""
    root = STORE.recorded_root.parent
    found: dict[str, Any] = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        first, *rest = path.relative_to(root).parts
        of_run = first in (STORE.recorded_root.name, STORE.evidence_root.name) and len(rest) > 1
        name = f"{first}/{rest[0]}" if of_run else "/".join((first, *rest))
        digest = found.setdefault(name, hashlib.sha256())
        digest.update("/".join(rest).encode() + _called_as_before(name, _content(path)))
    return {name: digest.hexdigest()[:16] for name, digest in found.items()}


def _content(path: Path) -> bytes:
    """JSON by its values: white space and the order of fields say nothing."""
    if path.suffix == ".json":
        return json.dumps(json.loads(path.read_text("utf-8")), sort_keys=True).encode()
    if path.suffix in (".jsonl", ".txt"):
        return path.read_text("utf-8").encode()  # without the line ends of Windows
    return path.read_bytes()


def _called_as_before(name: str, content: bytes) -> bytes:
    """The one title that has changed, as it was, so that everything beside it is still compared."""
    if name not in CALLED_ANEW:
        return content
    today, before = (f'"title": "{title}"'.encode() for title in CALLED_ANEW[name])
    assert content.count(today) == 1
    return content.replace(today, before)


def of_runs() -> dict[str, Any]:
    """What Learning curves says of each run that ships with Thaw."""
    return {run.id: _of_run(run) for run in STORE if run.recorded}


def _of_run(run: runs.Run) -> dict[str, Any]:
    found: dict[str, Any] = {
        "best_epoch": curves.best_epoch(run.history).epoch,
        "gap": curves.generalization_gap(run.history[-1]),
        "fine_tuning_gain": curves.fine_tuning_gain(run.history),
        "fine_tuning_from": curves.fine_tuning_position(run, "seconds"),
        "moved": sum(change.moved for change in curves.changes(run)),
        "findings": [
            (each.kind, each.first_epoch, each.last_epoch, _suggested(run, each))
            for each in diagnose.diagnose(run)
        ],
    }
    answers = evaluation.load(run)
    if answers:
        calibration = evaluation.calibration(answers)
        found |= {
            "accuracy": (answers.accuracy, *answers.interval),
            "confusion": evaluation.confusion_matrix(answers).tolist(),
            "calibration": (calibration.expected_error, calibration.overconfidence),
            "least_sure": test_images.least_sure(answers),
            "most_wrong": test_images.most_wrong(answers),
        }
    return found


def _suggested(run: runs.Run, finding: Any) -> str | None:
    """Id of the run that the button beside a finding queues."""
    if finding.suggestion is None or finding.kind in written_before.SUGGESTED_ANEW:
        return None
    return runs.run_id(diagnose.suggested_config(run.config, finding.suggestion))


def of_evidence() -> dict[str, Any]:
    """What Strategy shows of what was tried: winners, differences and what the rule is worth."""
    found = evidence.read()
    cells = {}
    for cell in found.cells:
        says = verdict.of(cell)
        cells[f"{cell.dataset}, {cell.num_images} images"] = {
            "ranking": cell.ranking,
            "test": {way: tried.test for way, tried in cell.tried.items()},
            "validation": {way: tried.validation for way, tried in cell.tried.items()},
            "lead": asdict(cell.lead),
            "rule": says.rule,
            "winner": says.winner,
            "difference": says.difference and asdict(says.difference),
            "contradicts": says.contradicts,
            "told_apart": says.told_apart,
        }
    return {"cells": cells, "num_runs": found.num_runs, "num_missing": found.num_missing}


# (images, similarity, classes, minutes, on a phone, noisy): each region, and each further answer.
SITUATIONS = (
    (150, 0.9, 2, None, False, False),
    (150, 0.1, 2, None, False, False),
    (20_000, 0.9, 2, None, False, False),
    (20_000, 0.1, 2, None, True, False),
    (20_000, 0.1, 37, 0.5, False, False),
    (1_200, 0.5, 10, 30.0, True, True),
)


def of_recommendations() -> list[dict[str, Any]]:
    """What the rule recommends and sets, for three backbones."""
    found = []
    for situation in SITUATIONS:
        for backbone in ("efficientnet_lite0", "resnet50", "convnext_tiny"):
            advice = rule.recommend(rule.Situation(*situation), backbone)
            layers = backbones.load_layer_table(backbone)
            plan = rule.plan(advice, layers)
            found.append(
                {
                    "situation": situation,
                    "backbone": backbone,
                    "region": advice.region,
                    "way": advice.way,
                    "strategy": advice.strategy,
                    "thaw_from": advice.thaw_from,
                    "rates": (advice.head_learning_rate, advice.fine_tune_learning_rate),
                    "epochs": (advice.head_epochs, advice.fine_tune_epochs),
                    "augmentation": advice.augmentation,
                    "batch_norm": advice.batch_norm,
                    "batch_size": advice.batch_size,
                    "dropout": advice.dropout,
                    "early_stopping": advice.early_stopping,
                    "neighbours": [neighbour.region for neighbour in advice.neighbours],
                    "first_thawed": rule.first_thawed(advice, layers),
                    "trainable": freezing.count_params(layers, plan).trainable,
                }
            )
    return found


def of_backbones() -> dict[str, Any]:
    """Parameters, tensors and time of a step of every backbone under every strategy."""
    found: dict[str, Any] = {}
    for spec in backbones.BACKBONES.values():
        layers = backbones.load_layer_table(spec.id)
        for strategy in strategies.STRATEGIES:
            for batch_norm in ("frozen", "thawed"):
                plan = strategies.final_plan(strategy, layers, spec.thaw_from, batch_norm)
                counts = freezing.count_params(layers, plan)
                found[f"{spec.id}, {strategy}, {batch_norm}"] = (
                    counts.total,
                    counts.trainable,
                    freezing.count_trainable_tensors(layers, plan),
                    freezing.layers_thawed(layers, plan),
                    freezing.moving_statistics(layers, plan),
                    step_cost.relative_step_time(layers, plan),
                )
    return found


def of_measurements() -> dict[str, Any]:
    """Similarity of every reference, heads in pairs, and how many channels averaging needs."""
    return {
        "similarity": {
            name: (
                similarity.on_scale(scores),
                similarity.scale_interval(scores),
                similarity.parts(scores),
                similarity.mistakes(scores),
            )
            for name, scores in similarity.references().items()
        },
        "channels": {
            name: (line.flatten_up_to, line.gap_from, [asdict(row) for row in line.rows])
            for name, line in channel_threshold.lines().items()
        },
        "heads": [
            {
                "runs": (pair.gap.id, pair.flatten.id),
                "params": [pooling_pairs.head_params(run) for run in pair.runs.values()],
                "loss_rise": [pooling_pairs.loss_rise(run) for run in pair.runs.values()],
                "difference": pair.difference and asdict(pair.difference),
            }
            for pair in pooling_pairs.pairs(run for run in STORE if run.recorded)
        ],
    }


NUMBERS: dict[str, Callable[[], Any]] = {
    "runs": of_runs,
    "evidence": of_evidence,
    "recommendations": of_recommendations,
    "backbones": of_backbones,
    "measurements": of_measurements,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_numbers_are_those_of_the_version_before(name: str) -> None:
    today, before = (written_before.rounded(each) for each in (NUMBERS[name](), BEFORE[name]))
    # Since then runs, datasets and strategies were added; nothing that was there may be missing.
    if name in ("runs", "backbones"):
        today = {known: today[known] for known in before}
    if name == "measurements":
        today["similarity"] = {known: today["similarity"][known] for known in before["similarity"]}
    if name == "runs":
        for id_, run in before.items():
            for found in run["findings"]:
                found[3] = None if found[0] in written_before.SUGGESTED_ANEW else found[3]
            run["findings"], today[id_]["findings"] = written_before.found_before(
                run["findings"], today[id_]["findings"], lambda each: each[0]
            )
    if name == "recommendations":
        for each in (*before, *today):
            for field in RECOMMENDED_ANEW:
                del each[field]
    assert today == before


def test_nothing_that_was_recorded_is_missing_or_changed() -> None:
    today = digests()
    assert {name: today.get(name) for name in BEFORE["digests"]} == BEFORE["digests"]


def test_every_recorded_run_has_the_id_of_its_configuration() -> None:
    folders = [*STORE.recorded_root.iterdir(), *STORE.evidence_root.iterdir()]
    found = [folder for folder in folders if (folder / "config.json").is_file()]
    assert len(found) > 150
    for folder in found:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        assert runs.run_id(runs.TrainConfig.from_dict(config)) == folder.name
