"""Exported runs, run folders and tables of the version before are read as what they were."""

import io
import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from lib.core import runs
from lib.core.lab import bundle, store
from lib.core.lab.folder import read_meta
from lib.core.reading import curves, diagnose, evaluation, test_images
from tests.unit.before import written_before

BEFORE = written_before.read("files.json")


def archive(name: str) -> bytes:
    return (written_before.FOLDER / f"{name}.zip").read_bytes()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def told(run: runs.Run) -> dict[str, Any]:
    """What the pages say of a run, in numbers."""
    answers = evaluation.load(run)
    assert answers
    return {
        "id": run.id,
        "config": run.config.to_json(),
        "status": run.status,
        "meta": asdict(read_meta(run.folder)),
        "epochs": [json.loads(record.to_line()) for record in run.history],
        "best_epoch": curves.best_epoch(run.history).epoch,
        "fine_tuning_starts_after": run.fine_tuning_starts_after,
        "fine_tuning_gain": curves.fine_tuning_gain(run.history),
        "phase_spans": [
            (span.phase.key, span.first, span.num_epochs)
            for span in curves.phase_spans(run.config, run.history)
        ],
        "seconds": curves.positions(run, "seconds"),
        "images": curves.positions(run, "images"),
        "smoothed": curves.smoothed(run.history, "val_loss", 0.8),
        "moved": {change.name: change.weights for change in curves.changes(run) if change.moved},
        "findings": [
            finding.kind
            for finding in diagnose.diagnose(run)
            if finding.kind not in written_before.LATER_FINDINGS
        ],
        "result": dict(run.result),
        "accuracy": answers.accuracy,
        "interval": answers.interval,
        "confusion": evaluation.confusion_matrix(answers).tolist(),
        "least_sure": test_images.least_sure(answers, 3),
        "overconfidence": evaluation.calibration(answers).overconfidence,
    }


@pytest.mark.parametrize("name", BEFORE)
def test_an_exported_run_is_imported_with_every_number(name: str, tmp_path: Path) -> None:
    home = store.RunStore(tmp_path)
    run = bundle.import_run(archive(name), home)
    # It has an id of its own, and says whose configuration it is.
    as_before = replace(run, id=runs.run_id(run.config))
    assert written_before.rounded(told(as_before)) == written_before.rounded(BEFORE[name])
    assert [line.id for line in home.summaries() if not line.recorded] == [run.id]


@pytest.mark.parametrize("name", BEFORE)
def test_a_run_folder_of_the_version_before_is_read_where_it_lies(
    name: str, tmp_path: Path
) -> None:
    id_ = BEFORE[name]["id"]
    with zipfile.ZipFile(io.BytesIO(archive(name))) as opened:
        opened.extractall(tmp_path / id_)
    run = store.RunStore(tmp_path).open(id_)
    assert run
    there = BEFORE[name] | {"meta": BEFORE[name]["meta"] | {"imported": False}}
    assert written_before.rounded(told(run)) == written_before.rounded(there)


@pytest.mark.parametrize("name", BEFORE)
def test_a_run_that_the_version_before_imported_is_opened_by_its_id_and_never_trained(
    name: str, tmp_path: Path
) -> None:
    id_ = BEFORE[name]["id"]
    with zipfile.ZipFile(io.BytesIO(archive(name))) as opened:
        opened.extractall(tmp_path / id_)
    (tmp_path / id_ / "meta.json").write_text(json.dumps(BEFORE[name]["meta"]), "utf-8")
    home = store.RunStore(tmp_path)
    run = home.open(id_)
    assert run
    assert run.imported
    assert written_before.rounded(told(run)) == written_before.rounded(BEFORE[name])
    assert home.trained(run.config) is None


@pytest.mark.parametrize("name", BEFORE)
def test_an_imported_run_is_exported_as_the_same_files(name: str, tmp_path: Path) -> None:
    run = bundle.import_run(archive(name), store.RunStore(tmp_path))
    before, now = members(archive(name)), members(bundle.export_run(run))
    # Says that it was imported.
    del now["meta.json"]
    before.pop("meta.json", None)
    assert now == before
    assert bundle.file_name(run) == f"thaw-run-{BEFORE[name]['id']}.zip"


def test_the_table_of_two_runs_is_the_same_text(tmp_path: Path) -> None:
    home = store.RunStore(tmp_path)
    both = [bundle.import_run(archive(name), home) for name in BEFORE]
    both = [replace(run, id=runs.run_id(run.config)) for run in both]
    assert curves.to_csv(both) == (written_before.FOLDER / "curves.csv").read_text("utf-8")
