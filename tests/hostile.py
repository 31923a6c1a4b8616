"""A THAW_HOME in which everything that can come from outside is hostile, and carries a mark.

A mark begins with `MARK` and a number, and ends with `KRAM`. Between them stands what Markdown,
Streamlit, Plotly, HTML and LaTeX would each make something of.
"""

import hashlib
import io
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from PIL import Image

from lib.core import intervals, runs
from lib.core.lab import command
from lib.core.lab.folder import RunMeta
from lib.core.lab.store import RunStore
from lib.core.reading import test_images
from lib.core.runs import EVALUATION_FILE, TEST_IMAGES_FILE, Run, TrainConfig
from lib.core.uploads import own_datasets

BEGIN, END = "MARK", "KRAM"
HOSTILE = "![x](//h.example/p)*_~`b` [l](//h.example) :red[r] $e$ <b>&amp;"
IMAGES_A_CLASS, NUM_TEST = 24, 40
READER = secrets.token_urlsafe(32)


def mark(number: int) -> str:
    """A hostile text that is told from all others by its number."""
    return f"{BEGIN}{number}{HOSTILE}{END}"


def short_mark(number: int) -> str:
    """The same, short enough to be the name of a class in a list where there is little room."""
    return f"{BEGIN}{number}*a*`b`$c$<b>{END}"


CLASSES = (short_mark(1), short_mark(2))


def own_images(home: Path) -> own_datasets.OwnDataset:
    """Images of READER's own, with a hostile title and hostile classes, in a home."""
    folder = home / "images" / secrets.token_urlsafe(18)
    content = hashlib.sha256()
    for number in range(len(CLASSES)):
        (folder / own_datasets.PICTURES / f"class_{number}").mkdir(parents=True)
        for index in range(IMAGES_A_CLASS):
            name = f"class_{number}/{index:05d}.jpg"
            path = folder / own_datasets.PICTURES / name
            Image.new("RGB", (64, 64), (number * 200, 90, index * 8)).save(path)
            # As lib/training/sources/folder.py takes it in.
            content.update(hashlib.sha256(name.encode()).digest())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    fingerprint = content.hexdigest()
    owner = own_datasets.hashed(READER)
    found = own_datasets.OwnDataset(
        id=f"images-{fingerprint[: own_datasets.FINGERPRINT_LENGTH]}",
        title=short_mark(3),
        owner=owner,
        fingerprint=fingerprint,
        content=fingerprint,
        class_names=CLASSES,
        counts=(IMAGES_A_CLASS,) * len(CLASSES),
        size_bytes=100_000,
        created=1.0,
        left_out=(f"{mark(4)}: it is no image.",),
        num_left_out=1,
        said=(f"The class '{mark(5)}' is called 'x' here.",),
    )
    about = {name: value for name, value in asdict(found).items() if name not in ("used", "shared")}
    (folder / own_datasets.ABOUT).write_text(json.dumps(about), "utf-8")
    owners = home / "images" / own_datasets.OWNERS
    owners.mkdir(parents=True)
    record = {"owner": owner, "folder": folder.name, "shared": False}
    (owners / f"{found.id}.json").write_text(json.dumps(record), "utf-8")
    return found


def a_run(home: Path, config: TrainConfig, meta: RunMeta, seed: int) -> Run:
    """A finished run, with a model, answers and test images, and hostile texts wherever it can."""
    source = RunStore().open(
        runs.run_id(runs.make_config(strategy="feature_extraction", seed=runs.RECORDED_SEED))
    )
    assert source
    config = replace(config, seed=seed)
    folder = home / "runs" / runs.run_id(config)
    folder.mkdir(parents=True)
    labels = [number % 2 for number in range(NUM_TEST)]
    said = [label if number % 4 else 1 - label for number, label in enumerate(labels)]
    correct = sum(each == label for each, label in zip(said, labels, strict=True))
    test = {
        "index": list(range(NUM_TEST)),
        "label": labels,
        "probabilities": [[0.1, 0.9] if each else [0.9, 0.1] for each in said],
    }
    result: dict[str, Any] = source.result | {
        "run_id": folder.name,
        "command": command.command(config),
        "class_names": list(CLASSES),
        "test_correct": correct,
        "test_accuracy": correct / NUM_TEST,
        "test_interval_95": list(intervals.wilson_interval(correct, NUM_TEST)),
        "left_out": [f"{mark(6)}: it is no image."],
        "hardware": {
            "system": short_mark(7),
            "machine": short_mark(8),
            "cpu_count": 2,
            "devices": [short_mark(9)],
        },
        "versions": source.result["versions"] | {"python": short_mark(10)},
        "weights_sha256": short_mark(11),
        "split_sizes": {"train": config.num_images, "validation": 20, "test": NUM_TEST},
    }
    history = (json.dumps(asdict(record)) + "\n" for record in source.history)
    width, height = test_images.sheet_size(NUM_TEST)
    sheet = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(sheet, "WEBP")
    files: Mapping[str, bytes] = {
        "config.json": json.dumps(asdict(config)).encode(),
        "history.jsonl": "".join(history).encode(),
        "result.json": json.dumps(result).encode(),
        "meta.json": json.dumps(asdict(meta)).encode(),
        EVALUATION_FILE: json.dumps({"test": test}).encode(),
        TEST_IMAGES_FILE: sheet.getvalue(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    shutil.copytree(source.folder / "model", folder / "model")
    run = RunStore(home / "runs").open(folder.name)
    assert run, "The run cannot be read back."
    return run


def furnish(home: Path) -> dict[str, str]:
    """Fill a home; what is in it, by name: ids of runs, and of the dataset."""
    own = own_images(home)
    usual = runs.make_config(strategy="feature_extraction")
    on_own = replace(usual, dataset=own.id, data_fingerprint=own.fingerprint, num_images=20)
    return {
        "images": own.id,
        "own": a_run(home, on_own, RunMeta(mark(12), mark(13)), 1).id,
        "nameless": a_run(home, on_own, RunMeta(), 2).id,
        # From before the id of a dataset was checked.
        "foreign": a_run(home, replace(usual, dataset=mark(14)), RunMeta(), 3).id,
        "imported": a_run(
            home,
            replace(usual, data_fingerprint="0" * 64),
            RunMeta(mark(15), mark(16), imported=True),
            4,
        ).id,
    }
