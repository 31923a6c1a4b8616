"""Records the runs that ship with Thaw.

python -m lib.tools.record_runs [lessons | evidence | first_evidence | broken]

Each run is trained by this tool and stored with its seed, versions and hardware. `lessons` are the
runs that pages show first. `evidence` are the runs on folds of lib.core.evidence.grid, the most
important ones first: it can be stopped at any time, and `--missing` goes on where it was.
`first_evidence` is the earlier grid of lib.core.strategy.evidence, which took 121 minutes on two
busy cores and to which links of earlier versions lead. `broken` are the cases of
lib.core.broken.cases, each with its fault and without it, with three seeds. `--missing` keeps
existing runs; `--check` trains the cheapest run again and compares it with the stored one.

The photographs of cats and dogs are not part of Thaw: `--images` names a folder with images of
cats_vs_dogs, one folder for each class; without it, the evidence on them is not changed.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from lib.core import runs
from lib.core.broken import store as broken
from lib.core.evidence import grid
from lib.core.lab.folder import META_FILE, RunMeta, read_run
from lib.core.lab.store import RunStore
from lib.core.reading import test_images
from lib.core.runs import TEST_IMAGES_FILE, WATCHED_IMAGES_FILE, Run, TrainConfig
from lib.core.strategy import evidence
from lib.tools.evidence.shown import CHEAPEST, CONFIGS, NAMES

# Other processors sum in another order. After twenty epochs of fine-tuning the difference is
# visible; after ten epochs of head training on the same features it stays below this value.
TOLERANCE = 0.05
# Larger models are not stored in the repository; a model with one thawed layer is smaller.
MAX_MODEL_BYTES = 2_000_000


@contextmanager
def nothing_cached() -> Iterator[None]:
    """A temporary THAW_HOME, so that a run uses no cache and leaves no files."""
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, THAW_HOME=home):
        yield


def record(config: TrainConfig, folder: Path, images: Path | None = None) -> Run:
    """Train a configuration, and write its run folder."""
    from lib.training import task

    run = task.train(config, lambda event: None, folder=folder, images=images)
    for stored in (folder / "model").iterdir():
        if stored.stat().st_size > MAX_MODEL_BYTES:
            stored.unlink()
    return run


def is_recorded(folder: Path) -> bool:
    """True if a folder contains a finished run; interrupted runs are recorded again."""
    run = read_run(folder, recorded=True)
    return run is not None and run.status == "finished"


def share_picture(run: Run) -> None:
    """Keep one picture of the test images for each dataset, as all its runs share them."""
    picture = test_images.recorded_sprite(run.config.dataset)
    picture.parent.mkdir(exist_ok=True)
    (run.folder / TEST_IMAGES_FILE).replace(picture)


def write_name(folder: Path, name: str) -> None:
    """Give a recorded run a name, like a reader can name a run."""
    folder.mkdir(parents=True, exist_ok=True)
    meta = json.dumps(asdict(RunMeta(name)), indent=2, sort_keys=True)
    (folder / META_FILE).write_text(f"{meta}\n", "utf-8")


def differences(stored: Run, again: Run) -> list[str]:
    """Differences between two runs of one configuration, one line each."""
    found = []
    if stored.config != again.config:
        found.append("the configuration differs")
    if len(stored.history) != len(again.history):
        found.append(f"{len(stored.history)} epochs stored, {len(again.history)} now")
    for old, new in zip(stored.history, again.history, strict=False):
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            before, now = getattr(old, name), getattr(new, name)
            if abs(before - now) > TOLERANCE:
                found.append(f"epoch {old.epoch}: {name} was {before:.4f}, is {now:.4f}")
    if stored.result["params"] != again.result["params"]:
        found.append("the parameter counts differ")
    return found


def record_lessons(root: Path, *, missing: bool) -> None:
    """Record CONFIGS, and delete the folders of other runs."""
    wanted = {runs.run_id(config): config for config in CONFIGS}
    for old in root.iterdir() if root.exists() else ():
        if old.name not in wanted:
            shutil.rmtree(old)
    for run_id, config in wanted.items():
        if run_id in NAMES:
            write_name(root / run_id, NAMES[run_id])
        if missing and is_recorded(root / run_id):
            continue
        with nothing_cached():
            run = record(config, root / run_id)
        share_picture(run)
        tell(run)


def evidence_configs(images: Path | None) -> dict[str, TrainConfig]:
    """The grid of evidence.py, fastest runs first, without datasets that are not available."""
    given: dict[str, dict[str, Any]] = {name: {} for name in evidence.SIZES}
    if images is None:
        del given[evidence.PHOTOGRAPHS]
    else:
        from lib.training.sources import folder as image_folder

        found = image_folder.describe_folder(images)
        given[evidence.PHOTOGRAPHS] = {
            "data_fingerprint": found.fingerprint,
            "max_train_images": found.max_train_images,
        }
    asked = [
        (num_images, way, seed, dataset)
        for dataset, sizes in evidence.SIZES.items()
        if dataset in given
        for num_images in sizes
        for way in evidence.WAYS
        for seed in evidence.SEEDS
    ]
    order = list(evidence.WAYS)
    configs = [
        evidence.config(dataset, way, num_images, seed, **given[dataset])
        for num_images, way, seed, dataset in sorted(
            asked, key=lambda one: (one[0], one[2], order.index(one[1]))
        )
    ]
    return {runs.run_id(config): config for config in configs}


def record_evidence(root: Path, images: Path | None, *, missing: bool) -> None:
    """Record the grid without models and pictures, because only its numbers are used."""
    wanted = evidence_configs(images)
    datasets_here = {config.dataset for config in wanted.values()}
    for old in root.iterdir() if root.exists() else ():
        run = read_run(old, recorded=True)
        if old.name not in wanted and (run is None or run.config.dataset in datasets_here):
            shutil.rmtree(old)
    for run_id, config in wanted.items():
        if missing and is_recorded(root / run_id):
            continue
        own = images if config.dataset == evidence.PHOTOGRAPHS else None
        run = record(config, root / run_id, images=own)
        shutil.rmtree(run.folder / "model")
        (run.folder / TEST_IMAGES_FILE).unlink()
        (run.folder / WATCHED_IMAGES_FILE).unlink(missing_ok=True)
        tell(run)


def tell(run: Run) -> None:
    """Print one line about a run."""
    config, result = run.config, run.result
    print(
        f"{run.id} {config.dataset} {config.strategy} {config.num_images} seed {config.seed}: "
        f"test {result['test_accuracy']:.3f} in {result['wall_time_s']:.0f} s",
        flush=True,
    )


def check(root: Path, config: TrainConfig) -> int:
    """Train one configuration again; returns 1 if it differs from the stored run."""
    stored = read_run(root / runs.run_id(config), recorded=True)
    if stored is None:
        print("The cheapest recorded run is missing.")
        return 1
    with nothing_cached(), tempfile.TemporaryDirectory() as folder:
        found = differences(stored, record(config, Path(folder) / stored.id))
    print("\n".join(found) or "The recorded run is what training gives.")
    return 1 if found else 0


def main() -> int:
    """Record runs, or check one; returns 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ("lessons", "evidence", "first_evidence", "broken")
    parser.add_argument("what", nargs="?", choices=kinds, default="lessons")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="compare one cheap run, write nothing")
    how.add_argument("--missing", action="store_true", help="record only what is not there")
    parser.add_argument("--images", type=Path, help="photographs of cats and dogs")
    parser.add_argument("--datasets", nargs="+", help="of the evidence; default: all that are here")
    parser.add_argument("--backbone", default=grid.BACKBONE, help="of the evidence")
    parser.add_argument("--folder", type=Path, default=grid.FOLDER, help="where the evidence is")
    arguments = parser.parse_args()
    if arguments.what == "evidence":
        from lib.tools.evidence import recorder

        return recorder.main(arguments)
    if arguments.what == "broken":
        from lib.tools import record_broken

        # Runs on the same images share decoded images and features.
        with nothing_cached():
            record_broken.record(broken.ROOT, missing=arguments.missing)
        return 0
    store = RunStore()
    if arguments.what == "lessons":
        if arguments.check:
            return check(store.recorded_root, CHEAPEST)
        record_lessons(store.recorded_root, missing=arguments.missing)
        return 0
    if arguments.check:
        return check(store.evidence_root, next(iter(evidence_configs(None).values())))
    # Strategies on the same images share cached features.
    with nothing_cached():
        record_evidence(store.evidence_root, arguments.images, missing=arguments.missing)
    return 0


if __name__ == "__main__":
    sys.exit(main())
