"""Records the evidence, run after run; it can be stopped at any time and goes on where it was."""

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from lib.core.config import TRAINING_VERSION
from lib.core.evidence import grid
from lib.core.evidence.grid import HEAD, SCRATCH, Line, Recorded
from lib.tools.evidence import plan
from lib.tools.evidence.plan import Job

# Graphs that are kept: those of several ways are needed in turn.
KEPT_WAYS = 6


class Recorder:
    """Trains jobs, and adds a line for each to the file of its dataset.

    Args:
        folder: Where the files are, in a folder for each backbone.
        backbone: Id of the backbone.
        photographs: Folder of the photographs that are not part of Thaw.
    """

    def __init__(self, folder: Path, backbone: str, photographs: Path | None) -> None:
        from lib.tools.evidence import training

        self._training = training
        self._folder, self._backbone, self._photographs = folder, backbone, photographs
        self._pooled: dict[tuple[str, int], Any] = {}
        self.images = cache(self._images)
        self._way = lru_cache(maxsize=KEPT_WAYS)(self._made_way)

    def _images(self, dataset: str, image_size: int) -> Any:
        own = self._photographs if dataset == grid.PHOTOGRAPHS else None
        return self._training.Images(dataset, self._backbone, image_size, own)

    def _made_way(self, dataset: str, way: str, image_size: int) -> Any:
        return self._training.Way(self.images(dataset, image_size), way)

    def pooled(self, dataset: str, image_size: int) -> Any:
        """The features of a dataset; only those at the size of thawed runs are kept."""
        key = dataset, image_size
        if key not in self._pooled:
            kept = {
                known: each for known, each in self._pooled.items() if known[1] == grid.THAWED_SIZE
            }
            self._pooled = kept | {key: self.images(*key).pooled()}
        return self._pooled[key]

    def path(self, dataset: str) -> Path:
        """The file of a dataset, begun if there is none."""
        path = grid.file_of(dataset, self._backbone, self._folder)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            labels = self.images(dataset, grid.THAWED_SIZE).labels
            path.write_text(
                grid.head_line(dataset, self._backbone, labels, facts()) + "\n", "ascii"
            )
        return path

    def known(self, dataset: str) -> Recorded:
        """What is recorded of a dataset."""
        return grid.read_file(self.path(dataset))

    def train(self, job: Job) -> Line:
        """Train a job, and return its line."""
        images = self.images(job.dataset, job.image_size)
        pooled = self.pooled(job.dataset, job.image_size)
        l2 = self._l2(job)
        if job.way == HEAD:
            return self._training.head_line(images, pooled, job.num_images, job.seed, l2)
        way = self._way(job.dataset, job.way, job.image_size)
        return way.run(job.num_images, job.seed, job.rate, pooled, l2 * (job.way != SCRATCH))

    def _l2(self, job: Job) -> float:
        """The penalty that the head of the first seed has chosen from its images; 0 if none has."""
        path = grid.file_of(job.dataset, self._backbone, self._folder)
        if (job.seed == 0 and job.way == HEAD) or not path.exists():
            return 0.0
        first = grid.read_file(path).by_key.get((HEAD, job.num_images, 0, job.image_size, 0.0))
        return first.l2 if first else 0.0

    def record(self, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
        """Train the jobs that are not recorded yet, in their order."""
        found = {dataset: self.known(dataset) for dataset in dict.fromkeys(j.dataset for j in jobs)}
        done = {dataset: set(each.by_key) for dataset, each in found.items()}
        for job in jobs:
            key = (job.way, job.num_images, job.seed, job.image_size, job.rate)
            if key in done[job.dataset]:
                continue
            line = self.train(job)
            with self.path(job.dataset).open("a", encoding="ascii") as file:
                file.write(line.to_json() + "\n")
            done[job.dataset].add(key)
            correct = self.known(job.dataset).correct(line).mean()
            say(
                f"{job.dataset} {job.way} {job.num_images} seed {job.seed} {job.image_size} px "
                f"rate {job.rate:g}: {correct:.3f} after {line.epochs} epochs, {line.core_s:.1f} s"
            )


def facts() -> dict[str, Any]:
    """Versions and hardware."""
    packages = ("tensorflow-cpu", "keras", "numpy", "scikit-learn")
    return {
        "training_version": TRAINING_VERSION,
        "versions": {name: metadata.version(name) for name in packages},
        "hardware": {"machine": platform.machine(), "cpus": os.cpu_count()},
    }


def differences(known: Recorded, again: Line) -> list[str]:
    """Differences between a recorded run and the same run now, one line each."""
    stored = known.by_key[again.key]
    found = []
    if stored.l2 != again.l2:
        found.append(f"the penalty was {stored.l2}, is {again.l2}")
    other = int(np.sum(stored.said != again.said))
    # Other processors sum in another order, which may turn an answer that is nearly even.
    if other > max(1, len(stored.said) // 100):
        found.append(f"{other} of {len(stored.said)} answers differ")
    return found


def cheapest(dataset: str) -> Job:
    """A run that takes seconds: a head on few images."""
    return next(job for job in plan.jobs() if (job.dataset, job.way) == (dataset, HEAD))


def main(arguments: argparse.Namespace) -> int:
    """Record the runs on folds, or check one; returns 1 if the check finds a difference."""
    here = [name for name in grid.SIZES if name != grid.PHOTOGRAPHS or arguments.images]
    chosen = arguments.datasets or here
    recorder = Recorder(arguments.folder, arguments.backbone, arguments.images)
    if arguments.check:
        job = cheapest(next(name for name in chosen if name != grid.PHOTOGRAPHS))
        again = recorder.train(job)
        found = differences(recorder.known(job.dataset), again)
        print("\n".join(found) or "The recorded run is what training gives.")
        return 1 if found else 0
    if not arguments.missing:
        for dataset in chosen:
            grid.file_of(dataset, arguments.backbone, arguments.folder).unlink(missing_ok=True)
    jobs = [job for job in plan.jobs() if job.dataset in chosen]
    recorder.record(jobs, lambda words: print(words, flush=True))
    return 0
