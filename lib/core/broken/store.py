"""The recorded runs of the cases: read from lib/core/data/broken, written by record_runs.

`<case>/broken/` and `<case>/mended/` are run folders like any other, without their models; a case
with nothing wrong has only `mended/`. Each holds besides `evidence.json`, what a reader may ask
for, and `most_wrong.webp`. `<case>/seeds.json` holds the results of all seeds of both.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core.broken.cases import CASES, Case
from lib.core.files.shipped import DATA
from lib.core.lab.folder import read_run
from lib.core.runs import Run

ROOT = DATA / "broken"
EVIDENCE_FILE = "evidence.json"
SEEDS_FILE = "seeds.json"
# The most wrong images, side by side.
SPRITE_FILE = "most_wrong.webp"
TILE_PIXELS = 96
MAX_MOST_WRONG = 6
BROKEN, MENDED = "broken", "mended"


@dataclass(frozen=True)
class Evidence:
    """What a reader may ask for about one run.

    Args:
        train_as_validation: `accuracy` and `loss` of the training images, evaluated after the last
            epoch as validation images are; `seen_accuracy` and `seen_loss`, as they were measured
            during that epoch; `validation_accuracy` and `validation_loss`.
        confusion: `matrix`, one row per true class and one column per predicted class, counts of
            test images; `class_names`.
        most_wrong: At most MAX_MOST_WRONG test images, the most confident errors first: `name`,
            `label` and `predicted` (class names), and `probability` of the predicted class.
        input_histogram: Values that the network receives from training images: `edges`, one more
            than `counts`; `min`, `max`, `mean`; `expected_min` and `expected_max` of an image
            from black to white with the preprocessing of this backbone.
        moved: Phase -> layer -> relative change of its weights, |after - before| / |before|.
        counts: Phase -> `total`, `trainable` and `non_trainable`, as in `model.summary()`.
        overlap: `files`, numbers of images that two splits share, and `pixels`, numbers of images
            of the first split that are identical to one of the second; each with the keys
            "train_validation", "train_test" and "validation_test".
        balance: Split -> number of images of each class, in the order of the class names.
        sprite: Picture of the most wrong images, side by side, TILE_PIXELS each.
    """

    train_as_validation: Mapping[str, float]
    confusion: Mapping[str, Any]
    most_wrong: tuple[Mapping[str, Any], ...]
    input_histogram: Mapping[str, Any]
    moved: Mapping[str, Mapping[str, float]]
    counts: Mapping[str, Mapping[str, int]]
    overlap: Mapping[str, Mapping[str, int]]
    balance: Mapping[str, tuple[int, ...]]
    sprite: Path


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The results of one side of a case, one entry for each seed, in the order of the seeds.

    Args:
        seeds: The seeds.
        results: For each seed `accuracy`, `loss`, `val_accuracy` and `val_loss` of the last epoch,
            `train_accuracy`, that of the training images evaluated as validation images are,
            `num_validation`, `best_val_accuracy`, `head_val_accuracy`, that of the last epoch
            before fine-tuning (the last of all if there is none), and `low_val_accuracy`, the
            lowest after that one.
        right: (seeds, test images), True where the prediction is right.
        labels: (test images,), their classes.
    """

    seeds: tuple[int, ...]
    results: tuple[Mapping[str, float], ...]
    right: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recorded runs of a case.

    Args:
        case: The case.
        shown: The run that the reader sees first: the broken one, if something is wrong.
        mended: The run without the fault; the same as `shown` if nothing is wrong.
        evidence: About `shown`.
        mended_evidence: About `mended`.
        outcomes: Of the shown configuration with all seeds.
        mended_outcomes: Of the mended one.
    """

    case: Case
    shown: Run
    mended: Run
    evidence: Evidence
    mended_evidence: Evidence
    outcomes: Outcomes
    mended_outcomes: Outcomes


@lru_cache(maxsize=32)
def load(case_id: str, root: Path = ROOT) -> Recorded | None:
    """Read the recorded runs of a case; None if it is unknown or not recorded."""
    case = CASES.get(case_id)
    if case is None:
        return None
    folder = root / case.id
    sides = {}
    for side in (MENDED,) if case.is_healthy else (BROKEN, MENDED):
        run = read_run(folder / side, recorded=True)
        # The evidence is written last; without it a case is not recorded to the end.
        if run is None or not (folder / side / EVIDENCE_FILE).exists():
            return None
        sides[side] = run, _evidence(folder / side), _outcomes(folder / SEEDS_FILE, side)
    mended, mended_evidence, mended_outcomes = sides[MENDED]
    shown, evidence, outcomes = sides.get(BROKEN, sides[MENDED])
    return Recorded(case, shown, mended, evidence, mended_evidence, outcomes, mended_outcomes)


def recorded(root: Path = ROOT) -> tuple[str, ...]:
    """Return the ids of the cases that are recorded, in the order of the catalogue."""
    return tuple(case_id for case_id in CASES if load(case_id, root))


def _evidence(folder: Path) -> Evidence:
    values = json.loads((folder / EVIDENCE_FILE).read_text("utf-8"))
    return Evidence(
        train_as_validation=values["train_as_validation"],
        confusion=values["confusion"],
        most_wrong=tuple(values["most_wrong"]),
        input_histogram=values["input_histogram"],
        moved=values["moved"],
        counts=values["counts"],
        overlap=values["overlap"],
        balance={split: tuple(counts) for split, counts in values["balance"].items()},
        sprite=folder / SPRITE_FILE,
    )


def _outcomes(path: Path, side: str) -> Outcomes:
    values = json.loads(path.read_text("utf-8"))
    of_seeds = values[side]
    return Outcomes(
        seeds=tuple(each["seed"] for each in of_seeds),
        results=tuple(each["results"] for each in of_seeds),
        right=np.array([[digit == "1" for digit in each["right"]] for each in of_seeds]),
        labels=np.array(values["labels"], np.int64),
    )
