"""Records the cases of the page Broken: pairs of runs that differ in one fault.

python -m lib.tools.record_runs broken [--missing]

The first seed of every case is recorded first, then the second and the third, so that it can be
stopped at any time; `--missing` goes on where it was.
"""

import io
import itertools
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core import runs
from lib.core.broken import inputs, store
from lib.core.broken.cases import CASES, SEEDS, Case
from lib.core.reading import evaluation, test_images
from lib.core.reading.evaluation import Evaluation
from lib.core.runs import TEST_IMAGES_FILE, WATCHED_IMAGES_FILE, Run, TrainConfig

if TYPE_CHECKING:
    from lib.training.sources.pipeline import LoadedData

NUM_BINS = 40
WEBP_QUALITY = 75
# What a recorded run of a case keeps.
KEPT = ("config.json", "history.jsonl", "result.json", "evaluation.json")


def record(root: Path, *, missing: bool, only: tuple[str, ...] = ()) -> None:
    """Record the cases.

    Args:
        root: Folder of the cases.
        missing: Whether recorded runs are kept.
        only: Ids of cases; all if empty.
    """
    for old in root.iterdir() if root.exists() else ():
        if old.name not in CASES:
            shutil.rmtree(old)
    wanted = [case for case in CASES.values() if not only or case.id in only]
    for seed, case in itertools.product(SEEDS, wanted):
        for side, config in sides(case, seed).items():
            known = _stored_seed(root, case, side, config) if missing else None
            if known is None:
                _record(root, case, side, config)


def sides(case: Case, seed: int) -> dict[str, TrainConfig]:
    """The configurations of a case with a seed, by the name of their side."""
    mended = replace(case.config, seed=seed)
    both = {store.BROKEN: replace(mended, fault=case.fault), store.MENDED: mended}
    return {store.MENDED: mended} if case.is_healthy else both


def _seeds(root: Path, case: Case) -> dict[str, Any]:
    path = root / case.id / store.SEEDS_FILE
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found
    return {"labels": [], store.BROKEN: [], store.MENDED: []}


def _stored_seed(root: Path, case: Case, side: str, config: TrainConfig) -> dict[str, Any] | None:
    """The stored results of a configuration; None if they are missing or of another one."""
    id_ = runs.run_id(config)
    found = next((each for each in _seeds(root, case)[side] if each["run_id"] == id_), None)
    is_shown = config.seed == SEEDS[0]
    if is_shown and not (root / case.id / side / store.EVIDENCE_FILE).exists():
        return None
    return found


def _elsewhere(root: Path, case: Case, side: str, config: TrainConfig) -> dict[str, Any] | None:
    """The same run of another case: cases share mended runs."""
    for other in CASES.values():
        stored = _stored_seed(root, other, side, config) if other.id != case.id else None
        if stored:
            return _seeds(root, other) | {"found": stored, "folder": root / other.id / side}
    return None


def _record(root: Path, case: Case, side: str, config: TrainConfig) -> None:
    shared = _elsewhere(root, case, side, config)
    if shared:
        entry, labels = shared["found"], shared["labels"]
        if config.seed == SEEDS[0]:
            shutil.rmtree(root / case.id / side, ignore_errors=True)
            shutil.copytree(shared["folder"], root / case.id / side)
    else:
        entry, labels = _train(root / case.id / side, config)
    seeds = _seeds(root, case)
    seeds["labels"] = labels
    # Results of a configuration that the case no longer has are not kept.
    current = {runs.run_id(sides(case, seed)[side]) for seed in SEEDS} - {entry["run_id"]}
    others = [each for each in seeds[side] if each["run_id"] in current]
    seeds[side] = sorted([*others, entry], key=lambda each: int(each["seed"]))
    path = root / case.id / store.SEEDS_FILE
    path.write_text(json.dumps(seeds, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")
    accuracy = entry["results"]["test_accuracy"]
    print(f"{case.id} {side} seed {config.seed}: test {accuracy:.3f}", flush=True)


def _train(folder: Path, config: TrainConfig) -> tuple[dict[str, Any], list[int]]:
    """Train a run; with the first seed, keep its folder with the evidence."""
    from lib.training import task

    with tempfile.TemporaryDirectory() as temporary:
        run = task.train(config, lambda event: None, folder=Path(temporary) / "run")
        answers = evaluation.load(run)
        if answers is None:
            raise RuntimeError(f"The run in {run.folder} has no evaluation.")
        if config.seed == SEEDS[0]:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in KEPT:
                shutil.copy(run.folder / name, folder / name)
            for name in (TEST_IMAGES_FILE, WATCHED_IMAGES_FILE):
                (folder / name).unlink(missing_ok=True)
            _write_evidence(folder, run, answers)
        return _entry(run, answers), answers.label.tolist()


def _entry(run: Run, answers: Evaluation) -> dict[str, Any]:
    """The results of a run, as store.Outcomes describes them."""
    end = run.history[-1]
    starts = run.fine_tuning_starts_after or len(run.history)
    later = [record.val_accuracy for record in run.history[starts:]]
    head = run.history[starts - 1].val_accuracy
    results = {
        "accuracy": end.accuracy,
        "loss": end.loss,
        "val_accuracy": end.val_accuracy,
        "val_loss": end.val_loss,
        "train_accuracy": run.result["train_evaluated"][run.config.phases[-1].key]["accuracy"],
        "test_accuracy": run.result["test_accuracy"],
        "test_loss": run.result["test_loss"],
        "num_validation": run.result["split_sizes"]["validation"],
        "best_val_accuracy": max(record.val_accuracy for record in run.history),
        "head_val_accuracy": head,
        "low_val_accuracy": min(later, default=head),
    }
    right = "".join("1" if each else "0" for each in answers.correct)
    return {
        "seed": run.config.seed,
        "run_id": runs.run_id(run.config),
        "results": {name: round(value, 6) for name, value in results.items()},
        "right": right,
    }


# --- Evidence -------------------------------------------------------------------------------------


def _write_evidence(folder: Path, run: Run, answers: Evaluation) -> None:
    from lib.training.sources import broken_data, pipeline

    config = run.config.acting
    data = broken_data.with_fault(
        pipeline.load_data(
            config.dataset,
            num_images=config.num_images,
            image_size=config.image_size,
            seed=config.seed,
        ),
        config,
    )
    end, last = run.history[-1], config.phases[-1].key
    again = run.result["train_evaluated"][last]
    rows = test_images.most_wrong(answers, store.MAX_MOST_WRONG)
    names = data.class_names
    found = {
        "train_as_validation": {
            "accuracy": again["accuracy"],
            "loss": again["loss"],
            "seen_accuracy": end.accuracy,
            "seen_loss": end.loss,
            "validation_accuracy": end.val_accuracy,
            "validation_loss": end.val_loss,
        },
        "confusion": {
            "matrix": evaluation.confusion_matrix(answers).tolist(),
            "class_names": list(names),
        },
        "most_wrong": [
            {
                "name": f"test image {answers.index[row]}",
                "label": names[answers.label[row]],
                "predicted": names[answers.predicted[row]],
                "probability": round(float(answers.confidence[row]), 4),
            }
            for row in rows
        ],
        "input_histogram": _histogram(config, data.train.images, run),
        "moved": {
            phase: {layer: float(f"{value:.4g}") for layer, value in layers.items()}
            for phase, layers in run.result["moved"].items()
        },
        "counts": run.result["params"],
        "overlap": {"files": _shared(data), "pixels": run.result["images"]["overlap"]},
        "balance": run.result["images"]["classes"],
    }
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    (folder / store.EVIDENCE_FILE).write_text(f"{text}\n", "utf-8")
    if rows:
        (folder / store.SPRITE_FILE).write_bytes(_sprite(data.test.images[list(rows)]))


def _shared(data: "LoadedData") -> dict[str, int]:
    """How many files of a dataset two splits share."""
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        f"{first}_{second}": len(np.intersect1d(parts[first].indices, parts[second].indices))
        for first, second in itertools.combinations(parts, 2)
    }


def _histogram(config: TrainConfig, images: npt.NDArray[np.uint8], run: Run) -> dict[str, Any]:
    values = inputs.preprocessing_of(config).apply(images)
    counts, edges = np.histogram(values, NUM_BINS)
    expected = run.result["images"]["input"]
    return {
        "edges": [float(f"{edge:.6g}") for edge in edges],
        "counts": counts.tolist(),
        "min": float(values.min()),
        "max": float(values.max()),
        "mean": float(values.mean(dtype=np.float64)),
        "expected_min": expected["expected_low"],
        "expected_max": expected["expected_high"],
    }


def _sprite(images: npt.NDArray[np.uint8]) -> bytes:
    size = store.TILE_PIXELS
    sheet = Image.new("RGB", (size * len(images), size), "white")
    for number, pixels in enumerate(images):
        sheet.paste(Image.fromarray(pixels).resize((size, size)), (number * size, 0))
    encoded = io.BytesIO()
    sheet.save(encoded, "WEBP", quality=WEBP_QUALITY)
    return encoded.getvalue()
