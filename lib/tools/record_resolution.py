"""Records what image size and number of steps are worth, beside what thawing adds.

python -m lib.tools.record_resolution [--images FOLDER] [--missing]

For each dataset and image size: the accuracy of a solved head, for several random choices of the
training images; that of a head after so many steps of Adam; and the accuracy before and after
everything was thawed for ten epochs. Writes lib/core/data/resolution.json, of which
lib.core.strategy.resolution reads. It holds numbers only.

The photographs of cats and dogs are not part of Thaw: `--images` names a folder with one folder for
each class. Without it, what is recorded on them stays. `--missing` keeps existing numbers.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from lib.core import runs, splits
from lib.core.files import atomic_write
from lib.core.strategy import evidence, resolution
from lib.core.strategy.resolution import SEEDS, SIZES, STEPS, THAWED_EPOCHS, THAWED_SIZES

FloatArray = npt.NDArray[np.float64]

# The same batch and rate as in the tutorials and in the recorded evidence.
BATCH, RATE = 32, 1e-3


def after_steps(
    features: FloatArray, labels: FloatArray, seed: int
) -> list[tuple[FloatArray, float]]:
    """Kernel and bias of a head for two classes after each of STEPS steps of Adam.

    Input shape: (images, channels) and (images,), 0 or 1.
    """
    rng = np.random.default_rng(seed)
    limit = np.sqrt(6 / (features.shape[1] + 1))  # Glorot, as in Keras.
    weights = np.append(rng.uniform(-limit, limit, features.shape[1]), 0.0)
    inputs = np.column_stack([features, np.ones(len(features))])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    order: list[int] = []
    found = []
    for step in range(1, STEPS[-1] + 1):
        if not order:
            order = rng.permutation(len(labels)).tolist()
        batch, order = order[:BATCH], order[BATCH:]
        shares = 1 / (1 + np.exp(-inputs[batch] @ weights))
        slope = inputs[batch].T @ (shares - labels[batch]) / len(batch)
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights = weights - rate * first / (np.sqrt(second) + 1e-7)
        if step in STEPS:
            found.append((weights[:-1], float(weights[-1])))
    return found


def heads_at(features: FloatArray, labels: npt.NDArray[np.int64], num_images: int) -> Any:
    """Accuracies of a solved head for each seed, and means after each of STEPS steps."""
    from lib.training.engine import solved_head

    solved, stepped = [], np.zeros(len(STEPS))
    for seed in SEEDS:
        order = splits.interleaved(labels, np.random.default_rng(seed))
        fit, truth = features[order[:num_images]], labels[order[:num_images]]
        asked, right = features[order[num_images:]], labels[order[num_images:]]
        best, _ = solved_head.Problem(fit, truth, 2).solve(solved_head.choose_l2(fit, truth, 2))
        solved.append(float(((best.logits(asked)[:, 0] > 0) == right).mean()))
        for row, (kernel, bias) in enumerate(after_steps(fit, truth.astype(np.float64), seed)):
            stepped[row] += ((asked @ kernel + bias > 0) == right).mean() / len(SEEDS)
    return {"solved": solved, "steps": stepped.tolist()}


def thawed_at(dataset: str, num_images: int, size: int, images: Path | None) -> tuple[float, float]:
    """Test accuracy of a solved head, and after everything was thawed."""
    from lib.training import task
    from lib.training.sources import folder as image_folder

    given: dict[str, Any] = {}
    if images:
        found = image_folder.describe_folder(images)
        given = {
            "data_fingerprint": found.fingerprint,
            "max_train_images": found.max_train_images,
        }
    accuracies = []
    for strategy in ("feature_extraction", "full_fine_tuning"):
        config = runs.make_config(
            dataset=dataset,
            strategy=strategy,
            num_images=num_images,
            image_size=size,
            head_solver="solved",
            fine_tune_epochs=THAWED_EPOCHS,
            seed=SEEDS[0],
            **given,
        )
        with tempfile.TemporaryDirectory() as folder:
            run = task.train(config, lambda event: None, folder=Path(folder), images=images)
        accuracies.append(float(run.result["test_accuracy"]))
    return accuracies[0], accuracies[1]


def record(dataset: str, images: Path | None, known: dict[str, Any], *, thaw: bool) -> None:
    """Add what is missing to the numbers of a dataset, and write the file after each."""
    from lib.training.answers import judge
    from lib.training.sources import folder as image_folder
    from lib.training.sources import tfds

    if images:
        described = image_folder.describe_folder(images)
        source = image_folder.source_of(described.dataset, described.fingerprint, images)
    else:
        source = tfds.source(dataset)
    num_images = resolution.NUM_IMAGES[dataset]
    every = np.arange(len(source.labels))
    entry = known.setdefault(dataset, {"num_images": num_images, "heads": {}, "thawed": {}})
    entry["num_test"] = len(splits.split(source.labels, num_images, 0).test)
    for size in SIZES:
        if str(size) not in entry["heads"]:
            found = judge.pooled_features(dataset, source, every, evidence.BACKBONE, size)
            with threadpool_limits(1):
                entry["heads"][str(size)] = heads_at(found, source.labels, num_images)
            write(known)
            print(dataset, size, entry["heads"][str(size)], flush=True)
    for size in THAWED_SIZES if thaw else ():
        if str(size) not in entry["thawed"]:
            entry["thawed"][str(size)] = thawed_at(dataset, num_images, size, images)
            write(known)
            print(dataset, size, "thawed", entry["thawed"][str(size)], flush=True)


def write(known: dict[str, Any]) -> None:
    """Write all numbers."""
    atomic_write.write(resolution.FILE, (json.dumps(known, indent=1) + "\n").encode())


def main() -> None:
    """Record the numbers of all datasets whose images are here."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.record_resolution")
    parser.add_argument("--images", type=Path, help="photographs of cats and dogs")
    parser.add_argument("--missing", action="store_true", help="record only what is not there")
    options = parser.parse_args()
    known = json.loads(resolution.FILE.read_text("utf-8")) if resolution.FILE.exists() else {}
    asked = [each for each in resolution.NUM_IMAGES if each != evidence.PHOTOGRAPHS]
    asked += [evidence.PHOTOGRAPHS] if options.images else []
    if not options.missing:
        known = {name: each for name, each in known.items() if name not in asked}
    for thaw in (False, True):
        for dataset in asked:
            own = options.images if dataset == evidence.PHOTOGRAPHS else None
            record(dataset, own, known, thaw=thaw)


if __name__ == "__main__":
    main()
