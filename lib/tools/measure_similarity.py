"""Measures the reference datasets of the similarity scale.

python -m lib.tools.measure_similarity [--images FOLDER] [--missing | --check]

Writes lib/core/data/similarity.json: random pixels, the offline datasets and, with --images, a
folder of photographs of cats and dogs; without it, their stored values are kept. The images
themselves are not stored. With --check nothing is written: OpenMoji is measured again, and it
prints one line for each difference and exits with 1 if there are any. Prints the seconds of each
measurement.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lib.core.strategy import similarity
from lib.core.strategy.similarity import Scores
from lib.tools.record_runs import nothing_cached

# By the file that holds them.
FIRST = (similarity.NOISE, "openmoji_animals_food", "elpv", similarity.PHOTOGRAPHS)
MORE = ("openmoji_themes", "digits")
OFFLINE = ("openmoji_animals_food", "elpv", *MORE)
CHECKED = "openmoji_animals_food"
# Other machines sum in another order, which may change a few close decisions.
MAX_IMAGES_APART = 3
TOLERANCE = 0.01


def measured(name: str, images: Path | None) -> Scores:
    """Measure a reference dataset, and print the seconds."""
    # Imported before the measurement, so that importing TensorFlow is not counted.
    from lib.training.answers import similarity as measuring
    from lib.training.sources import folder

    fingerprint = folder.describe_folder(images).fingerprint if images else ""
    measure: Callable[[], Scores] = (
        measuring.measure_noise
        if name == similarity.NOISE
        else lambda: measuring.measure_dataset(name, fingerprint, images)
    )
    started, worked = time.perf_counter(), time.process_time()
    scores = measure()
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    measure()
    again = time.perf_counter() - started - seconds
    print(
        f"{name}: {scores.num_images} images in {seconds:.1f} s, {worked:.1f} s of processor; "
        f"again in {again:.2f} s",
        flush=True,
    )
    return scores


def differences(new: Scores, kept: Scores | None) -> Iterator[str]:
    """Differences between a stored measurement and a new one, one line each."""
    if kept is None:
        yield f"{new.dataset} is not stored"
        return
    for name in ("fingerprint", "class_counts"):
        if getattr(new, name) != getattr(kept, name):
            yield f"{new.dataset}: {name} is {getattr(kept, name)}, not {getattr(new, name)}"
    for name in ("confidence", "entropy"):
        if abs(getattr(new, name) - getattr(kept, name)) > TOLERANCE:
            yield f"{new.dataset}: {name} is {getattr(kept, name)}, not {getattr(new, name)}"
    for depth, old in zip(new.depths, kept.depths, strict=True):
        where = f"{new.dataset}, {depth.name} features"
        for name in ("probe_correct", "neighbours_correct"):
            if abs(getattr(depth, name) - getattr(old, name)) > MAX_IMAGES_APART:
                yield f"{where}: {name} is {getattr(old, name)}, not {getattr(depth, name)}"
        if abs(depth.logme - old.logme) > TOLERANCE:
            yield f"{where}: logme is {old.logme}, not {depth.logme}"


def main(arguments: list[str] | None = None) -> int:
    """Write the references, or check one; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_similarity")
    parser.add_argument("--check", action="store_true", help="compare one, write nothing")
    parser.add_argument("--images", type=Path, help="photographs, one folder per class")
    parser.add_argument("--missing", action="store_true", help="measure only what is not stored")
    asked = parser.parse_args(arguments)
    kept = dict(similarity.references()) if similarity.FILE.exists() else {}
    with nothing_cached():
        if asked.check:
            found = list(differences(measured(CHECKED, None), kept.get(CHECKED)))
            print(*found, sep="\n")
            return 1 if found else 0
        new = {
            name: kept[name] if asked.missing and name in kept else measured(name, None)
            for name in (similarity.NOISE, *OFFLINE)
        }
        if asked.images:
            new[similarity.PHOTOGRAPHS] = measured(similarity.PHOTOGRAPHS, asked.images)
        elif similarity.PHOTOGRAPHS in kept:
            new[similarity.PHOTOGRAPHS] = kept[similarity.PHOTOGRAPHS]
    for file, names in ((similarity.FILE, FIRST), (similarity.MORE_FILE, MORE)):
        held = [similarity.to_dict(new[name]) for name in names if name in new]
        file.write_text(f"{json.dumps(held, indent=1)}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
