"""Measures `diagnose` on runs that nobody had seen when its rules were written.

python -m lib.tools.measure_diagnose [--seeds N ...] [--cases ID ...]

Trains cases of the page Broken with seeds that do not ship, broken and mended, and counts: a broken
run in which its fault is named is found; one in which another fault is named, or a mended run in
which any is, is a false alarm. Prints each run, then precision and recall. Nothing is kept.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from lib.core import runs
from lib.core.broken.cases import CASES, SEEDS, Case
from lib.core.reading import diagnose
from lib.core.runs import TrainConfig

HELD_OUT = (11, 12, 13)
# Heads, of a few seconds each, whose fault a rule can name.
CHEAP = (
    "out_of_range",
    "worse_than_validation",
    "below_chance",
    "two_worlds",
    "coarse_steps",
    "fine_on_average",
    "one_answer",
    "too_good",
)
# True of many sound runs as well: few images overfit, and few are held out. They count as a fault
# only where the case is about them.
ORDINARY = frozenset({"overfitting", "too_few_validation_images"})
NAMES_A_FAULT = frozenset(case.finding for case in CASES.values() if case.fault) - {""}


def found(config: TrainConfig, folder: Path) -> frozenset[str]:
    """Train a run if it is not in the folder yet; returns the kinds of its findings.

    Args:
        config: Of the run.
        folder: With one folder for each run, by its id.
    """
    from lib.core.lab.folder import read_run
    from lib.training import task

    mine = folder / runs.run_id(config)
    run = read_run(mine) or task.train(config, lambda event: None, folder=mine)
    return frozenset(finding.kind for finding in diagnose.diagnose(run))


def judge(case: Case, seed: int, folder: Path) -> tuple[int, int, int]:
    """Train a case with a seed; returns how many faults were found, missed and wrongly named."""
    hits, missed, wrong = 0, 0, 0
    mended = replace(case.config, seed=seed)
    for name, config, expected in (
        ("broken", replace(mended, fault=case.fault), {case.finding}),
        ("mended", mended, set()),
    ):
        kinds = found(config, folder)
        alarms = (kinds & NAMES_A_FAULT) - ORDINARY - expected
        hits += len(kinds & expected)
        missed += len(expected - kinds)
        wrong += len(alarms)
        print(
            f"{case.id}, {name}, seed {seed}: {', '.join(sorted(kinds)) or 'nothing'}", flush=True
        )
    return hits, missed, wrong


def main() -> None:
    """Print a line for each run, then precision and recall."""
    parser = argparse.ArgumentParser(prog="python -m lib.tools.measure_diagnose")
    parser.add_argument("--seeds", type=int, nargs="+", default=HELD_OUT)
    parser.add_argument("--cases", nargs="+", default=CHEAP, choices=list(CASES))
    options = parser.parse_args()
    if seen := set(options.seeds) & set(SEEDS):
        parser.error(f"These seeds ship, so the rules were written with them in view: {seen}.")
    with tempfile.TemporaryDirectory() as temporary:
        counts = [
            judge(CASES[case], seed, Path(temporary))
            for seed in options.seeds
            for case in options.cases
        ]
    hits, missed, wrong = (sum(each) for each in zip(*counts, strict=True))
    print(
        f"{hits} of {hits + missed} faults named, {wrong} wrongly: precision "
        f"{hits / max(1, hits + wrong):.3f}, recall {hits / max(1, hits + missed):.3f}"
    )


if __name__ == "__main__":
    main()
