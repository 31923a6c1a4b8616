"""Writes what the page Zero-shot shows before anything runs: lib/core/data/zero_shot.

python -m lib.tools.export_zero_shot [--check] [--features FILE] [--images FOLDER]

`animals.npz`: the classifier's weights for the animals of the page, and the averages of the last
feature map for one photograph of each, which are read from the file that --features names
(`features`, 1,000 x 1,280, in the order of ImageNet's classes); without it the stored ones are
kept. `drawings.webp`: their OpenMoji drawings. `recorded.json`: the answers of ImageNet's
classifier to every test image of three datasets, added up over the classes of a word, and how many
test images the nearest class mean of a few images gets right. The photographs of cats and dogs are
not part of Thaw: --images names a folder of them, one folder for each class; without it their
stored numbers are kept.

With --check nothing is written: the drawings' names, the weights and the numbers of OpenMoji are
compared, and it exits with 1 if one differs.
"""

import argparse
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lib.core import datasets, splits
from lib.core.strategy import evidence
from lib.core.zero_shot import animals, classifier, few_shot, recorded, words
from lib.tools.record_runs import nothing_cached

CHECKED = "openmoji_animals_food"
QUALITY = 85
# Other machines sum in another order, which may change a few close decisions.
TOLERANCE, MAX_IMAGES_APART = 0.02, 2
DECIMALS = 3

Array = npt.NDArray[Any]


# --- The animals ----------------------------------------------------------------------------------


def of_animals(features_file: Path | None) -> dict[str, Array]:
    """Weights and features of the animals, by array name, float16."""
    from lib.training.network import efficientnet_lite

    network = efficientnet_lite.efficientnet_lite0(224, include_top=True)
    efficientnet_lite.load_imagenet_weights(network)
    kernel, bias = network.get_layer("predictions").get_weights()
    classes = [animal.index for animal in animals.ANIMALS.values()]
    if features_file is None:
        features = classifier.trained().features
    else:
        with np.load(features_file, allow_pickle=False) as given:
            features = given["features"][classes]
    return {
        "features": features.astype(np.float16),
        "kernel": kernel[:, classes].T.astype(np.float16),
        "bias": bias[classes].astype(np.float32),
    }


def drawings() -> bytes:
    """All drawings of the animals in one picture, in the order of the table."""
    from lib.training.images.drawings import draw

    drawn = [animal.drawing for animal in animals.ANIMALS.values() if animal.drawing]
    side, columns = classifier.DRAWING_PIXELS, classifier.DRAWING_COLUMNS
    whole = Image.new("RGB", (columns * side, -(-len(drawn) // columns) * side), "white")
    for place, code_points in enumerate(drawn):
        with Image.open(io.BytesIO(draw(code_points))) as image:
            tile = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        down, across = divmod(place, columns)
        whole.paste(tile, (across * side, down * side))
    buffer = io.BytesIO()
    whole.save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


# --- The datasets ---------------------------------------------------------------------------------


def of_dataset(dataset: str, images: Path | None) -> dict[str, Any]:
    """The recorded numbers of a dataset, as recorded.json has them."""
    from lib.training.answers import zero_shot
    from lib.training.images import decode
    from lib.training.sources import folder, tfds

    described = folder.describe_folder(images) if images else None
    source = (
        folder.source_of(dataset, described.fingerprint, images)
        if described
        else tfds.source(dataset)
    )
    # As the largest runs of the evidence: the same test images, and the pool that they draw from.
    num_images = max(evidence.SIZES[dataset])
    parts = splits.split(source.labels, num_images, 0, source.class_names, source.given)
    found: dict[str, Any] = {
        "fingerprint": described.fingerprint if described else datasets.get(dataset).fingerprint,
        "index": parts.test.tolist(),
        "labels": source.labels[parts.test].tolist(),
        "words": {},
    }
    for size in recorded.IMAGE_SIZES:
        chosen = np.concatenate([parts.train, parts.test])
        features, shares = zero_shot.extract(decode.decode_all(dataset, source, chosen, size))
        pool, test = slice(len(parts.train)), slice(len(parts.train), None)
        if dataset_words := words.WORDS[dataset]:
            odds = words.log_odds(shares.astype(float), dataset_words)
            found["words"][str(size)] = {
                "threshold": round(words.threshold(odds[pool]), DECIMALS),
                "log_odds": np.round(odds[test], DECIMALS).tolist(),
            }
        if size == evidence.IMAGE_SIZE:
            labels = source.labels
            found["few_shot"] = few_shot.counts(
                features[pool], labels[parts.train], features[test], labels[parts.test]
            )
            answers = np.bincount(shares[test].argmax(axis=1), minlength=shares.shape[1])
            common = np.argsort(-answers, kind="stable")[: recorded.NUM_COMMON]
            found["common"] = [[int(index), int(answers[index])] for index in common]
    return found


def of_datasets(images: Path | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every dataset of the evidence with its numbers."""
    kept = json.loads(recorded.FILE.read_text("utf-8")) if recorded.FILE.exists() else {}
    for dataset in evidence.SIZES:
        if dataset != evidence.PHOTOGRAPHS:
            yield dataset, of_dataset(dataset, None)
        elif images:
            yield dataset, of_dataset(dataset, images)
        elif dataset in kept:
            yield dataset, kept[dataset]


# --- Files ----------------------------------------------------------------------------------------


def differences() -> Iterator[str]:
    """What is stored and differs from what would be written, one line each."""
    stored, now = classifier.trained(), of_animals(None)
    for name in ("kernel", "bias"):
        if np.abs(getattr(stored, name) - now[name]).max() > TOLERANCE:
            yield f"{classifier.FILE.name}: {name} is not what the classifier has"
    with Image.open(classifier.DRAWINGS_FILE) as old, Image.open(io.BytesIO(drawings())) as new:
        if old.size != new.size:
            yield f"{classifier.DRAWINGS_FILE.name}: other drawings"
    kept, again = recorded.read()[CHECKED], of_dataset(CHECKED, None)
    if kept.labels.tolist() != again["labels"]:
        yield f"{CHECKED}: other test images"
    for size, said in again["words"].items():
        apart = np.abs(kept.words[int(size)].log_odds - said["log_odds"])
        if apart.max() > 10 * TOLERANCE:
            yield f"{CHECKED}, {size} pixels: log odds differ by {apart.max():.3f}"
    for shots, counts in again["few_shot"].items():
        if np.abs(kept.few_shot[shots] - counts).max() > MAX_IMAGES_APART:
            yield f"{CHECKED}, {shots} images of each class: other answers"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.export_zero_shot")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--features", type=Path, help="features of 1,000 photographs, .npz")
    parser.add_argument("--images", type=Path, help="photographs of cats and dogs")
    asked = parser.parse_args(arguments)
    with nothing_cached():
        if asked.check:
            found = list(differences())
            print("\n".join(found) or "The files are what the network gives.")
            return 1 if found else 0
        classifier.FOLDER.mkdir(parents=True, exist_ok=True)
        arrays = of_animals(asked.features)
        np.savez_compressed(classifier.FILE, allow_pickle=False, **arrays)
        classifier.DRAWINGS_FILE.write_bytes(drawings())
        lines = [
            f'"{name}":{json.dumps(numbers, separators=(",", ":"))}'
            for name, numbers in of_datasets(asked.images)
        ]
        recorded.FILE.write_text("{" + ",\n".join(lines) + "}\n", "utf-8")
    for path in sorted(classifier.FOLDER.iterdir()):
        print(f"{path.name} {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
