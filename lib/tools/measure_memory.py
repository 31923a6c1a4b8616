"""Measures the memory of runs: of many in a row, or of each kind against its estimate.

python -m lib.tools.measure_memory [--runs N | --estimates [NAME ...]]

Trains short runs with different seeds, one after another, in the engine of the app, and measures
the memory of its largest process ten times a second. Prints the peak of every ten runs, and fails
if one exceeds 2 GB.

With --estimates, trains one run of each kind in a process of its own, and compares the peak of the
process with the estimate from the configuration (lib.core.network.run_memory). Prints a table, and
fails if an estimate is far from the peak. This takes up to an hour on two cores.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from lib.core import datasets, runs
from lib.core.lab.store import RunStore
from lib.core.network import run_memory
from lib.jobs.client import Client

LIMIT_BYTES = 2_000_000_000
SECONDS_BETWEEN_LOOKS = 0.1
# Estimate divided by peak. An estimate that is too low costs more than one that is too high.
LEAST_RATIO, MOST_RATIO = 0.95, 1.4

_ONE_EPOCH = {"head_epochs": 1, "fine_tune_epochs": 1}
_HEAD = {"strategy": "feature_extraction", "head_epochs": 1}
_EVERYTHING = {"strategy": "full_fine_tuning", **_ONE_EPOCH}
# One whole batch; without pretrained weights, which are not here for every backbone.
_SCRATCH = {
    "strategy": "from_scratch",
    "num_images": 32,
    "head_epochs": 1,
    "fine_tune_epochs": 0,
}
# Runs that differ in what takes the most memory.
KINDS: dict[str, dict[str, Any]] = {
    "default": _ONE_EPOCH,
    "head only": _HEAD,
    "head only, 1,000 images of 224 pixels": {
        **_HEAD,
        "dataset": "elpv",
        "num_images": 1_000,
        "image_size": 224,
    },
    "Flatten, 1,024 units": {**_HEAD, "pooling": "flatten", "hidden_units": 1_024},
    "Flatten, 4,096 units, top layers": {
        **_ONE_EPOCH,
        "pooling": "flatten",
        "hidden_units": 4_096,
    },
    "Flatten, 2,048 units, 224 pixels": {
        **_HEAD,
        "pooling": "flatten",
        "hidden_units": 2_048,
        "image_size": 224,
    },
    "everything, 224 pixels": {**_EVERYTHING, "num_images": 64, "image_size": 224},
    "everything, 224 pixels, augmentation": {
        **_EVERYTHING,
        "num_images": 64,
        "image_size": 224,
        "augmentation": True,
    },
    "everything, 512 pixels": {**_EVERYTHING, "num_images": 32, "image_size": 512},
    "everything, 1,000 images of 224 pixels": {
        **_EVERYTHING,
        "dataset": "elpv",
        "num_images": 1_000,
        "image_size": 224,
        "head_epochs": 0,
    },
    "head solved, Flatten, 1,000 images of 160 pixels": {
        "strategy": "feature_extraction",
        "dataset": "elpv",
        "num_images": 1_000,
        "image_size": 160,
        "pooling": "flatten",
        "head_solver": "solved",
    },
    "from scratch, MobileNetV2": {**_SCRATCH, "backbone": "mobilenet_v2"},
    "from scratch, VGG16": {**_SCRATCH, "backbone": "vgg16"},
    "from scratch, Xception, 96 pixels": {
        **_SCRATCH,
        "backbone": "xception",
        "image_size": 96,
    },
    "from scratch, ResNet50": {**_SCRATCH, "backbone": "resnet50"},
    "from scratch, EfficientNet-B0, batch of 16": {
        **_SCRATCH,
        "backbone": "efficientnet_b0",
        "num_images": 16,
        "batch_size": 16,
    },
    "from scratch, MobileNetV3 Small": {**_SCRATCH, "backbone": "mobilenet_v3_small"},
    "from scratch, DenseNet121": {**_SCRATCH, "backbone": "densenet121"},
    "from scratch, InceptionV3, 128 pixels": {
        **_SCRATCH,
        "backbone": "inception_v3",
        "image_size": 128,
    },
    "from scratch, ConvNeXt-Tiny, batch of 8": {
        **_SCRATCH,
        "backbone": "convnext_tiny",
        "num_images": 8,
        "batch_size": 8,
    },
    "from scratch, ConvNeXt-Tiny, 96 pixels": {
        **_SCRATCH,
        "backbone": "convnext_tiny",
        "image_size": 96,
    },
}


def largest_bytes() -> int:
    """Resident memory of the largest descendant process."""
    largest = 0
    for process in psutil.Process().children(recursive=True):
        try:
            largest = max(largest, process.memory_info().rss)
        except psutil.Error:  # the process has ended
            continue
    return largest


def peak_of(asked: dict[str, Any]) -> int:
    """Train a run in this process; returns the highest resident memory of the process so far."""
    from lib.training import task

    with tempfile.TemporaryDirectory() as folder:
        task.train(runs.make_config(**asked), lambda event: None, folder=Path(folder))
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1_024 * peak


def estimated(asked: dict[str, Any]) -> int:
    """The estimate for the same run, in bytes."""
    config = runs.make_config(**asked)
    return run_memory.estimate(config, datasets.get(config.dataset)).total


def compare(names: list[str]) -> int:
    """Print peak and estimate of some kinds of runs; returns 1 if one is far from the other."""
    print("| run | peak, GB | estimate, GB | ratio |\n|---|---:|---:|---:|")
    far = False
    with tempfile.TemporaryDirectory() as home:
        for name in names:
            # Features that are cached already would not be computed.
            shutil.rmtree(Path(home) / "features", ignore_errors=True)
            done = subprocess.run(
                [sys.executable, "-m", "lib.tools.measure_memory", "--one", name],
                env={**os.environ, "THAW_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "2"},
                stdout=subprocess.PIPE,
                check=True,
            )
            peak, estimate = json.loads(done.stdout.splitlines()[-1]), estimated(KINDS[name])
            ratio = estimate / peak
            far |= not LEAST_RATIO <= ratio <= MOST_RATIO
            print(f"| {name} | {peak / 1e9:.2f} | {estimate / 1e9:.2f} | {ratio:.2f} |", flush=True)
    return int(far)


def many(num_runs: int) -> int:
    """Train runs in a row; returns 1 if the limit was exceeded or a run did not finish."""
    peak = highest = num_finished = 0
    with tempfile.TemporaryDirectory() as folder:
        client = Client(RunStore(Path(folder)))
        try:
            for number in range(1, num_runs + 1):
                config = runs.make_config(
                    head_epochs=2, fine_tune_epochs=2, image_size=96, seed=1000 + number
                )
                run_id = client.submit(config)
                while (progress := client.progress(run_id)) is None or not progress.ended:
                    peak = max(peak, largest_bytes())
                    time.sleep(SECONDS_BETWEEN_LOOKS)
                num_finished += progress.state == "finished"
                if number % 10 == 0 or number == num_runs:
                    print(f"runs to {number}: peak {peak / 1e6:,.0f} MB", flush=True)
                    highest, peak = max(highest, peak), 0
        finally:
            client.close()
    print(f"{num_finished} of {num_runs} finished; peak of all {highest / 1e6:,.0f} MB")
    return int(highest > LIMIT_BYTES or num_finished < num_runs)


def main() -> int:
    """Measure; returns 1 if the memory is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--estimates", nargs="*", metavar="NAME", help="kinds; without one, all")
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(peak_of(KINDS[options.one]))
        return 0
    if options.estimates is not None:
        return compare(options.estimates or list(KINDS))
    return many(options.runs)


if __name__ == "__main__":
    sys.exit(main())
